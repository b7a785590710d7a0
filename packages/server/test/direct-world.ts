import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { DownloadUrl, File, PartUrls, Target, TargetCreate, UploadCreate, UploadSession } from '@holdfast/api'
import type { SambaServer } from '../../../test/servers/samba.ts'
import type { SshServer } from '../../../test/servers/sshd.ts'
import { checkInstance } from '../src/check-instance.ts'
import type { AuditAction } from '../src/core/audit-actions.ts'
import type { StorageTarget } from '../src/storage/target.ts'
import { type Api, type FileWorld, sha256 } from './file-world.ts'
import type { S3World } from './s3-world.ts'

/** Fields of a target on a real server. */
export const smbFields = (samba: SambaServer, folder = ''): Omit<TargetCreate, 'name'> => ({
  kind: 'smb',
  place: { host: samba.host, port: samba.port, share: samba.share, user: samba.user, domain: 'WORKGROUP', folder },
  credentials: { password: samba.password },
})
export const s3Fields = (s3: S3World, bucket: string, prefix = ''): Omit<TargetCreate, 'name'> => {
  const { endpoint, region, accessKeyId, secretAccessKey } = s3.server
  return { kind: 's3', place: { endpoint, region, bucket, prefix }, credentials: { accessKeyId, secretAccessKey } }
}

export async function sftpFields(sshd: SshServer): Promise<Omit<TargetCreate, 'name'>> {
  const { privateKey } = await sshd.key()
  const place = { host: sshd.host, port: sshd.port, user: sshd.user, directory: sshd.folder, hostKey: sshd.hostKey() }
  return { kind: 'sftp', place, credentials: { privateKey } }
}

/** A target of these fields that serves Direct from now on. */
export async function bindDirect(world: FileWorld, fields: Omit<TargetCreate, 'name'>, name = 'Direct'): Promise<Target> {
  const { admin } = world.tenant.api
  const made = await admin.call<Target>('POST', '/targets', { body: { ...fields, name } })
  assert.ok(made.status === 201 || made.status === 200, JSON.stringify(made.body))
  const bound = await admin.call('PUT', '/roles/direct', { body: { targetId: made.body.id } })
  assert.equal(bound.status, 200, JSON.stringify(bound.body))
  return made.body
}

/** Calls of one person to the direct tier, on whatever backend it is. */
export function directApi(api: Api) {
  const begin = (create: Omit<UploadCreate, 'tier'>) =>
    api.call<UploadSession>('POST', '/upload-sessions', { body: { ...create, tier: 'direct' } })
  const bytesOf = (session: UploadSession, number: number, content: Uint8Array) =>
    content.subarray((number - 1) * session.partSize, number * session.partSize)
  const urls = (id: string, numbers: number[]) => api.call<PartUrls>('POST', `/upload-sessions/${id}/part-urls`, { body: { numbers } })
  const receipts = (id: string, parts: { number: number; etag: string; sha256: string }[]) =>
    api.call('POST', `/upload-sessions/${id}/receipts`, { body: { parts } })
  /** Puts the bytes where the signed request says; answers the ETag. */
  async function putSigned(id: string, number: number, bytes: Uint8Array): Promise<string> {
    const { body, status } = await urls(id, [number])
    assert.equal(status, 200, JSON.stringify(body))
    const [part] = body.parts
    assert.ok(part)
    const { 'content-length': _, ...headers } = part.headers
    const answer = await fetch(part.url, { method: part.method, headers, body: bytes as Uint8Array<ArrayBuffer> })
    assert.equal(answer.status, 200, await answer.text())
    return answer.headers.get('etag') ?? ''
  }
  async function sendPart(session: UploadSession, number: number, content: Uint8Array): Promise<void> {
    const bytes = bytesOf(session, number, content)
    if (session.delivery === 'server') {
      const { status, body } = await api.put(session.id, number, bytes)
      assert.equal(status, 200, JSON.stringify(body))
      return
    }
    const etag = await putSigned(session.id, number, bytes)
    const kept = await receipts(session.id, [{ number, etag, sha256: sha256(bytes) }])
    assert.equal(kept.status, 200, JSON.stringify(kept.body))
  }
  async function started(create: Omit<UploadCreate, 'tier'>): Promise<UploadSession> {
    const { status, body } = await begin(create)
    assert.equal(status, 201, JSON.stringify(body))
    return body
  }
  async function sent(create: Omit<UploadCreate, 'tier' | 'size'>, content: Uint8Array): Promise<UploadSession> {
    const session = await started({ ...create, size: content.length })
    for (let number = 1; number <= session.partCount; number += 1) await sendPart(session, number, content)
    return session
  }
  async function upload(
    create: Omit<UploadCreate, 'tier' | 'size'>,
    content: Uint8Array,
    digest: string | null = sha256(content),
  ): Promise<File> {
    const session = await sent(create, content)
    const { status, body } = await api.complete(session.id, digest ?? undefined)
    assert.equal(status, 200, JSON.stringify(body))
    return api.settled(body.id, null)
  }
  const downloadUrl = (fileId: string) => api.call<DownloadUrl>('POST', `/files/${fileId}/download-url`, { body: {} })
  return { begin, urls, receipts, putSigned, sendPart, started, sent, upload, downloadUrl }
}

/** The open target, to look at it and to do what others do behind our back. */
export async function withTarget<T>(world: FileWorld, targetId: string, work: (target: StorageTarget) => Promise<T>): Promise<T> {
  await using lease = await world.instance.targets.lease(world.tenant.id, targetId)
  return await work(lease.target)
}

export const keyOf = async (world: FileWorld, fileId: string): Promise<string> =>
  (await world.instance.store.read.files.findAny(world.tenant.id, fileId))?.objectKey ?? ''

export async function entriesOf(world: FileWorld, fileId: string, action?: AuditAction) {
  const found = await world.instance.store.read.audit.list(world.tenant.id, { fileId, ...(action ? { action } : {}) }, { limit: 100 })
  return found.map((entry) => ({ ...entry, details: JSON.parse(entry.details) as Record<string, unknown> })).reverse()
}

export const findingsOf = async (world: FileWorld) =>
  (await checkInstance(world.instance, { full: true, signal: new AbortController().signal })).findings

export const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex')
