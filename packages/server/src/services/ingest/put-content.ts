import { Problem, type UploadSession } from '@holdfast/api'
import type { Caller } from '../../core/actor.ts'
import { findPlannedPart } from '../../core/upload-plan.ts'
import { toSession } from '../file-view.ts'
import type { IngestDeps } from './deps.ts'
import type { OpenSession, OpenSessions } from './open-sessions.ts'
import { sentToBucket, takePart } from './put-part.ts'
import type { PartBody } from './receive-part.ts'
import { getUpload, uploadClosed } from './session.ts'

/** Parts of one body that may be on their way to be durable while the next one arrives. */
const BEHIND = 2

/** Takes all parts of the plan from one body, which has exactly the bytes of the upload. */
export async function takeAll(deps: IngestDeps, session: OpenSession, body: PartBody): Promise<void> {
  const behind = new Set<Promise<void>>()
  const failures: unknown[] = []
  for (let number = 1; number <= session.plan.partCount && failures.length === 0; number += 1) {
    const part = findPlannedPart(session.plan, number)!
    const taken = Promise.withResolvers<void>()
    const settled: Promise<void> = takePart(deps, session, { part, body: { ...body, sha256: null }, taken: taken.resolve })
      .then(
        () => {},
        (error) => void failures.push(error),
      )
      .finally(() => behind.delete(settled))
    behind.add(settled)
    // A part that fails before all of it is in ends the whole body.
    await Promise.race([taken.promise, settled])
    while (behind.size > BEHIND) await Promise.race(behind)
  }
  await Promise.all(behind)
  if (failures.length > 0) throw failures[0]
}

/**
 * Takes the whole file as one body, part by part of its plan: each part gets its receipt when it is durable, with the next one already
 * flowing. Where the body breaks off, the receipts so far stay and the client goes on with single parts.
 */
export async function putContent(
  deps: IngestDeps & { sessions: OpenSessions },
  caller: Caller,
  request: { uploadId: string; body: PartBody },
): Promise<UploadSession> {
  const session = await deps.sessions.get(caller, request.uploadId)
  const upload = await getUpload(deps.store, caller, request.uploadId)
  if (upload.status !== 'open') throw uploadClosed(upload)
  if (upload.delivery === 'presigned') throw sentToBucket()
  const { length } = request.body
  if (length !== upload.size) {
    throw new Problem('SIZE_MISMATCH', `The upload has ${upload.size} bytes; the request brings ${length}.`, {
      extra: { expectedBytes: upload.size, receivedBytes: length },
    })
  }
  await takeAll(deps, session, request.body)
  return toSession(await getUpload(deps.store, caller, upload.id), await deps.store.read.uploads.parts(upload.id))
}
