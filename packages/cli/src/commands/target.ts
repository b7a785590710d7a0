import type { RemoteTargetKind, Target, TargetTestResult } from '@holdfast/api'
import type { Client } from '@holdfast/client'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { connect, getTarget } from '../connection.ts'
import { CommandFailure, plain } from '../failure.ts'
import { bytesWords, jsonLine, printTable } from '../print.ts'
import { parseBytes, type TargetOptions, toPlace, toSecrets } from '../target-fields.ts'

const secretHelp = `
The password, the secret access key or the passphrase of the private key comes from HOLDFAST_TARGET_SECRET, --secret-file or --secret-stdin.

  s3     --bucket --region [--endpoint --prefix --kms-key-id --no-verify-certificate] (--access-key-id | --iam-role)
  smb    --host --share --user [--port --folder --domain]
  sftp   --host --user [--port --directory --host-key --private-key-file]`

/** Adds `target`. */
export function registerTarget(program: Command): void {
  const target = program.command('target').description('Make, list, test and delete storage targets.')
  registerAdd(target)
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
    .option('--endpoint <URL>', 'S3 server; AWS where not given')
    .option('--region <REGION>')
    .option('--bucket <BUCKET>', 'it exists already')
    .option('--prefix <PREFIX>', 'objects lie below it')
    .option('--kms-key-id <ID>', 'encrypt objects under this KMS key')
    .option('--access-key-id <ID>')
    .option('--iam-role', 'sign in with the IAM role of the server')
    .option('--no-verify-certificate', 'take any TLS certificate')
    .option('--host <HOST>')
    .option('--port <PORT>', 'where not the usual one', port)
    .option('--share <SHARE>')
    .option('--folder <PATH>', 'below the share')
    .option('--domain <DOMAIN>', 'WORKGROUP for standalone servers')
    .option('--user <USER>')
    .option('--directory <PATH>', 'absolute, or below the home of the user')
    .option('--host-key <KEY>', 'algorithm and fingerprint of the server, as "target add" shows them without it')
    .option('--private-key-file <FILE>', 'OpenSSH private key, in place of a password')
    .option('--secret-file <FILE>', 'read the secret from this file')
    .option('--secret-stdin', 'read the secret from standard input')
    .option('--untested', 'make it without trying it first')
    .addHelpText('after', secretHelp)
    .action(create)
}

function bytes(text: string): number {
  const found = parseBytes(text)
  if (found === null) throw new InvalidArgumentError('It must be a size such as 500GB or 2TiB.')
  return found
}

function port(text: string): number {
  const found = Number(text)
  if (!Number.isInteger(found) || found < 1 || found > 65_535) throw new InvalidArgumentError('It must be a number from 1 to 65535.')
  return found
}

async function create({ untested, verifyCertificate, ...given }: TargetOptions & { untested?: boolean }): Promise<void> {
  const options: TargetOptions = { ...given, ...(verifyCertificate === false ? { verifyCertificate } : {}) }
  const { kind, name, quota } = options
  const place = toPlace(options)
  const credentials = await toSecrets(options)
  const client = await connect()
  if (!untested) await tryFirst(client, { kind, place, credentials })
  const made = await client.targets.create({ name, kind, place, credentials, ...(quota === undefined ? {} : { quotaBytes: quota }) })
  process.stdout.write(`${made.id}\n`)
  if (made.fileCount > 0) process.stderr.write(`holdfast: taken back with ${made.fileCount} files\n`)
  if (!untested) await client.targets.test(made.id)
}

async function tryFirst(client: Client, fields: Parameters<Client['targets']['tryOut']>[0]): Promise<void> {
  const result = await client.targets.tryOut(fields)
  if (result.ok) return
  process.stderr.write(`${describeTest(result)}\n`)
  if (result.hostKey !== null && fields.place.hostKey === undefined) {
    throw new CommandFailure(
      `compare the host key with the one of the server; if it is the same, repeat with --host-key '${plain(result.hostKey)}'`,
    )
  }
  throw failedAt(result, 'it was not made')
}

const failedAt = ({ steps }: TargetTestResult, outcome: string): CommandFailure =>
  new CommandFailure(`the test failed at “${steps.find((step) => !step.ok)?.name ?? 'an unknown step'}”; ${outcome}`)

function describeTest({ steps }: TargetTestResult): string {
  const lines = steps.flatMap((step) => [
    `${step.ok ? '✔' : '✖'} ${step.name} (${step.milliseconds} ms)${step.detail === null ? '' : `: ${plain(step.detail)}`}`,
    ...(step.remedy === null ? [] : [`  ${plain(step.remedy)}`]),
  ])
  return lines.join('\n')
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
