import type { DigestTask } from './digest-task.ts'

/** One part on its way; `stop` fires when another part can't be sent. */
export type PartWork = { readonly number: number; readonly digest: DigestTask; readonly stop: AbortSignal }

/** How the parts of one upload get to where they are kept. */
export interface PartRoute {
  /** Parts that may be in flight now; at least 1. */
  width(): number
  /** Sends a part until it is kept, with its receipt in the progress. @throws what waiting can't mend, and the reason of the run's signal or of `stop`. */
  send(work: PartWork): Promise<void>
  /** Resolves when the server knows of every part that was sent. Nothing is sent after it. */
  settle(): Promise<void>
  /** Ends the route without waiting; what the server can still be told in passing, it is told. */
  leave(): void
}
