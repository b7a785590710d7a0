import { Problem } from '@holdfast/api'
import type { Actor, Caller } from '../core/actor.ts'

/** The command line on this machine: whoever may read the data folder may do everything. */
export const commandLineActor: Actor = { kind: 'cli', id: 'cli', name: 'Command line' }
export const commandLineCaller = (tenantId: string): Caller => ({ actor: commandLineActor, tenantId, role: 'admin', requestId: null })

/** What every audit entry of a successful call says of its caller. */
export const toldBy = (caller: Caller) => ({
  tenantId: caller.tenantId,
  actor: caller.actor,
  requestId: caller.requestId,
  result: 'ok' as const,
})

/** `found`, or NOT_FOUND: of what does not exist and of what is another tenant's alike. */
export function existing<T>(found: T | null, what: string): T {
  if (found === null) throw new Problem('NOT_FOUND', `There is no such ${what}.`)
  return found
}

/** PRECONDITION_FAILED where the caller changes another version than the current one. Null: the caller does not mind. */
export function requireVersion(row: { readonly version: number }, expected: number | null): void {
  if (expected === null || expected === row.version) return
  throw new Problem(
    'PRECONDITION_FAILED',
    `It was changed meanwhile: it is at version ${row.version}, not ${expected}. Reload and try again.`,
    {
      extra: { version: row.version },
    },
  )
}
