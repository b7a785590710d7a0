import type { Target, TargetUpdate } from '@holdfast/api'
import type { Command } from 'commander'
import { connect, getTarget } from '../connection.ts'
import { wrongUse } from '../failure.ts'
import { changedPlace, type TargetOptions, toSecrets } from '../target-fields.ts'
import { bytes, secretHelp, withAddressOptions } from './target-options.ts'
import { tryFirst } from './target-test.ts'

type Options = Partial<Omit<TargetOptions, 'kind' | 'quota'>> & {
  readonly quota?: number | 'none'
  readonly newSecret?: boolean
  readonly untested?: boolean
}

/** Adds `target edit`. */
export function registerEdit(target: Command): void {
  const edit = target
    .command('edit')
    .description(
      'Change name, quota, credentials, or how the same place is reached. What is not given stays. Another storage is another target.',
    )
    .argument('<NAME>', 'name or id of the target')
    .option('--name <NAME>', 'what people call it from now on')
    .option('--quota <SIZE>', 'how much may be stored there, e.g. 500GB; none: no limit', (text) => (text === 'none' ? text : bytes(text)))
    .option('--new-secret', 'take a new secret from HOLDFAST_TARGET_SECRET')
    .option('--verify-certificate', 'take a trusted TLS certificate alone')
  withAddressOptions(edit).option('--untested', 'keep it without trying it first').addHelpText('after', secretHelp).action(change)
}

const hasSecrets = ({ secretFile, secretStdin, newSecret, accessKeyId, iamRole, privateKeyFile }: Options): boolean =>
  [secretFile, secretStdin, newSecret, accessKeyId, iamRole, privateKeyFile].some((one) => one !== undefined)

async function changesOf(target: Target, options: Options): Promise<TargetUpdate> {
  const { name, quota, newSecret: _new, untested: _untested, ...address } = options
  const kind = target.kind as TargetOptions['kind']
  const given: TargetOptions = { ...address, kind, name: name ?? target.name }
  const place = changedPlace(target, given)
  const changes: TargetUpdate = {
    ...(name === undefined ? {} : { name }),
    ...(quota === undefined ? {} : { quotaBytes: quota === 'none' ? null : quota }),
    ...(place === null ? {} : { place }),
    ...(hasSecrets(options) ? { credentials: await toSecrets(given) } : {}),
  }
  if (Object.keys(changes).length === 0) throw wrongUse('nothing to change is given')
  return changes
}

async function change(nameOrId: string, options: Options): Promise<void> {
  const client = await connect()
  const target = await getTarget(client, nameOrId)
  const changes = await changesOf(target, options)
  const { place = target.place, credentials } = changes
  if (!options.untested && (changes.place !== undefined || credentials !== undefined)) {
    const kind = target.kind as TargetOptions['kind']
    await tryFirst(
      client,
      { kind, place, ...(credentials === undefined ? { targetId: target.id } : { credentials }) },
      'it was not changed',
    )
  }
  await client.targets.update(target.id, changes, { ifVersion: target.version })
}
