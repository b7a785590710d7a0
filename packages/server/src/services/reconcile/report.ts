import type { Reconciliation, ReconciliationFinding, ReconciliationKind } from '@holdfast/api'
import type { Actor } from '../../core/actor.ts'
import { toIso, toIsoOrNull } from '../../core/clock.ts'
import { newId } from '../../core/ids.ts'
import type { Finding, ReconciliationRow } from '../../db/reconciliations.ts'

export type Group = { count: number; bytes: number }
export type ToldBy = { readonly actor: Actor; readonly requestId: string | null }

/**
 * How far a reconciliation is and what it found. It is kept with every step that is done, so that one goes on after a crash where it was
 * and counts nothing twice. `after` is the file, or the finding, up to which `phase` is done.
 */
export type ReconcileReport = Record<ReconciliationKind | 'removed' | 'kept', Group> & {
  /** Who asked for what runs now: the report, or the removal. */
  by: ToldBy
  phase: 'listing' | 'files' | 'removing'
  after: string
  objects: number
  files: number
  includeUnrecorded: boolean | null
}
export type RunningReconciliation = ReconciliationRow<ReconcileReport>

const none = (): Group => ({ count: 0, bytes: 0 })

export const newReport = (by: ToldBy): ReconcileReport => ({
  ...{ by, phase: 'listing', after: '', objects: 0, files: 0, includeUnrecorded: null },
  ...{ leftover: none(), unrecorded: none(), unclear: none(), missing: none(), returned: none(), size: none() },
  ...{ removed: none(), kept: none() },
})

export function count(group: Group, bytes: number): void {
  group.count += 1
  group.bytes += bytes
}

/** A finding that nothing was done about yet. */
export const newFinding = (found: Omit<Finding, 'id' | 'outcome' | 'outcomeReason'>): Finding => ({
  id: newId(),
  ...found,
  outcome: null,
  outcomeReason: null,
})

/** What the log keeps of a report, and of a removal. */
export function toDetails(row: RunningReconciliation, outcome: string) {
  const { report } = row
  const place = { reconciliationId: row.id, outcome, targetId: row.targetId }
  return {
    reported: {
      ...{ ...place, objects: report.objects, files: report.files, leftover: report.leftover.count },
      ...{ unrecorded: report.unrecorded.count, unclear: report.unclear.count, missing: report.missing.count },
      ...{ returned: report.returned.count, size: report.size.count },
    },
    cleaned: { ...place, includeUnrecorded: report.includeUnrecorded, removed: report.removed.count, kept: report.kept.count },
  }
}

export function toReconciliation({ report, ...row }: RunningReconciliation, targetName: string): Reconciliation {
  const { objects, files, leftover, unrecorded, unclear, missing, returned, size, includeUnrecorded, removed, kept } = report
  return {
    ...{ id: row.id, target: { id: row.targetId, name: targetName }, status: row.status, objects, files },
    ...{ leftover, unrecorded, unclear, missing, returned, size, includeUnrecorded, removed, kept },
    ...{ error: row.error, startedBy: row.startedBy, createdAt: toIso(row.createdAt) },
    ...{ reportedAt: toIsoOrNull(row.reportedAt), finishedAt: toIsoOrNull(row.finishedAt) },
  }
}

export const toFindingAnswer = (row: Finding): ReconciliationFinding => ({
  ...{ id: row.id, kind: row.kind, key: row.key, fileId: row.fileId, fileName: row.fileName, bytes: row.size, reason: row.reason },
  ...{ outcome: row.outcome, outcomeReason: row.outcomeReason },
})
