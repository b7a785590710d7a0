import type { Sync } from '@holdfast/api'
import type { Actor } from '../../../core/actor.ts'
import { toIso, toIsoOrNull } from '../../../core/clock.ts'
import type { SyncRow } from '../../../db/syncs.ts'

/** Names of each kind that a report, and the entry in the log, tell at most. */
const MOST_EXAMPLES = 100

export type SyncExample = { readonly name: string; readonly fileId: string | null; readonly reason: string | null }
export type SyncGroup = { count: number; bytes: number; readonly examples: SyncExample[] }

/**
 * How far a Sync is and what it found. It is kept with every step that is done, so that a Sync goes on after a crash where it was and
 * counts nothing twice. `after` is the key up to which `phase` is done.
 */
export type SyncReport = {
  readonly by: { readonly actor: Actor; readonly requestId: string | null }
  phase: 'listing' | 'comparing' | 'removing'
  after: string
  listed: number
  unchanged: number
  /** Files that the listing lacks; null before they are counted. */
  gone: number | null
  /** Why the removals of this Sync need a person's word; null where they do not. */
  brake: string | null
  readonly added: SyncGroup
  readonly removed: SyncGroup
  readonly changed: SyncGroup
  readonly missing: SyncGroup
  readonly skipped: SyncGroup
}
export type SyncGroupName = 'added' | 'removed' | 'changed' | 'missing' | 'skipped'
export type RunningSync = SyncRow<SyncReport>

const emptyGroup = (): SyncGroup => ({ count: 0, bytes: 0, examples: [] })

export const newReport = (by: SyncReport['by']): SyncReport => ({
  ...{ by, phase: 'listing', after: '', listed: 0, unchanged: 0, gone: null, brake: null },
  ...{ added: emptyGroup(), removed: emptyGroup(), changed: emptyGroup(), missing: emptyGroup(), skipped: emptyGroup() },
})

/** A report of its own for a step that may be undone. */
export const copyReport = (report: SyncReport): SyncReport => structuredClone(report)

export function note(group: SyncGroup, found: { name: string; bytes: number; fileId?: string | null; reason?: string | null }): void {
  group.count += 1
  group.bytes += found.bytes
  if (group.examples.length >= MOST_EXAMPLES) return
  group.examples.push({ name: found.name, fileId: found.fileId ?? null, reason: found.reason ?? null })
}

/** What the log keeps of it. */
export function toDetails(row: RunningSync, report: SyncReport, end: { outcome: string; error: string | null }) {
  const names = (group: SyncGroup): string[] => group.examples.map((example) => example.name)
  const { added, removed, changed, missing, skipped } = report
  return {
    ...{ syncId: row.id, targetId: row.targetId, ...end },
    ...{ added: added.count, removed: removed.count, unchanged: report.unchanged, changed: changed.count },
    ...{ missing: missing.count, skipped: skipped.count, allowRemovals: row.allowRemovals },
    names: {
      ...{ added: names(added), removed: names(removed), changed: names(changed) },
      ...{ missing: names(missing), skipped: names(skipped) },
    },
  }
}

const toGroup = ({ count, bytes, examples }: SyncGroup): SyncGroup => ({ count, bytes, examples: examples.map((one) => ({ ...one })) })

export function toSync({ report, ...row }: RunningSync): Sync {
  return {
    ...{ id: row.id, caseId: row.caseId, itemId: row.itemId, mode: row.mode, status: row.status, listed: report.listed },
    ...{ added: toGroup(report.added), removed: toGroup(report.removed), changed: toGroup(report.changed) },
    ...{ missing: toGroup(report.missing), skipped: toGroup(report.skipped), unchanged: report.unchanged },
    ...{ error: row.error, startedBy: row.startedBy, createdAt: toIso(row.createdAt), finishedAt: toIsoOrNull(row.finishedAt) },
  }
}
