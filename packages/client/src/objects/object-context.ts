import type { StoredObject } from '@holdfast/api'
import { untilJudged } from '../upload/finish.ts'
import type { RunCore } from '../upload/lifetime.ts'
import type { UploadState } from '../upload/state.ts'
import type { ObjectEndpoints } from './endpoints.ts'
import { timed } from './timed.ts'

/** What the steps of one run share. */
export type ObjectContext = RunCore<StoredObject> & {
  readonly endpoints: ObjectEndpoints
  /** The object that a cancel has to delete. */
  objectId: string | null
  /** Asks once more for an upload that was asked for without an answer. */
  unanswered: (() => Promise<unknown>) | null
}

/** To the end from an object that the server has. */
export const untilReady = (context: ObjectContext, object: StoredObject, tooLateToCancel: boolean): Promise<UploadState<StoredObject>> =>
  untilJudged(context, object, {
    ask: () => timed(context, context.tuning.callMs, (call) => context.endpoints.get(object.id, call)),
    tooLateToCancel,
  })
