import type {
  ObjectClass,
  ObjectClassCreate,
  ObjectClassUpdate,
  ObjectComplete,
  ObjectDownload,
  ObjectInitiate,
  ObjectInitiated,
  ObjectQuery,
  PageOf,
  StoredObject,
} from '@holdfast/api'
import type { CallOptions, Http } from '../http.ts'
import { everyItem } from '../pages.ts'

const objectPath = (id: string) => `/uploads/${encodeURIComponent(id)}`
const classPath = (name: string) => `/object-classes/${encodeURIComponent(name)}`

/** Objects of apps: initiate, PUT the bytes to `uploadUrl` with `uploadHeaders`, complete. */
export const objectCalls = (http: Http) => {
  const list = (query: ObjectQuery = {}, options?: CallOptions): Promise<PageOf<StoredObject>> =>
    http.json({ method: 'GET', path: '/uploads', query }, options)
  return {
    initiate: (request: ObjectInitiate, options?: CallOptions): Promise<ObjectInitiated> =>
      http.json({ method: 'POST', path: '/uploads/initiate', body: request, creates: true }, options),
    /** Safe to repeat: later calls answer the object as it is. */
    complete: (id: string, request: ObjectComplete = {}, options?: CallOptions): Promise<StoredObject> =>
      http.json({ method: 'POST', path: `${objectPath(id)}/complete`, body: request, repeatable: true }, options),
    get: (id: string, options?: CallOptions): Promise<StoredObject> => http.json({ method: 'GET', path: objectPath(id) }, options),
    list,
    every: (query: Omit<ObjectQuery, 'cursor'> = {}, options?: CallOptions) =>
      everyItem<StoredObject>((cursor) => list({ ...query, ...(cursor ? { cursor } : {}) }, options)),
    /** The URL is a bearer token that expires: for one use, never kept. */
    downloadUrl: (id: string, options: CallOptions & { disposition?: 'attachment' | 'inline' } = {}): Promise<ObjectDownload> => {
      const { disposition, ...call } = options
      return http.json({ method: 'POST', path: `${objectPath(id)}/download-url`, query: { disposition }, body: {} }, call)
    },
    remove: (id: string, options?: CallOptions): Promise<void> => http.json({ method: 'DELETE', path: objectPath(id) }, options),
  }
}

export const objectClassCalls = (http: Http) => ({
  /** All of them: built in, of the configuration file, and own. */
  list: (options?: CallOptions): Promise<PageOf<ObjectClass>> => http.json({ method: 'GET', path: '/object-classes' }, options),
  get: (name: string, options?: CallOptions): Promise<ObjectClass> => http.json({ method: 'GET', path: classPath(name) }, options),
  create: (request: ObjectClassCreate, options?: CallOptions): Promise<ObjectClass> =>
    http.json({ method: 'POST', path: '/object-classes', body: request, creates: true }, options),
  update: (name: string, changes: ObjectClassUpdate, options?: CallOptions): Promise<ObjectClass> =>
    http.json({ method: 'PATCH', path: classPath(name), body: changes }, options),
  remove: (name: string, options?: CallOptions): Promise<void> => http.json({ method: 'DELETE', path: classPath(name) }, options),
})

export type ObjectCalls = ReturnType<typeof objectCalls>
export type ObjectClassCalls = ReturnType<typeof objectClassCalls>
