import type { ObjectComplete, ObjectInitiate, ObjectInitiated, StoredObject } from '@holdfast/api'
import type { Client } from '../client.ts'
import { type CallOptions, createHttp, type FetchFunction } from '../http.ts'

/** What is known of a file by looking at it. */
export type FileFacts = Pick<ObjectInitiate, 'originalFilename' | 'contentType' | 'fileSize'>
/** What the app says of it: whose it is, and which rules it is under. */
export type ObjectPlace = Pick<ObjectInitiate, 'objectClass' | 'ownerEntityType' | 'ownerEntityId'>

/**
 * The calls of an object upload but for the bytes. They are functions, so that a page can make them to the app's own backend, which holds
 * the API token and decides on class and owner; `Place` is what the page adds to the facts of the file for that. They reject with
 * ApiProblem where the answer is no, and with NetworkProblem or TypeError, as `fetch` does, where there was none; those are tried again.
 */
export type ObjectEndpoints<Place extends object = object> = {
  /** `options.idempotencyKey` is the same for each attempt at one upload: passed on to Holdfast, all of them get the same object. */
  readonly initiate: (request: FileFacts & Place, options: CallOptions) => Promise<ObjectInitiated>
  readonly complete: (id: string, request: ObjectComplete, options: CallOptions) => Promise<StoredObject>
  readonly get: (id: string, options: CallOptions) => Promise<StoredObject>
  /**
   * Drops an upload that was cancelled. `options.ifVersion` goes out as `If-Match`, so that what became READY in the same moment stays.
   * Without it, Holdfast drops the upload by itself after a while.
   */
  readonly remove?: ((id: string, options: CallOptions) => Promise<void>) | undefined
}

/** For programs, and for pages of the server's own origin: straight to Holdfast. */
export const objectEndpoints = ({ objects }: Pick<Client, 'objects'>): ObjectEndpoints<ObjectPlace> => ({
  initiate: objects.initiate,
  complete: objects.complete,
  get: objects.get,
  remove: objects.remove,
})

export type EndpointOptions = {
  /** Sent with each call, e.g. against forged requests. */
  readonly headers?: (() => Readonly<Record<string, string>>) | undefined
  readonly fetch?: FetchFunction | undefined
}

/**
 * An app's own backend that passes the calls on to Holdfast: `POST {base}/initiate`, `POST {base}/{id}/complete`, `GET {base}/{id}` and
 * `DELETE {base}/{id}`, with the bodies, the status, the headers `Idempotency-Key` and `If-Match` as they are. The page's cookies go
 * along within its own origin.
 */
export function endpointsAt<Place extends object = object>(base = '/api/uploads', options: EndpointOptions = {}): ObjectEndpoints<Place> {
  const http = createHttp({ baseUrl: base, fetch: options.fetch, path: (root, tail) => `${root}${tail}` })
  const headers = () => options.headers?.()
  const at = (id: string) => `/${encodeURIComponent(id)}`
  return {
    initiate: (body, call) => http.json({ method: 'POST', path: '/initiate', body, headers: headers(), creates: true }, call),
    complete: (id, body, call) =>
      http.json({ method: 'POST', path: `${at(id)}/complete`, body, headers: headers(), repeatable: true }, call),
    get: (id, call) => http.json({ method: 'GET', path: at(id), headers: headers() }, call),
    remove: (id, call) => http.json({ method: 'DELETE', path: at(id), headers: headers(), outlivesPage: true }, call),
  }
}
