import type {
  ObjectComplete,
  ObjectDownload,
  ObjectDownloadQuery,
  ObjectInitiate,
  ObjectInitiated,
  ObjectQuery,
  PageOf,
  StoredObject,
} from '@holdfast/api'
import type { Caller } from '../core/actor.ts'
import type { DownloadGrant } from '../core/signed-grant.ts'
import { existing } from './caller.ts'
import type { Downloadable } from './downloads.ts'
import { completeObject } from './objects/complete.ts'
import type { ObjectServiceDeps } from './objects/deps.ts'
import { issueDownloadUrl, redeemDownload } from './objects/download.ts'
import { initiateObject, reissueUrl } from './objects/initiate.ts'
import { type ContentRequest, receiveObject } from './objects/receive.ts'
import { toStoredObject } from './objects/view.ts'
import { fromCursor, rowsFor, toPage } from './pages.ts'

/** What apps store: three calls, and the object is checked, kept and handed out again (docs/spec/objects.md). Ids are those of objects. */
export interface ObjectService {
  initiate(caller: Caller, request: { input: ObjectInitiate; origin: string }): Promise<ObjectInitiated>
  /** What `initiate` answered, with a fresh URL. UPLOAD_CLOSED once the upload is over. */
  reissue(caller: Caller, request: { id: string; origin: string }): Promise<ObjectInitiated>
  /** The bytes, from whoever holds the signed URL. */
  receive(request: ContentRequest): Promise<void>
  complete(caller: Caller, request: { id: string; declared: ObjectComplete }): Promise<StoredObject>
  get(caller: Caller, id: string): Promise<StoredObject>
  /** Newest first. */
  list(caller: Caller, query: ObjectQuery): Promise<PageOf<StoredObject>>
  /** The row becomes a tombstone, and a job removes the object. LEGAL_HOLD where a hold stands on it. */
  remove(caller: Caller, id: string, expectedVersion: number | null): Promise<void>
  downloadUrl(caller: Caller, request: { id: string; origin: string } & ObjectDownloadQuery): Promise<ObjectDownload>
  /** What may be read by whoever holds the signed URL, and as whom. */
  redeem(request: { grant: DownloadGrant; signature: string; requestId: string }): Promise<{ found: Downloadable; caller: Caller }>
}

export function objectService(deps: ObjectServiceDeps): ObjectService {
  const { store } = deps.ingest
  const get = async (caller: Caller, id: string) => existing(await store.read.objects.find(caller.tenantId, id), 'object')
  return {
    initiate: (caller, request) => initiateObject(deps, caller, request),
    reissue: (caller, request) => reissueUrl(deps, caller, request),
    receive: (request) => receiveObject(deps, request),
    complete: (caller, request) => completeObject(deps, caller, request),
    get: async (caller, id) => toStoredObject(await get(caller, id)),
    async list(caller, query) {
      const filter = {
        ...{ tenantId: caller.tenantId, ownerType: query.ownerEntityType, ownerId: query.ownerEntityId },
        ...{ objectClass: query.objectClass, isCurrent: query.isCurrent, status: query.status, held: query.held },
      }
      const rows = await store.read.objects.list(filter, { before: fromCursor(query.cursor), limit: rowsFor(query) })
      return toPage(rows, query, toStoredObject)
    },
    async remove(caller, id, expectedVersion) {
      await get(caller, id)
      await deps.files.remove(caller, id, expectedVersion)
    },
    downloadUrl: (caller, { id, origin, disposition }) =>
      issueDownloadUrl(deps, caller, { id, origin, disposition: disposition ?? 'attachment' }),
    redeem: (request) => redeemDownload(deps, request),
  }
}
