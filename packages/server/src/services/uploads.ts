import type {
  PageOf,
  Part,
  PartReceipts,
  PartUrls,
  PartUrlsRequest,
  UploadComplete,
  UploadCreate,
  UploadQuery,
  UploadSession,
} from '@holdfast/api'
import type { Caller } from '../core/actor.ts'
import { initiateDirect } from './direct/initiate.ts'
import { givePartUrls, keepReceipts } from './direct/presigned-parts.ts'
import { toSession } from './file-view.ts'
import { abortUpload } from './ingest/abort.ts'
import { type Completed, completeUpload } from './ingest/complete.ts'
import type { IngestDeps } from './ingest/deps.ts'
import { initiateUpload } from './ingest/initiate.ts'
import { createOpenSessions } from './ingest/open-sessions.ts'
import { putContent } from './ingest/put-content.ts'
import { type PutPart, putPart } from './ingest/put-part.ts'
import type { PartBody } from './ingest/receive-part.ts'
import { getUpload } from './ingest/session.ts'
import { cutPage, fromCursor, rowsFor } from './pages.ts'

/** Uploads to Encrypted and Direct Storage: numbered parts that may come in any order, twice, at any instance (docs/spec/upload.md). */
export interface UploadService {
  initiate(caller: Caller, input: UploadCreate): Promise<UploadSession>
  /** With the parts that are stored: what a client resumes from. */
  get(caller: Caller, uploadId: string): Promise<UploadSession>
  /** Those that are open or completing, newest first. */
  list(caller: Caller, query: UploadQuery): Promise<PageOf<UploadSession>>
  putPart(caller: Caller, request: PutPart): Promise<Part>
  /** Signed requests by which parts of a presigned upload go straight to the bucket. */
  partUrls(caller: Caller, request: { uploadId: string } & PartUrlsRequest): Promise<PartUrls>
  /** Keeps what the bucket answered to them; the last receipt of a number wins. */
  keepReceipts(caller: Caller, request: { uploadId: string } & PartReceipts): Promise<{ items: Part[] }>
  /** All parts at once, as one body. */
  putContent(caller: Caller, request: { uploadId: string; body: PartBody }): Promise<UploadSession>
  complete(caller: Caller, request: { uploadId: string } & UploadComplete): Promise<Completed>
  abort(caller: Caller, uploadId: string): Promise<void>
}

export function uploadService(deps: IngestDeps): UploadService {
  const { store } = deps
  const sessions = createOpenSessions(deps)
  return {
    initiate: (caller, input) => (input.tier === 'direct' ? initiateDirect : initiateUpload)(deps, caller, input),
    async get(caller, uploadId) {
      const upload = await getUpload(store, caller, uploadId)
      return toSession(upload, await store.read.uploads.parts(uploadId))
    },
    async list(caller, query) {
      const filter = { tenantId: caller.tenantId, caseId: query.caseId, actorId: query.mine ? caller.actor.id : undefined }
      const rows = await store.read.uploads.listRunning(filter, { before: fromCursor(query.cursor), limit: rowsFor(query) })
      const page = cutPage(rows, query)
      const items = page.rows.map(async (row) => toSession(row, await store.read.uploads.parts(row.id)))
      return { items: await Promise.all(items), nextCursor: page.nextCursor }
    },
    partUrls: (caller, request) => givePartUrls(deps, caller, request),
    keepReceipts: (caller, request) => keepReceipts(deps, caller, request),
    putPart: (caller, request) => putPart({ ...deps, sessions }, caller, request),
    putContent: (caller, request) => putContent({ ...deps, sessions }, caller, request),
    async complete(caller, request) {
      const completed = await completeUpload(deps, caller, request)
      sessions.drop(request.uploadId)
      return completed
    },
    async abort(caller, uploadId) {
      await abortUpload(deps, caller, uploadId)
      sessions.drop(uploadId)
    },
  }
}
