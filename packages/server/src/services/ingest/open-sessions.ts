import type { Caller } from '../../core/actor.ts'
import { type PartPlan, type PlannedPart, partPlanOf, planOfUpload } from '../../core/upload-plan.ts'
import type { UploadView } from '../../db/uploads.ts'
import type { IngestDeps } from './deps.ts'
import { createPartSealer } from './part-sealer.ts'
import type { PieceMaker } from './pieces.ts'
import { createPlainPieces } from './plain-pieces.ts'
import { getUpload, openCipher, requireOwner, uploadClosed, uploadNotFound } from './session.ts'

/** What the parts of one upload have in common and what never changes while it is open. `upload.status` is of an earlier moment. */
export type OpenSession = {
  readonly upload: UploadView
  readonly plan: PartPlan
  /** What turns the bytes of a part into what is stored: sealing in the secure tier, nothing at all in the direct one. */
  pieces(part: PlannedPart): PieceMaker
}

/** Uploads that bytes are arriving for at this instance, so that each part need not look up and unwrap anew. */
export interface OpenSessions {
  /** NOT_FOUND and FORBIDDEN as for any upload; UPLOAD_CLOSED where it is seen to be over, which the caller checks again. */
  get(caller: Caller, uploadId: string): Promise<OpenSession>
  /** Forgets the upload and its keys. */
  drop(uploadId: string): void
}

export async function openSession(deps: Pick<IngestDeps, 'keys'>, upload: UploadView): Promise<OpenSession> {
  if (upload.tier === 'direct') {
    const plan = partPlanOf(upload)
    return { upload, plan, pieces: (part) => createPlainPieces({ plan, part }) }
  }
  const plan = planOfUpload(upload)
  const cipher = await openCipher(deps.keys, upload, upload.header)
  return { upload, plan, pieces: (part) => createPartSealer({ plan, part, cipher }) }
}

const KEPT = 64
const KEPT_MILLISECONDS = 60_000

export function createOpenSessions(deps: IngestDeps): OpenSessions {
  const kept = new Map<string, OpenSession & { readonly until: number }>()
  const keep = (session: OpenSession): OpenSession => {
    kept.delete(session.upload.id)
    kept.set(session.upload.id, { ...session, until: deps.clock.now() + KEPT_MILLISECONDS })
    for (const [id, { until }] of kept) if (kept.size > KEPT || until < deps.clock.now()) kept.delete(id)
    return session
  }
  return {
    async get(caller, uploadId) {
      const found = kept.get(uploadId)
      if (found && found.upload.tenantId !== caller.tenantId) throw uploadNotFound()
      const upload = found?.upload ?? (await getUpload(deps.store, caller, uploadId))
      requireOwner(caller, upload)
      if (found && found.until >= deps.clock.now()) return found
      if (upload.status !== 'open') throw uploadClosed(upload)
      return keep(await openSession(deps, upload))
    },
    drop: (uploadId) => void kept.delete(uploadId),
  }
}
