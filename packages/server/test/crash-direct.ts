import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import {
  type File,
  MIN_PART_PLAIN_BYTES,
  type PageOf,
  type PartUrls,
  type Target,
  type TargetCreate,
  type UploadSession,
} from '@holdfast/api'
import type { Patient } from './crash-patient.ts'
import { sha256 } from './file-world.ts'
import type { KillableServer } from './killable-server.ts'

const PART = MIN_PART_PLAIN_BYTES
const newName = () => `${randomBytes(4).toString('hex')}.bin`

/** One part straight to the bucket, and its receipt. */
async function sendPart(
  { api }: KillableServer,
  { ok }: Patient,
  of: { session: UploadSession; number: number; content: Buffer },
): Promise<void> {
  const { session, number, content } = of
  const bytes = content.subarray((number - 1) * session.partSize, number * session.partSize)
  const asked = { body: { numbers: [number] } }
  const { parts } = await ok(() => api.call<PartUrls>('POST', `/upload-sessions/${session.id}/part-urls`, asked))
  const answer = await fetch(parts[0]?.url ?? '', { method: 'PUT', body: bytes as Buffer<ArrayBuffer> })
  const told = { parts: [{ number, etag: answer.headers.get('etag') ?? '', sha256: sha256(bytes) }] }
  await ok(() => api.call('POST', `/upload-sessions/${session.id}/receipts`, { body: told }))
}

/** To Direct Storage. A beginning that was not answered is left to the sweep: its name is taken. */
async function upload(server: KillableServer, patient: Patient, of: { caseId: string; content: Buffer }): Promise<File> {
  const { api } = server
  const { caseId, content } = of
  const session = await patient.until(() => api.initiate({ caseId, name: newName(), size: content.length, tier: 'direct' }))
  for (let number = 1; number <= session.partCount; number += 1) await sendPart(server, patient, { session, number, content })
  const { receivedParts } = await patient.until(() => api.session(session.id))
  assert.equal(receivedParts.length, session.partCount, 'every receipt that was acknowledged is kept')
  const { id } = await patient.ok(() => api.complete(session.id, sha256(content)))
  return patient.until(() => api.settled(id))
}

export type DirectWork = {
  readonly caseId: string
  /** A target at this prefix of a bucket. */
  fields(prefix: string): Omit<TargetCreate, 'name'>
  migrateFile(server: KillableServer, fileId: string, between: { from: string; to: string }): Promise<void>
}

/** Two folders of one bucket as targets, the first of which serves Direct; answers their ids. */
async function bindDirect({ admin }: KillableServer, { until }: Patient, { fields }: DirectWork): Promise<string[]> {
  const ids: string[] = []
  for (const prefix of ['direct-one', 'direct-two']) {
    // A target whose making was not answered is at its place already.
    await until(() => admin.call('POST', '/targets', { body: { ...fields(prefix), name: prefix } }))
    const { body } = await until(() => admin.call<PageOf<Target>>('GET', '/targets'))
    ids.push(body.items.find((target) => target.name === prefix)?.id ?? '')
  }
  await until(() => admin.call('PUT', '/roles/direct', { body: { targetId: ids[0] } }))
  return ids
}

/** What Direct has of durable steps: parts of the bucket, a cancelled upload, a move to another folder of it. */
export async function workDirect(server: KillableServer, patient: Patient, work: DirectWork): Promise<File> {
  const { api } = server
  const { caseId } = work
  const [from = '', to = ''] = await bindDirect(server, patient, work)
  const content = randomBytes(PART + 1000)
  const file = await upload(server, patient, { caseId, content })
  const cancelled = await patient.until(() => api.initiate({ caseId, name: newName(), size: 3, tier: 'direct' }))
  await patient.ok(() => api.call('POST', `/upload-sessions/${cancelled.id}/part-urls`, { body: { numbers: [1] } }))
  await patient.ok(() => api.abort(cancelled.id))
  await work.migrateFile(server, file.id, { from, to })
  const down = await patient.until(() => api.bytes(file.id))
  assert.ok(down.bytes.equals(content))
  return file
}
