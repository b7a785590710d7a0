import type { AuditEntry } from '@holdfast/api'
import type { AuditFilter } from '@holdfast/client'

/** The filters as they stand in the address bar; days are calendar days in the reader's own time zone. */
export type AuditSearch = {
  readonly action?: string | undefined
  readonly actor?: string | undefined
  readonly case?: string | undefined
  readonly file?: string | undefined
  readonly result?: AuditEntry['result'] | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
  /** The entry whose details are open. */
  readonly entry?: string | undefined
}

const startOf = (day: string): Date => new Date(`${day}T00:00:00`)

/** The last millisecond of the day, whatever its length (days with a clock change have 23 or 25 hours). */
function endOf(day: string): Date {
  const date = startOf(day)
  date.setDate(date.getDate() + 1)
  return new Date(date.getTime() - 1)
}

/** What the API is asked for. */
export function toFilter(search: AuditSearch): AuditFilter {
  return {
    ...(search.action ? { action: search.action } : {}),
    ...(search.actor ? { actorId: search.actor } : {}),
    ...(search.case ? { caseId: search.case } : {}),
    ...(search.file ? { fileId: search.file } : {}),
    ...(search.result ? { result: search.result } : {}),
    ...(search.from ? { from: startOf(search.from).toISOString() } : {}),
    ...(search.to ? { to: endOf(search.to).toISOString() } : {}),
  }
}

export const hasFilter = (search: AuditSearch): boolean => Object.keys(toFilter(search)).length > 0
