import type { FileQuery, PageOf, File as StoredFile } from '@holdfast/api'
import type { CallOptions, Http } from '../http.ts'
import { everyItem } from '../pages.ts'

const filePath = (fileId: string) => `/files/${encodeURIComponent(fileId)}`

export type Disposition = 'attachment' | 'inline'

export type DownloadRequest = {
  readonly disposition?: Disposition | undefined
  /** The `Range` header as it goes out, e.g. `bytes=0-1023`. */
  readonly range?: string | undefined
  /** Sends `If-Range`, so that a changed file answers whole instead of a wrong piece. */
  readonly ifRange?: string | undefined
}

export const fileCalls = (http: Http) => {
  const list = (query: FileQuery = {}, options?: CallOptions): Promise<PageOf<StoredFile>> =>
    http.json({ method: 'GET', path: '/files', query }, options)
  return {
    list,
    every: (query: Omit<FileQuery, 'cursor'> = {}, options?: CallOptions) =>
      everyItem<StoredFile>((cursor) => list({ ...query, ...(cursor ? { cursor } : {}) }, options)),
    get: (fileId: string, options?: CallOptions): Promise<StoredFile> => http.json({ method: 'GET', path: filePath(fileId) }, options),
    /** Removes the row and its object. */
    remove: (fileId: string, options?: CallOptions): Promise<void> => http.json({ method: 'DELETE', path: filePath(fileId) }, options),
    /** Where a browser downloads the file from, under its session cookie. */
    contentUrl: (fileId: string, disposition: Disposition = 'attachment'): string =>
      http.url(`${filePath(fileId)}/content`, { disposition }),
    /** The answer, unread: status 200 or 206. Its body breaks off with an error where the stored bytes are not what was sealed. */
    download: (fileId: string, request: DownloadRequest = {}, options?: CallOptions): Promise<Response> =>
      http.raw(
        { method: 'GET', path: `${filePath(fileId)}/content`, query: { disposition: request.disposition }, headers: rangeHeaders(request) },
        options,
      ),
    /** The headers of the content alone: length, type, ETag. */
    head: (fileId: string, options?: CallOptions): Promise<Response> =>
      http.raw({ method: 'HEAD', path: `${filePath(fileId)}/content` }, options),
    /** Has the server read the stored object again and prove it; the answer names the job that does so. */
    verify: (fileId: string, options?: CallOptions): Promise<{ jobId: string }> =>
      http.json({ method: 'POST', path: `${filePath(fileId)}/verify`, body: {}, creates: true }, options),
  }
}

function rangeHeaders(request: DownloadRequest): Record<string, string> {
  return {
    ...(request.range === undefined ? {} : { range: request.range }),
    ...(request.ifRange === undefined ? {} : { 'if-range': request.ifRange }),
  }
}

export type FileCalls = ReturnType<typeof fileCalls>
