import type { StoredObject } from '@holdfast/api'
import { ApiProblem } from '../problem.ts'
import { cancelCall, type Dropped, dropUpload } from '../upload/cancel.ts'
import type { UploadState } from '../upload/state.ts'
import { type ObjectContext, untilReady } from './object-context.ts'
import { timed } from './timed.ts'

/** Deletes what a cancelled run has made, whatever has become of it, unless it is READY. Never rejects. */
export const cancelObject = (context: ObjectContext): Promise<UploadState<StoredObject>> =>
  dropUpload<StoredObject>(context, {
    async begun() {
      if (context.objectId === null && context.unanswered !== null) await context.unanswered()
      return context.objectId !== null
    },
    drop: () => drop(context, context.objectId!),
    goOn: (object) => untilReady(context, object, true),
  })

async function drop(context: ObjectContext, id: string): Promise<Dropped<StoredObject>> {
  const { endpoints } = context
  if (endpoints.remove === undefined) throw new ApiProblem(405, { detail: 'The app cannot delete objects' })
  const { remove } = endpoints
  const milliseconds = cancelCall(context).timeoutMs!
  let object: StoredObject | null = null
  try {
    object = await timed(context, milliseconds, (call) => endpoints.get(id, call))
    if (object.status === 'READY') return object
    const { version } = object
    await timed(context, milliseconds, (call) => remove(id, { ...call, ifVersion: version }))
    return 'dropped'
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error
    if (error.status === 404) return 'dropped'
    if (error.code === 'LEGAL_HOLD' && object !== null) return object
    // It changed meanwhile, or is being completed at this moment.
    if (error.status === 412 || error.status === 409) return 'undecided'
    throw error
  }
}
