import type { Command } from 'commander'
import { dataDirOption, withInstance } from '../data-dir.ts'
import { CommandFailure, plain } from '../failure.ts'
import { registerReconcile } from './storage-reconcile.ts'

type Options = { data: string; all?: boolean; json?: boolean }

/** Adds `storage`. */
export function registerStorage(program: Command): void {
  const storage = program.command('storage').description('Prove that what is stored is sealed, and compare it with its records.')
  storage
    .command('verify')
    .description('Write a probe through each target, read it back, and read the raw object: fails where it holds plaintext.')
    .addOption(dataDirOption())
    .option('--all', 'besides, open every stored file and compare its SHA-256')
    .option('--json', 'the result as one JSON object a line')
    .action(verify)
  registerReconcile(storage)
}

async function verify({ data, all, json }: Options): Promise<void> {
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
  const { check } = await import('./check.ts')
  await check(data, { json: json ?? false, full: true })
}

type Step = { name: string; ok: boolean; milliseconds: number; detail: string | null; remedy: string | null }

function describe(target: string, steps: readonly Step[]): string {
  const line = (step: Step) =>
    `  ${step.ok ? '✔' : '✖'} ${step.name} (${step.milliseconds} ms)${step.ok || step.detail === null ? '' : `: ${plain(step.detail)}`}${step.remedy === null ? '' : `\n    ${plain(step.remedy)}`}`
  return [plain(target), ...steps.map(line)].join('\n')
}
