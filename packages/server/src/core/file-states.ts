import type { FileStatus } from '@holdfast/api'

/** THE table of what a file may become. Every change of status is a guarded update from one of the states that lead to the new one. */
export const fileTransitions: Readonly<Record<FileStatus, readonly FileStatus[]>> = {
  PENDING_UPLOAD: ['SCANNING', 'FAILED', 'DELETED'],
  SCANNING: ['READY', 'REJECTED', 'FAILED', 'DELETED'],
  READY: ['DAMAGED', 'DELETED'],
  /** Back to READY only by a verification that opens every segment and finds the digest of before. */
  DAMAGED: ['READY', 'DELETED'],
  REJECTED: ['DELETED'],
  FAILED: ['DELETED'],
  DELETED: [],
}

export const mayBecome = (from: FileStatus, to: FileStatus): boolean => fileTransitions[from].includes(to)

/** The states from which `to` can be reached in one step: the guard of the update. */
export const statesBefore = (to: FileStatus): readonly FileStatus[] =>
  (Object.keys(fileTransitions) as FileStatus[]).filter((from) => mayBecome(from, to))

/** Files in these states have an object at their target, and its size counts against the quota. */
export const statesWithObject: readonly FileStatus[] = ['SCANNING', 'READY', 'DAMAGED', 'REJECTED']

export const hasObject = (status: FileStatus): boolean => statesWithObject.includes(status)
