/** One attempt at a job. */
export type Attempt = {
  readonly id: string
  readonly tenantId: string | null
  readonly payload: Record<string, unknown>
  /** From 1. */
  readonly attempt: number
}

export type JobContext = {
  /**
   * Fires when the job is cancelled, its lease is lost to another worker, or this one stops. The handler then ends soon, with
   * whatever error; what it has done so far is for the next attempt to find.
   */
  readonly signal: AbortSignal
  /** Tells those who watch how far it is. Cheap to call often: what is written is the latest, about once a second. */
  progress(progress: Record<string, unknown>): Promise<void>
}

/**
 * Does the jobs of one kind. Every attempt may be the second one after a crash at any point, or overlap an attempt
 * whose process hung: `handle` reaches the same end when it is repeated. When it rejects the job is tried again
 * after a pause that grows, until its attempts are used up; after `GiveUp` it is not.
 */
export interface JobHandler {
  readonly kind: string
  handle(job: Attempt, context: JobContext): Promise<void>
}

/** Thrown by a handler for which another attempt makes no sense: the job is dead at once. The message is what administrators read. */
export class GiveUp extends Error {
  override readonly name = 'GiveUp'
}

/** What a worker tells the log of the process; a pino logger is one. */
export interface JobLogger {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}
