import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ObjectComplete, ObjectDownload, ObjectInitiate, ObjectInitiated, StoredObject } from '@holdfast/api'
import type { Answer, Api } from './file-world.ts'

export const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex')

/** A table of at least `bytes` bytes, which validation takes. */
export const table = (bytes = 20): Buffer => Buffer.from(`name,amount\n${'Ada,1\n'.repeat(Math.ceil(bytes / 6))}`)

export const ours = { ownerEntityType: 'User', ownerEntityId: 'usr_123' } as const

/** What an initiation says of `bytes`; a CSV of the class REPORT where nothing else is given. */
export const asked = (bytes: Uint8Array, more: Partial<ObjectInitiate> = {}): ObjectInitiate => ({
  ...{ objectClass: 'REPORT', ...ours, originalFilename: 'report.csv', contentType: 'text/csv', fileSize: bytes.length },
  ...more,
})

/** The three calls, as an app makes them. */
export const objectsOf = (api: Api) => {
  const initiate = (input: ObjectInitiate, headers: Record<string, string> = {}): Promise<Answer<ObjectInitiated>> =>
    api.call('POST', '/uploads/initiate', { body: input, headers })
  const put = (begun: Pick<ObjectInitiated, 'uploadUrl' | 'uploadHeaders'>, bytes: Uint8Array, headers: Record<string, string> = {}) => {
    const { 'content-length': _, ...rest } = begun.uploadHeaders
    return fetch(begun.uploadUrl, { method: 'PUT', headers: { ...rest, ...headers }, body: bytes as Uint8Array<ArrayBuffer> })
  }
  const complete = (id: string, body: ObjectComplete = {}): Promise<Answer<StoredObject>> =>
    api.call('POST', `/uploads/${id}/complete`, { body })
  const get = (id: string): Promise<Answer<StoredObject>> => api.call('GET', `/uploads/${id}`)
  const settled = async (id: string): Promise<StoredObject> => {
    for (;;) {
      const { body } = await get(id)
      if (body.status !== 'SCANNING') return body
      await sleep(10)
    }
  }
  const received = async (bytes: Uint8Array, more: Partial<ObjectInitiate> = {}): Promise<ObjectInitiated> => {
    const begun = await initiate(asked(bytes, more))
    if (begun.status !== 201) throw new Error(JSON.stringify(begun.body))
    const sent = await put(begun.body, bytes)
    if (!sent.ok) throw new Error(`${sent.status} ${await sent.text()}`)
    return begun.body
  }
  return {
    initiate,
    put,
    complete,
    get,
    settled,
    received,
    /** Stores `bytes` and answers the object once it is judged. */
    async store(bytes: Uint8Array, more: Partial<ObjectInitiate> = {}): Promise<StoredObject> {
      const { storedObject } = await received(bytes, more)
      const done = await complete(storedObject.id, { checksum: md5(bytes) })
      if (done.status !== 200) throw new Error(JSON.stringify(done.body))
      return settled(storedObject.id)
    },
    downloadUrl: (id: string, disposition = 'attachment'): Promise<Answer<ObjectDownload>> =>
      api.call('POST', `/uploads/${id}/download-url?disposition=${disposition}`, {}),
  }
}
export type Objects = ReturnType<typeof objectsOf>
