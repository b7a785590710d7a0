import assert from 'node:assert/strict'
import type { Target, TargetCreate } from '@holdfast/api'
import { startSamba } from '../../../test/servers/samba.ts'
import { startSshd } from '../../../test/servers/sshd.ts'
import { s3Fields, sftpFields, smbFields } from './direct-world.ts'
import type { FileWorld } from './file-world.ts'
import { type S3World, s3World } from './s3-world.ts'

/** A real backend; `fields` null is the server's own disk, which is bound by itself. */
export type ObjectPlace = AsyncDisposable & {
  readonly fields: TargetCreate | null
  readonly s3?: { world: S3World; bucket: string }
}
export type ObjectBackend = { readonly name: string; readonly start: () => Promise<ObjectPlace> }

async function startS3(name: 'versitygw' | 'minio'): Promise<ObjectPlace> {
  const world = await s3World(name)
  const bucket = await world.bucket()
  return {
    fields: { name, ...s3Fields(world, bucket) },
    s3: { world, bucket },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  }
}

async function startShare(): Promise<ObjectPlace> {
  const samba = await startSamba('encryption-required')
  return { fields: { name: 'Share', ...smbFields(samba) }, [Symbol.asyncDispose]: () => samba.stop() }
}

async function startSftp(): Promise<ObjectPlace> {
  const sshd = await startSshd()
  return { fields: { name: 'SFTP', ...(await sftpFields(sshd)) }, [Symbol.asyncDispose]: () => sshd.stop() }
}

export const objectBackends = {
  local: { name: 'the local disk', start: async () => ({ fields: null, async [Symbol.asyncDispose]() {} }) },
  versitygw: { name: 'versitygw', start: () => startS3('versitygw') },
  minio: { name: 'MinIO', start: () => startS3('minio') },
  samba: { name: 'Samba', start: startShare },
  sshd: { name: 'OpenSSH', start: startSftp },
} as const satisfies Record<string, ObjectBackend>

/** Makes the target of the backend, tests it and binds the Objects role to it; answers the id of what serves Objects now. */
export async function bindObjects(world: FileWorld, place: ObjectPlace): Promise<string> {
  if (place.fields === null) {
    return (await world.instance.store.read.roleBindings.find(world.tenant.id, 'objects'))?.targetId ?? assert.fail('nothing is bound')
  }
  const api = world.tenant.api.admin
  const made = await api.call<Target>('POST', '/targets', { body: place.fields })
  assert.equal(made.status, 201, JSON.stringify(made.body))
  const tested = await api.call<{ ok: boolean }>('POST', `/targets/${made.body.id}/test`, { body: {} })
  assert.equal(tested.body.ok, true, JSON.stringify(tested.body))
  assert.equal((await api.call('PUT', '/roles/objects', { body: { targetId: made.body.id, staged: false } })).status, 200)
  return made.body.id
}
