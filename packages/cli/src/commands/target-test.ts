import type { TargetTestResult } from '@holdfast/api'
import type { Client } from '@holdfast/client'
import { CommandFailure, plain } from '../failure.ts'

/** Tries fields before they are kept. Fails where a step fails, with what came of it in `outcome`. */
export async function tryFirst(client: Client, fields: Parameters<Client['targets']['tryOut']>[0], outcome: string): Promise<void> {
  const result = await client.targets.tryOut(fields)
  if (result.ok) return
  process.stderr.write(`${describeTest(result)}\n`)
  if (result.hostKey !== null && fields.place.hostKey === undefined) {
    throw new CommandFailure(
      `compare the host key with the one of the server; if it is the same, repeat with --host-key '${plain(result.hostKey)}'`,
    )
  }
  throw failedAt(result, outcome)
}

export const failedAt = ({ steps }: TargetTestResult, outcome: string): CommandFailure =>
  new CommandFailure(`the test failed at “${steps.find((step) => !step.ok)?.name ?? 'an unknown step'}”; ${outcome}`)

export function describeTest({ steps }: TargetTestResult): string {
  const lines = steps.flatMap((step) => [
    `${step.ok ? '✔' : '✖'} ${step.name} (${step.milliseconds} ms)${step.detail === null ? '' : `: ${plain(step.detail)}`}`,
    ...(step.remedy === null ? [] : [`  ${plain(step.remedy)}`]),
  ])
  return lines.join('\n')
}
