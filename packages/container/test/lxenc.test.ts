import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type ByteSource,
  bytesSource,
  createLxencIndexCache,
  detectContainer,
  holdfastAad,
  isEncrypted,
  LXENC_MAGIC,
  lxencStoredSize,
  openLxenc,
  parseMasterKey,
  readLxencIndex,
  sealLxenc,
} from '../src/index.ts'
import { sharedVectors } from './shared-vectors.ts'
import { collect, hexOf, inChunks, vectorPlaintext } from './vector-bytes.ts'

const masterKey = new Uint8Array(32).fill(9)
const seal = (size: number, chunkSize: number) => collect(sealLxenc(inChunks(vectorPlaintext(size)), { masterKey, chunkSize }))

/** Counts what is read. */
function watched(bytes: Uint8Array): ByteSource & { reads: [offset: number, length: number][] } {
  const reads: [number, number][] = []
  const source = bytesSource(bytes)
  return {
    size: source.size,
    reads,
    read(offset, length) {
      reads.push([offset, length])
      return source.read(offset, length)
    },
  }
}

test('X5: the strict index takes three small reads whatever the size of the file', async () => {
  for (const size of [100, 10_000]) {
    const source = watched(await seal(size, 32))
    const index = await readLxencIndex(source)
    assert.equal(index.geometry.plaintextSize, size)
    assert.equal(source.reads.length, 3)
  }
})

test('X5: a range reads only the chunks that hold it', async () => {
  const bytes = await seal(1000, 100)
  const index = await readLxencIndex(bytesSource(bytes))
  const source = watched(bytes)
  const reader = await openLxenc(source, { masterKey, index })
  assert.deepEqual(await reader.read({ start: 250, end: 449 }), vectorPlaintext(1000).slice(250, 450))
  assert.deepEqual(
    source.reads,
    [2, 3, 4].map((chunk) => [index.bodyOffset + chunk * 120, 120]),
  )
})

test('X5: the legacy profile finds ranges among records of any length', async () => {
  const bytes = sharedVectors().get('legacy-shortreads-112.lxenc')!
  const key = Uint8Array.from({ length: 32 }, (_, index) => index)
  const reader = await openLxenc(bytesSource(bytes), { masterKey: key, profile: 'legacy' })
  for (let start = 0; start < 112; start += 1) {
    for (let end = start; end < 112; end += 7) {
      assert.deepEqual(await reader.read({ start, end }), vectorPlaintext(112).slice(start, end + 1))
    }
  }
})

test('X5: an index is remembered by path, modification time and size', async () => {
  const source = bytesSource(await seal(10, 4))
  const cache = createLxencIndexCache({ entries: 2 })
  let loads = 0
  const load = () => {
    loads += 1
    return readLxencIndex(source)
  }
  const key = { path: '/a', modifiedAt: 1, size: source.size }
  const [one, two] = await Promise.all([cache.get(key, load), cache.get(key, load)])
  assert.equal(one, two)
  assert.equal(loads, 1)
  await cache.get({ ...key, modifiedAt: 2 }, load)
  await cache.get({ ...key, modifiedAt: 2, size: 1 }, load)
  assert.equal(loads, 3)
  await cache.get({ ...key, path: '/b' }, load)
  await cache.get({ ...key, modifiedAt: 2, size: 1 }, load)
  assert.equal(loads, 4)
  await cache.get({ ...key, path: '/c' }, load)
  await cache.get({ ...key, path: '/b' }, load)
  assert.equal(loads, 6, 'the least recently used one went')
  cache.forget('/b')
  await cache.get({ ...key, path: '/b' }, load)
  assert.equal(loads, 7)
})

test('X5: an index that cannot be read is not remembered', async () => {
  const cache = createLxencIndexCache()
  const key = { path: '/a', modifiedAt: 1, size: 3 }
  await assert.rejects(() => cache.get(key, () => readLxencIndex(bytesSource(new Uint8Array(3)))), { kind: 'not-a-container' })
  const bytes = await seal(3, 4)
  assert.equal((await cache.get(key, () => readLxencIndex(bytesSource(bytes)))).geometry.plaintextSize, 3)
})

test('X7: isEncrypted looks at the magic alone', () => {
  assert.equal(isEncrypted(LXENC_MAGIC), true)
  assert.equal(isEncrypted(new TextEncoder().encode('LXENC01\nand then anything')), true)
  assert.equal(isEncrypted(LXENC_MAGIC.slice(0, 7)), false)
  assert.equal(isEncrypted(new TextEncoder().encode('LXENC02\n....')), false)
  assert.equal(isEncrypted(new Uint8Array()), false)
})

test('X1 X3: the formats are told apart by how a file begins', () => {
  const files = sharedVectors()
  const floe = new Uint8Array(Buffer.from(new TextDecoder().decode(files.get('floe/go_rotation_ct.txt')), 'hex'))
  assert.equal(detectContainer(floe), 'floe')
  assert.equal(detectContainer(files.get('pos-tiny32-1.lxenc')!), 'lxenc1')
  assert.equal(detectContainer(new Uint8Array(12)), null)
  assert.equal(detectContainer(new TextEncoder().encode('%PDF-1.7\n....')), null)
})

test('X1: the size of a file follows from its plaintext', async () => {
  for (const size of [0, 1, 31, 32, 33, 64]) {
    assert.equal((await seal(size, 32)).length, lxencStoredSize(size, { headerLength: 204, chunkSize: 32 }))
  }
})

type KeyCase = { case: string; value?: string; strict?: { ok: boolean; key_hex?: string } }

test('X6: master keys are read as the published cases say', () => {
  const manifest = JSON.parse(new TextDecoder().decode(sharedVectors().get('manifest.json'))) as { key_loading: KeyCase[] }
  const cases = manifest.key_loading.filter(({ strict }) => strict !== undefined)
  assert.equal(cases.length, 14)
  for (const { case: name, value, strict } of cases) {
    if (strict!.ok) assert.equal(hexOf(parseMasterKey(value!)), strict!.key_hex, name)
    else assert.throws(() => parseMasterKey(value!), /master key/i, name)
  }
})

test('S5: the AAD of a file in the secure tier names tenant and file in one way', () => {
  const ids = { tenantId: '01890a5d-ac96-774b-bcce-b302099a8057', fileId: '01890a5d-ac96-774b-bcce-b302099a8058' }
  assert.equal(new TextDecoder().decode(holdfastAad(ids)), `holdfast:v1:${ids.tenantId}:${ids.fileId}`)
  assert.throws(() => holdfastAad({ ...ids, fileId: ids.fileId.toUpperCase() }), { kind: 'aad-invalid' })
  assert.throws(() => holdfastAad({ ...ids, tenantId: '' }), { kind: 'aad-invalid' })
})

test('X5: a source that gives less than it said is found out', async () => {
  const bytes = await seal(1000, 100)
  const source: ByteSource = { size: bytes.length, read: async (offset, length) => bytes.subarray(offset, Math.min(offset + length, 700)) }
  const reader = await openLxenc(source, { masterKey, index: await readLxencIndex(bytesSource(bytes)) })
  await assert.rejects(() => reader.read({ start: 0, end: 999 }), { kind: 'size-changed' })
})

test('X5: reading stops when its signal fires', async () => {
  const reader = await openLxenc(bytesSource(await seal(1000, 100)), { masterKey })
  const stopped = new AbortController()
  await assert.rejects(
    async () => {
      for await (const piece of reader.stream(undefined, { signal: stopped.signal })) {
        assert.equal(piece.length, 100)
        stopped.abort(new Error('enough'))
      }
    },
    { message: 'enough' },
  )
})
