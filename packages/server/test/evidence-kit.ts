import { setTimeout as sleep } from 'node:timers/promises'
import type {
  AccessEvent,
  Asset,
  AssetLink,
  AssetLinkCreate,
  AssetVerification,
  PageOf,
  SignedDownload,
  UploadIntentCompleted,
  UploadIntentCreate,
  UploadIntentCreated,
} from '@holdfast/api'
import { type Answer, type Api, type FileWorld, sha256 } from './file-world.ts'

/** What an intent says of `bytes`: plain text of the app `ledger`, where nothing else is given. */
export const asked = (bytes: Uint8Array, more: Partial<UploadIntentCreate> = {}): UploadIntentCreate => ({
  ...{ app: 'ledger', companyId: 'acme', kind: 'receipt', filename: 'receipt.txt', contentType: 'text/plain', size: bytes.length },
  ...more,
})

export const record: AssetLinkCreate = { app: 'ledger', companyId: 'acme', sourceType: 'expense', sourceId: 'exp_1', kind: 'receipt' }

/** The calls of the evidence contract, as an app makes them. */
export const evidenceOf = (api: Api) => {
  const at = (id: string): string => `/evidence/assets/${id}`
  const intend = (create: UploadIntentCreate, key?: string): Promise<Answer<UploadIntentCreated>> =>
    api.call('POST', '/evidence/upload-intents', { body: create, ...(key === undefined ? {} : { headers: { 'idempotency-key': key } }) })
  const put = (
    { upload }: Pick<UploadIntentCreated, 'upload'>,
    bytes: Uint8Array,
    headers: Record<string, string> = {},
  ): Promise<Response> => {
    if (upload === null) throw new Error('There is nothing to upload to')
    const { 'content-length': _, ...rest } = upload.headers
    return fetch(upload.url, { method: upload.method, headers: { ...rest, ...headers }, body: bytes as Uint8Array<ArrayBuffer> })
  }
  const complete = (intentId: string, checksum?: string): Promise<Answer<UploadIntentCompleted>> =>
    api.call('POST', `/evidence/upload-intents/${intentId}/complete`, { body: checksum === undefined ? {} : { checksum } })
  const get = (id: string): Promise<Answer<Asset>> => api.call('GET', at(id))
  const settled = async (id: string): Promise<Asset> => {
    for (;;) {
      const { body } = await get(id)
      if (body.scanStatus !== 'pending' || !['pending_upload', 'uploaded'].includes(body.status)) return body
      await sleep(10)
    }
  }
  const received = async (bytes: Uint8Array, more: Partial<UploadIntentCreate> = {}): Promise<UploadIntentCreated> => {
    const made = await intend(asked(bytes, more))
    if (made.status !== 201) throw new Error(JSON.stringify(made.body))
    const sent = await put(made.body, bytes)
    if (!sent.ok) throw new Error(`${sent.status} ${await sent.text()}`)
    return made.body
  }
  return {
    intend,
    put,
    complete,
    get,
    settled,
    received,
    cancel: (intentId: string): Promise<Answer<UploadIntentCompleted>> => api.call('POST', `/evidence/upload-intents/${intentId}/cancel`),
    link: (id: string, create = record): Promise<Answer<AssetLink>> => api.call('POST', `${at(id)}/links`, { body: create }),
    links: (id: string): Promise<Answer<PageOf<AssetLink>>> => api.call('GET', `${at(id)}/links`),
    unlink: (id: string, linkId: string): Promise<Answer<undefined>> => api.call('DELETE', `${at(id)}/links/${linkId}`),
    sign: (id: string, disposition = 'attachment'): Promise<Answer<SignedDownload>> =>
      api.call('POST', `${at(id)}/sign-download`, { body: { disposition } }),
    verify: (id: string): Promise<Answer<AssetVerification>> => api.call('POST', `${at(id)}/verify`),
    events: (id: string): Promise<Answer<PageOf<AccessEvent>>> => api.call('GET', `${at(id)}/access-events`),
    archive: (id: string): Promise<Answer<Asset>> => api.call('POST', `${at(id)}/archive`),
    remove: (id: string): Promise<Answer<undefined>> => api.call('DELETE', at(id)),
    /** Stores `bytes` and answers the asset once it is judged. */
    async store(bytes: Uint8Array, more: Partial<UploadIntentCreate> = {}): Promise<Asset> {
      const { asset, intent } = await received(bytes, more)
      const done = await complete(intent.id, sha256(bytes))
      if (done.status !== 200) throw new Error(JSON.stringify(done.body))
      return settled(asset.id)
    },
  }
}
export type Evidence = ReturnType<typeof evidenceOf>

/** The row behind an asset: where its object is, which no answer tells. */
export async function rowOf(world: FileWorld, id: string) {
  const row = await world.instance.store.read.assets.find(world.tenant.id, id)
  if (!row) throw new Error('There is no such asset')
  return row
}

/** Waits until what was left in quarantine is gone. */
export async function quarantineCleared(world: FileWorld, id: string): Promise<void> {
  while ((await rowOf(world, id)).quarantinePurgedAt === null) await sleep(10)
}
