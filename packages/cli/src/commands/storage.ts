import { type Command, InvalidArgumentError } from 'commander'
import { dataDirOption, withInstance } from '../data-dir.ts'
import { CommandFailure, plain } from '../failure.ts'
import { registerReconcile } from './storage-reconcile.ts'
import type { VerifyAllOptions } from './storage-verify-all.ts'

type Options = VerifyAllOptions & { readonly all?: boolean }

const DEFAULT_RATE = 64

/** Adds `storage`. */
export function registerStorage(program: Command): void {
  const storage = program.command('storage').description('Prove that what is stored is sealed, and compare it with its records.')
  storage
    .command('verify')
    .description('Write a probe through each target, read it back, and read the raw object: fails where it holds plaintext.')
    .addOption(dataDirOption())
    .option('--all', 'besides, read every stored file whole and compare its tags and SHA-256; goes on where an earlier run was interrupted')
    .option('--rate <MIB>', 'with --all: read this many MiB a second at most; 0: as fast as it goes', wholeRate, DEFAULT_RATE)
    .option('--report <FILE>', 'with --all: where the report goes, as JSON lines (default: storage-verify.jsonl in the data folder)')
    .option('--restart', 'with --all: begin anew, also where a report was not ended')
    .option('--json', 'the result as one JSON object a line')
    .action(verify)
  registerReconcile(storage)
}

function wholeRate(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('It must be a whole number of MiB a second.')
  return Number(text)
}

async function verify(options: Options): Promise<void> {
  const { data, all, json } = options
  const { probeStorage } = await import('@holdfast/server/operator')
  const failed = await withInstance(data, async (instance) => {
    const names: string[] = []
    for await (const { target, test } of probeStorage(instance)) {
      if (!test.ok) names.push(target.name)
      process.stdout.write(json ? `${JSON.stringify({ target, test })}\n` : `${describe(target.name, test.steps)}\n`)
    }
    return names
  })
  if (failed.length > 0) throw new CommandFailure(`storage does not verify: ${failed.join(', ')}`)
  if (!all) return
  const { verifyAll } = await import('./storage-verify-all.ts')
  await verifyAll(options)
}

type Step = { name: string; ok: boolean; milliseconds: number; detail: string | null; remedy: string | null }

function describe(target: string, steps: readonly Step[]): string {
  const line = (step: Step) =>
    `  ${step.ok ? '✔' : '✖'} ${step.name} (${step.milliseconds} ms)${step.ok || step.detail === null ? '' : `: ${plain(step.detail)}`}${step.remedy === null ? '' : `\n    ${plain(step.remedy)}`}`
  return [plain(target), ...steps.map(line)].join('\n')
}
