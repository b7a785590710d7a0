import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { portableAesGcm } from '../src/aes-gcm.ts'
import {
  type AeadKey,
  ContainerError,
  createFloe,
  createFloeHeader,
  floeGeometryOfPlaintext,
  segmentPlace,
  segmentPlainLength,
  unlockFloe,
  utf8,
  webCryptoEngine,
} from '../src/index.ts'
import { createFloeCipher, createFloeHeaderSync, freeBytes, nodeEngine } from '../src/node.ts'
import { flip, join } from './vector-bytes.ts'

const fileKey = Uint8Array.from({ length: 32 }, (_, index) => index * 3)
const secrets = { fileKey, aad: utf8('engines') }

async function sealed(key: AeadKey, message: { iv: Uint8Array; aad: Uint8Array; bytes: Uint8Array }): Promise<Uint8Array> {
  const out = new Uint8Array(message.bytes.length + 16)
  await key.sealInto(out, message)
  return out
}

test('X2: WebCrypto, node:crypto and the portable AES-GCM seal alike and open one another', async () => {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
  const keys = fc.oneof(bytes(16), bytes(24), bytes(32))
  await fc.assert(
    fc.asyncProperty(
      keys,
      bytes(12),
      fc.uint8Array({ maxLength: 40 }),
      fc.uint8Array({ maxLength: 70 }),
      async (raw, iv, aad, plaintext) => {
        const engines = [await webCryptoEngine.importKey(raw), await nodeEngine.importKey(raw), portableAesGcm(raw)]
        const message = { iv, aad, bytes: plaintext }
        const [first, ...others] = await Promise.all(engines.map((key) => sealed(key, message)))
        for (const other of others) assert.deepEqual(other, first)
        for (const key of engines) {
          const into = new Uint8Array(plaintext.length)
          assert.equal(await key.openInto(into, { ...message, bytes: first! }), true)
          assert.deepEqual(into, new Uint8Array(plaintext))
          assert.deepEqual(new Uint8Array((await key.open({ ...message, bytes: first! }))!), into)
          const changed = { ...message, bytes: flip(first!, first!.length - 1) }
          assert.equal(await key.open(changed), null)
          assert.equal(await key.openInto(into, changed), false)
        }
      },
    ),
  )
})

test('X3: the synchronous path makes and reads the same bytes as the portable one', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 33, max: 90 }), async (plaintext, segmentLength) => {
      let next = 0
      const random = (length: number) => {
        next += 1
        return new Uint8Array(length).fill(next)
      }
      const header = createFloeHeaderSync({ ...secrets, segmentLength, random })
      next = 0
      assert.deepEqual(await createFloeHeader({ ...secrets, segmentLength, random }), header)
      const cipher = createFloeCipher({ ...secrets, header, random })
      const file = await unlockFloe({ ...secrets, header, random })
      const geometry = floeGeometryOfPlaintext(plaintext.length, segmentLength)
      for (let index = geometry.segmentCount - 1; index >= 0; index -= 1) {
        const place = segmentPlace(geometry, index)
        const piece = plaintext.subarray(index * geometry.segmentPlain).subarray(0, segmentPlainLength(geometry, index))
        const out = new Uint8Array(segmentLength)
        next = index
        const length = cipher.sealSegmentInto(out, place, [piece.subarray(0, 5), piece.subarray(5)])
        next = index
        assert.deepEqual(out.slice(0, length), await file.sealSegment(place, piece))
        assert.equal(cipher.openSegmentInto(new Uint8Array(segmentLength), place, out.subarray(0, length)), piece.length)
        const inPlace = out.slice()
        cipher.openSegmentInto(inPlace, place, inPlace.subarray(0, length))
        assert.deepEqual(inPlace.slice(0, piece.length), new Uint8Array(piece), 'plaintext in the place of the stored bytes')
        assert.deepEqual(join(...cipher.openSegment(place, out.subarray(0, length))), new Uint8Array(piece))
        assert.deepEqual(new Uint8Array(await file.openSegment(place, out.subarray(0, length))), new Uint8Array(piece))
      }
    }),
  )
})

test('S5: where a tag does not fit, nothing of the plaintext stays in the caller’s buffer', () => {
  const cipher = createFloeCipher({ ...secrets, header: createFloeHeaderSync(secrets) })
  const stored = new Uint8Array(1_048_576)
  const place = { index: 0, isLast: false }
  cipher.sealSegmentInto(stored, place, [new Uint8Array(1_048_544).fill(7)])
  const out = new Uint8Array(1_048_544).fill(1)
  assert.throws(() => cipher.openSegmentInto(out, place, flip(stored, stored.length - 1)), { kind: 'segment-forged', offset: 74 })
  assert.ok(out.every((byte) => byte === 0))
  const inPlace = flip(stored, stored.length - 1)
  assert.throws(() => cipher.openSegmentInto(inPlace, place, inPlace), { kind: 'segment-forged', offset: 74 })
  assert.ok(inPlace.subarray(0, 1_048_544).every((byte) => byte === 0))
  cipher.openSegmentInto(stored.subarray(0), place, stored)
  assert.ok(
    stored.subarray(0, 1_048_544).every((byte) => byte === 7),
    'whole pieces take the place of what they were read from',
  )
  cipher.sealSegmentInto(stored, place, [new Uint8Array(1_048_544).fill(7)])
  assert.throws(() => cipher.openSegment(place, flip(stored, 20)), { kind: 'segment-forged', offset: 74 })
})

test('X3: a segment takes no more and, but for the last, no less than it holds', async () => {
  const file = await createFloe({ ...secrets, segmentLength: 40 })
  const cipher = createFloeCipher({ ...secrets, header: file.header })
  const out = new Uint8Array(40)
  for (const [length, isLast] of [
    [7, false],
    [9, false],
    [9, true],
  ] as const) {
    const plaintext = new Uint8Array(length)
    await assert.rejects(() => file.sealSegment({ index: 0, isLast }, plaintext), { kind: 'segment-length' })
    assert.throws(() => cipher.sealSegmentInto(out, { index: 0, isLast }, [plaintext]))
  }
  const sealer = cipher.startSegment(out, { index: 0, isLast: true })
  assert.equal(sealer.room, 8)
  sealer.write(new Uint8Array(3))
  assert.equal(sealer.room, 5)
  assert.equal(sealer.finish(), 35)
})

test('X3: every sealing of a segment draws a fresh IV, so that a part may be sealed twice', () => {
  const cipher = createFloeCipher({ ...secrets, header: createFloeHeaderSync({ ...secrets, segmentLength: 40 }) })
  const seal = () => {
    const out = new Uint8Array(40)
    cipher.sealSegmentInto(out, { index: 3, isLast: false }, [new Uint8Array(8)])
    return Buffer.from(out).toString('hex')
  }
  assert.equal(new Set(Array.from({ length: 50 }, seal)).size, 50)
})

test('X2 X3: keys of another length are refused', async () => {
  const wrong = { ...secrets, fileKey: new Uint8Array(31) }
  await assert.rejects(() => createFloe(wrong), { kind: 'key-length' })
  assert.throws(() => createFloeHeaderSync(wrong), { kind: 'key-length' })
  assert.throws(() => nodeEngine.importKey(new Uint8Array(20)), ContainerError)
})

test('X3: memory that is given back early is empty, and memory that others see is left alone', () => {
  const own = new Uint8Array(64)
  const view = new Uint8Array(64).subarray(1)
  freeBytes(own)
  freeBytes(view)
  assert.deepEqual([own.length, view.length], [0, 63])
})
