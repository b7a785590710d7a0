import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { MIN_PART_PLAIN_BYTES } from '@holdfast/api'
import { sha256 } from './file-world.ts'
import { killableServer } from './killable-server.ts'

const PART = MIN_PART_PLAIN_BYTES
const DISK = '28m'

test('T8 S9: a disk that fills up in the middle is said plainly, keeps what it has, and goes on when there is room', {
  timeout: 120_000,
}, async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'holdfast-full-'))
  // A mount namespace of its own, so that nothing of it is left when the server ends.
  const mount = `mkdir -p '${dataDir}/objects' && mount -t tmpfs -o size=${DISK} tmpfs '${dataDir}/objects' && exec "$@"`
  const namespace = process.getuid?.() === 0 ? ['-m'] : ['-rm']
  await using server = await killableServer({ dataDir, wrap: ['unshare', ...namespace, 'sh', '-c', mount, 'sh'] })
  assert.equal(await server.start(), true)
  const { api } = server
  const { id: caseId } = await api.newCase()
  const filler = await api.upload(caseId, randomBytes(PART))
  const content = randomBytes(3 * PART)
  const session = await api.initiate({ caseId, name: 'too-much.bin', size: content.length })
  const part = (number: number) => content.subarray((number - 1) * PART, number * PART)
  assert.equal((await api.put(session.id, 1, part(1))).status, 200)
  assert.equal((await api.put(session.id, 2, part(2))).status, 200)
  const full = await api.put(session.id, 3, part(3))
  assert.equal(full.status, 507)
  assert.equal(full.problem.code, 'DISK_FULL')
  assert.deepEqual(
    (await api.session(session.id)).receivedParts.map(({ number, sha256: digest }) => ({ number, digest })),
    [1, 2].map((number) => ({ number, digest: sha256(part(number)) })),
  )
  assert.equal((await api.complete(session.id)).problem.code, 'PARTS_MISSING')
  assert.equal((await api.call('DELETE', `/files/${filler.id}`)).status, 204)
  let last = full
  while (last.status === 507) last = await api.put(session.id, 3, part(3))
  assert.equal(last.status, 200)
  const { id } = await api.sendAll(session, content)
  assert.equal((await api.settled(id)).sha256, sha256(content))
  assert.ok((await api.bytes(id)).bytes.equals(content))
})
