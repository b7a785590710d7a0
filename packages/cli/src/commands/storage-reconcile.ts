import type { Reconciliation, ReconciliationFinding, ReconciliationKind } from '@holdfast/api'
import type { Client } from '@holdfast/client'
import type { Command } from 'commander'
import { connect, getTarget } from '../connection.ts'
import { CommandFailure, plain, wrongUse } from '../failure.ts'
import { bytesWords, jsonLine } from '../print.ts'
import { watch } from '../watch.ts'

type Options = { apply?: string; includeUnrecorded?: boolean; json?: boolean }

/** Adds `storage reconcile`. */
export function registerReconcile(storage: Command): void {
  storage
    .command('reconcile')
    .description(
      'Compare what apps have stored at a target with the records of it, both ways, and report what differs. Deletes nothing without --apply.',
    )
    .argument('<TARGET>', 'name or id of the target')
    .option('--apply <REPORT>', 'remove what the report of this id found to be surely ours and of no file')
    .option(
      '--include-unrecorded',
      'with --apply: also objects that no record names. After a database was restored these may be files stored since',
    )
    .option('--json', 'the report as one JSON object, and each finding as one')
    .action(reconcile)
}

async function reconcile(nameOrId: string, options: Options): Promise<void> {
  if (options.includeUnrecorded && options.apply === undefined) throw wrongUse('--include-unrecorded goes with --apply')
  const client = await connect()
  const target = await getTarget(client, nameOrId)
  const started = options.apply === undefined ? await client.reconciliations.start(target.id) : await apply(client, options, target.id)
  const ended = await watch(started, {
    isRunning: ({ status }) => status === 'reporting' || status === 'applying',
    words: ({ objects, files, removed }) => `${objects} objects and ${files} files looked at, ${removed.count} objects removed`,
    again: ({ id }) => client.reconciliations.get(id),
    cancel: ({ id }) => client.reconciliations.cancel(id),
  })
  await print(client, ended, options.json ?? false)
  if (ended.status !== 'reported' && ended.status !== 'applied') {
    throw new CommandFailure(ended.error ?? `the reconciliation was ${ended.status}`)
  }
}

async function apply(client: Client, { apply: id = '', includeUnrecorded }: Options, targetId: string): Promise<Reconciliation> {
  const report = await client.reconciliations.get(id)
  if (report.target.id !== targetId) throw new CommandFailure(`The report ${id} is of the target ${plain(report.target.name)}`)
  return client.reconciliations.apply(id, includeUnrecorded ? { includeUnrecorded } : {})
}

const words: Readonly<Record<ReconciliationKind, string>> = {
  leftover: 'objects left over of files that are deleted or lie elsewhere: --apply removes them',
  unrecorded: 'objects that no record names: --apply with --include-unrecorded removes them',
  unclear: 'objects that no file has and that are left alone',
  missing: 'files whose object is missing',
  returned: 'files whose object is back',
  size: 'files whose object has another size',
}
const kinds = Object.keys(words) as ReconciliationKind[]
const MOST_LINES = 100

async function print(client: Client, report: Reconciliation, json: boolean): Promise<void> {
  const out = (text: string): boolean => process.stdout.write(text)
  if (json) out(jsonLine(report))
  else out(`${report.objects} objects and ${report.files} files compared at ${plain(report.target.name)}; report ${report.id}\n`)
  for (const kind of kinds) {
    const { count, bytes } = report[kind]
    if (count === 0) continue
    if (!json) out(`${count} ${words[kind]} (${bytesWords(bytes)})\n`)
    await printFindings(client, { report, kind, json })
  }
  if (report.includeUnrecorded === null || json) return
  out(`${report.removed.count} objects removed (${bytesWords(report.removed.bytes)}), ${report.kept.count} kept\n`)
}

async function printFindings(client: Client, of: { report: Reconciliation; kind: ReconciliationKind; json: boolean }): Promise<void> {
  const { report, kind, json } = of
  let printed = 0
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page = await client.reconciliations.findings(report.id, { kind, limit: 200, ...(cursor ? { cursor } : {}) })
    for (const one of page.items) {
      if (!json && printed === MOST_LINES) {
        process.stdout.write(`  … and ${report[kind].count - printed} more; --json lists all\n`)
        return
      }
      process.stdout.write(json ? jsonLine(one) : `  ${findingWords(one)}\n`)
      printed += 1
    }
    cursor = page.nextCursor
  }
}

const findingWords = (one: ReconciliationFinding): string => {
  const end = one.outcome === null ? one.reason : one.outcome === 'removed' ? 'removed' : `kept: ${one.outcomeReason ?? one.reason}`
  return `${plain(one.key)}${one.fileName === null ? '' : ` (${plain(one.fileName)})`}: ${plain(end)}`
}
