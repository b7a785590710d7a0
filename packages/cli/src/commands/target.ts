import type { RemoteTargetKind, Target } from '@holdfast/api'
import { type Command, Option } from 'commander'
import { connect, getTarget } from '../connection.ts'
import { bytesWords, jsonLine, printTable } from '../print.ts'
import { type TargetOptions, toPlace, toSecrets } from '../target-fields.ts'
import { registerEdit } from './target-edit.ts'
import { bytes, secretHelp, withAddressOptions } from './target-options.ts'
import { describeTest, failedAt, tryFirst } from './target-test.ts'

/** Adds `target`. */
export function registerTarget(program: Command): void {
  const target = program.command('target').description('Make, change, list, test and delete storage targets.')
  registerAdd(target)
  registerEdit(target)
  target
    .command('list')
    .description('List storage targets with their usage.')
    .option('--removed', 'those that were deleted and still have files')
    .option('--json', 'one JSON object a line')
    .action(list)
  target
    .command('test')
    .description('Test connection: write, read back, compare, delete. Fails where a step fails, and says what to do about it.')
    .argument('<NAME>', 'name or id of the target')
    .option('--json', 'the result as one JSON object')
    .action(test)
  target
    .command('delete')
    .description('Delete a storage target. Files that are stored there cannot be read until it is made again at the same place.')
    .argument('<NAME>', 'name or id of the target')
    .option('--confirm <NAME>', 'its name; needed while files are stored there')
    .action(remove)
}

function registerAdd(target: Command): void {
  const add = target
    .command('add')
    .description('Try a storage target and make it; prints its id. A deleted one at the same place is taken back with its files.')
  add
    .addOption(new Option('--kind <KIND>').choices(['s3', 'smb', 'sftp'] satisfies RemoteTargetKind[]).makeOptionMandatory())
    .requiredOption('--name <NAME>', 'what people call it')
    .option('--quota <SIZE>', 'how much may be stored there, e.g. 500GB', bytes)
  withAddressOptions(add).option('--untested', 'make it without trying it first').addHelpText('after', secretHelp).action(create)
}

async function create({ untested, verifyCertificate, ...given }: TargetOptions & { untested?: boolean }): Promise<void> {
  const options: TargetOptions = { ...given, ...(verifyCertificate === false ? { verifyCertificate } : {}) }
  const { kind, name, quota } = options
  const place = toPlace(options)
  const credentials = await toSecrets(options)
  const client = await connect()
  if (!untested) await tryFirst(client, { kind, place, credentials }, 'it was not made')
  const made = await client.targets.create({ name, kind, place, credentials, ...(quota === undefined ? {} : { quotaBytes: quota }) })
  process.stdout.write(`${made.id}\n`)
  if (made.fileCount > 0) process.stderr.write(`holdfast: taken back with ${made.fileCount} files\n`)
  if (!untested) await client.targets.test(made.id)
}

async function list({ removed, json }: { removed?: boolean; json?: boolean }): Promise<void> {
  const client = await connect()
  const targets = client.targets.every(removed ? { removed } : {})
  if (json) for await (const one of targets) process.stdout.write(jsonLine(one))
  else await printTable(targets, (one) => [one.id, one.kind, usage(one), one.roles.join(',') || '-', lastTest(one), one.name])
}

const usage = (one: Target): string => `${bytesWords(one.usedBytes)}${one.quotaBytes === null ? '' : ` of ${bytesWords(one.quotaBytes)}`}`
const lastTest = (one: Target): string =>
  one.lastTestOk === null ? 'not tested' : `${one.lastTestOk ? 'passed' : 'failed'} ${one.lastTestAt}`

async function test(nameOrId: string, { json }: { json?: boolean }): Promise<void> {
  const client = await connect()
  const target = await getTarget(client, nameOrId)
  const result = await client.targets.test(target.id)
  process.stdout.write(json ? jsonLine(result) : `${describeTest(result)}\n`)
  if (!result.ok) throw failedAt(result, 'what to do is said above')
}

async function remove(nameOrId: string, { confirm }: { confirm?: string }): Promise<void> {
  const client = await connect()
  const target = await getTarget(client, nameOrId)
  await client.targets.remove(target.id, confirm === undefined ? {} : { confirm })
}
