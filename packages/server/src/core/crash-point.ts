/**
 * Named points at which the crash suite kills the process (SIGKILL, no clean-up), to prove that nothing acknowledged is lost.
 * Every durable step has one before and one after it. A test asserts that each name here is reached.
 */
export const crashPointNames = [
  'upload.initiate.before-commit',
  'upload.initiate.after-commit',
  'upload.urls.after-commit',
  'upload.receipts.after-commit',
  'upload.part.before-write',
  'upload.part.after-write',
  'upload.part.after-flush',
  'upload.part.after-receipt',
  'upload.complete.before-commit-write',
  'upload.complete.after-commit-write',
  'upload.complete.after-commit',
  'upload.abort.after-commit',
  'object.initiate.after-commit',
  'object.complete.after-begin',
  'object.complete.after-commit-write',
  'object.complete.after-commit',
  'object.fail.after-commit',
  'object.scan.before-commit',
  'object.scan.after-commit',
  'evidence.promote.before-copy',
  'evidence.promote.after-copy',
  'evidence.promote.after-proof',
  'evidence.quarantine.before-delete',
  'evidence.quarantine.after-delete',
  'evidence.quarantine.after-commit',
  'verify.before-commit',
  'verify.after-commit',
  'hash.before-commit',
  'hash.after-commit',
  'sync.before-commit',
  'sync.after-commit',
  'sync.before-end',
  'sync.after-end',
  'reconcile.before-commit',
  'reconcile.after-commit',
  'reconcile.after-delete',
  'reconcile.before-end',
  'reconcile.after-end',
  'purge.before-delete',
  'purge.after-delete',
  'purge.after-commit',
  'job.after-claim',
  'job.before-finish',
  'audit.before-sequence-commit',
  'audit.after-sequence-commit',
  'migration.before-commit',
  'migration.after-commit',
  'move.after-begin',
  'move.after-note',
  'move.after-noting-commit',
  'move.after-commit-write',
  'move.after-switch',
  'move.after-purge',
  'webhook.after-send',
  'webhook.after-note',
  'expiry.before-commit',
  'expiry.after-commit',
] as const
export type CrashPointName = (typeof crashPointNames)[number]

/** Passed to whatever has a durable step. In production `reach` does nothing. */
export interface CrashPoints {
  reach(point: CrashPointName): void
}

export const noCrashPoints: CrashPoints = { reach: () => {} }

/** Kills this process at once when `point` is reached for the `nth` time. */
export function crashAt(point: CrashPointName, nth = 1): CrashPoints {
  let left = nth
  return {
    reach(reached) {
      if (reached !== point) return
      left -= 1
      if (left === 0) process.kill(process.pid, 'SIGKILL')
    },
  }
}
