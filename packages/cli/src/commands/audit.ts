import { type Command, Option } from 'commander'
import { dataDirOption, tenantOption, withInstance } from '../data-dir.ts'
import { CommandFailure } from '../failure.ts'

type VerifyOptions = { data: string; checkpoint?: string[]; key?: string[]; json?: boolean }
type ExportOptions = { data: string; format: 'csv' | 'jsonl'; output: string; tenant?: string }

const several = (value: string, before: string[] = []): string[] => [...before, value]

/** Adds `audit verify` and `audit export`. */
export function registerAudit(program: Command): void {
  const audit = program.command('audit').description('Check and export the audit log.')
  audit
    .command('verify')
    .description('Recompute the whole log and compare it with its signed checkpoints; names the first bad entry.')
    .addOption(dataDirOption())
    .option('--checkpoint <FILE>', 'a checkpoint that was kept elsewhere; may be given several times', several)
    .option('--key <VKEY>', 'a key besides the log’s own that may have signed them; may be given several times', several)
    .option('--json', 'the result as one JSON object')
    .action(verify)
  audit
    .command('export')
    .description('Write all entries, the oldest first. JSON lines can be verified offline.')
    .addOption(dataDirOption())
    .addOption(new Option('--format <FORMAT>', 'csv or jsonl').choices(['csv', 'jsonl']).default('jsonl'))
    .option('-o, --output <FILE>', 'where they go; - is standard output', '-')
    .addOption(tenantOption())
    .action(exportEntries)
}

async function verify({ data, checkpoint = [], key = [], json }: VerifyOptions): Promise<void> {
  const { readFile } = await import('node:fs/promises')
  const { verifyLog } = await import('@holdfast/server/operator')
  const checkpoints = await Promise.all(
    checkpoint.map(async (path) => ({ note: await readFile(path, 'utf8'), words: `the checkpoint in ${path}` })),
  )
  const seen = await withInstance(data, (instance) => verifyLog(instance, { checkpoints, verifierKeys: key }))
  if (json) process.stdout.write(`${JSON.stringify(seen)}\n`)
  else if (seen.ok) {
    const pending = seen.pending === 0 ? '' : `; ${seen.pending} more wait for the next checkpoint`
    process.stdout.write(`The log is whole: ${seen.entries} entries under ${seen.checkpoints} checkpoints${pending}.\n`)
  }
  if (seen.ok) return
  const { firstBad } = seen
  const which =
    firstBad === null ? '' : `entry ${firstBad.index}${firstBad.entryId === null ? '' : ` (${firstBad.entryId})`}: ${firstBad.reason}`
  throw new CommandFailure(`the audit log does not verify: ${which}`)
}

async function exportEntries({ data, format, output, tenant }: ExportOptions): Promise<void> {
  const { exportLog } = await import('@holdfast/server/operator')
  const { openOutput } = await import('../output.ts')
  const file = await openOutput(output)
  try {
    await withInstance(data, async (instance) => {
      const { lines } = await exportLog(instance, { format, tenantId: tenant ?? null })
      for await (const line of lines) await file.write(Buffer.from(line))
    })
    await file.commit()
  } finally {
    await file.discard()
  }
}
