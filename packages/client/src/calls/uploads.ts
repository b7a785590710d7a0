import type { PageOf, File as StoredFile, UploadComplete, UploadCreate, UploadQuery, UploadSession } from '@holdfast/api'
import type { CallOptions, Http } from '../http.ts'
import { everyItem } from '../pages.ts'

const uploadPath = (uploadId: string) => `/upload-sessions/${encodeURIComponent(uploadId)}`

export const uploadCalls = (http: Http) => {
  const list = (query: UploadQuery = {}, options?: CallOptions): Promise<PageOf<UploadSession>> =>
    http.json({ method: 'GET', path: '/upload-sessions', query }, options)
  return {
    list,
    every: (query: Omit<UploadQuery, 'cursor'> = {}, options?: CallOptions) =>
      everyItem<UploadSession>((cursor) => list({ ...query, ...(cursor ? { cursor } : {}) }, options)),
    create: (request: UploadCreate, options?: CallOptions): Promise<UploadSession> =>
      http.json({ method: 'POST', path: '/upload-sessions', body: request, creates: true }, options),
    get: (uploadId: string, options?: CallOptions): Promise<UploadSession> =>
      http.json({ method: 'GET', path: uploadPath(uploadId) }, options),
    /** Where part `number` (from 1) is put; bodies are sent by an upload source. */
    partUrl: (uploadId: string, number: number): string => http.url(`${uploadPath(uploadId)}/parts/${number}`),
    /** Ends the transfer; may be repeated, the answer stays the same. PENDING_UPLOAD (202): the storage is still at it, ask again. */
    complete: (uploadId: string, request: UploadComplete, options?: CallOptions): Promise<StoredFile> =>
      http.json({ method: 'POST', path: `${uploadPath(uploadId)}/complete`, body: request, repeatable: true }, options),
    /** Has the server drop the upload, also where the page is closed meanwhile. */
    abort: (uploadId: string, options?: CallOptions): Promise<void> =>
      http.json({ method: 'DELETE', path: uploadPath(uploadId), outlivesPage: true }, options),
  }
}

export type UploadCalls = ReturnType<typeof uploadCalls>
