import type { Command } from 'commander'
import { dataDirOption, withInstance } from '../data-dir.ts'
import { CommandFailure, plain } from '../failure.ts'

type Options = { data: string; json?: boolean; quick?: boolean }

/** Adds `check`: every invariant of the store. */
export function registerCheck(program: Command): void {
  program
    .command('check')
    .description(
      'Prove every invariant: each file opens and matches, no object without a row, sums, jobs and the audit log. Changes nothing; may run beside a server.',
    )
    .addOption(dataDirOption())
    .option('--quick', 'look up the size of each object instead of opening and hashing it')
    .option('--json', 'the report as one JSON object')
    .action(({ data, json, quick }: Options) => check(data, { json: json ?? false, full: !quick }))
}

/** Prints the report; fails unless everything holds. */
export async function check(data: string, { json, full }: { json: boolean; full: boolean }): Promise<void> {
  const { checkInstance } = await import('@holdfast/server/check')
  const { describeCheck } = await import('@holdfast/server')
  const signal = interruptSignal()
  const report = await withInstance(data, (instance) => checkInstance(instance, { full, signal, progress: showProgress }))
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : `${describeCheck(report).map(plain).join('\n')}\n`)
  if (!report.ok) throw new CommandFailure(`the check found ${report.findings.length} ${report.findings.length === 1 ? 'fault' : 'faults'}`)
}

function interruptSignal(): AbortSignal {
  const controller = new AbortController()
  const stop = () => controller.abort(new CommandFailure('interrupted', 130))
  process.once('SIGINT', stop).once('SIGTERM', stop)
  return controller.signal
}

function showProgress({ files }: { files: number }): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${files} files`)
}
