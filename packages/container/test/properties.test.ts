import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  bytesSource,
  ContainerError,
  FLOE_HEADER_BYTES,
  floeGeometryOfPlaintext,
  floeGeometryOfStored,
  floePart,
  floePartCount,
  type InclusiveRange,
  openFloe,
  openFloeStream,
  openLxenc,
  openLxencStream,
  sealFloe,
  sealLxenc,
  segmentOffset,
  segmentPlainLength,
  segmentStoredLength,
  segmentsCovering,
  sliceOfSegment,
  utf8,
} from '../src/index.ts'
import { nodeEngine } from '../src/node.ts'
import { collect, flip, inChunks, join } from './vector-bytes.ts'

const fileKey = Uint8Array.from({ length: 32 }, (_, index) => 255 - index)
const masterKey = fileKey.slice(0, 16)
const floe = { fileKey, aad: utf8('properties'), engine: nodeEngine }
const lxenc = { masterKey, engine: nodeEngine }

type Format = {
  name: string
  seal(plaintext: Uint8Array, unit: number): Promise<Uint8Array>
  /** The whole, read at any place and as a stream; the two must agree. */
  open(sealed: Uint8Array): Promise<Uint8Array>
  range(sealed: Uint8Array, range: InclusiveRange): Promise<Uint8Array>
}

async function agreeing(read: () => Promise<Uint8Array>, stream: () => Promise<Uint8Array>): Promise<Uint8Array> {
  const [first, second] = await Promise.allSettled([read(), stream()])
  assert.equal(first.status, second.status)
  if (first.status === 'rejected') throw first.reason
  assert.deepEqual(first.value, second.status === 'fulfilled' && second.value)
  return first.value
}

const formats: Format[] = [
  {
    name: 'X3: FLOE',
    seal: (plaintext, unit) => collect(sealFloe(inChunks(plaintext, 13), { ...floe, segmentLength: 32 + unit })),
    open: (sealed) =>
      agreeing(
        async () => collect((await openFloe(bytesSource(sealed), floe)).stream()),
        () => collect(openFloeStream(inChunks(sealed, 17), floe)),
      ),
    range: async (sealed, range) => (await openFloe(bytesSource(sealed), floe)).read(range),
  },
  {
    name: 'X1: LXENC01',
    seal: (plaintext, unit) => collect(sealLxenc(inChunks(plaintext, 13), { ...lxenc, chunkSize: unit })),
    open: (sealed) =>
      agreeing(
        async () => collect((await openLxenc(bytesSource(sealed), lxenc)).stream()),
        () => collect(openLxencStream(inChunks(sealed, 17), lxenc)),
      ),
    range: async (sealed, range) => (await openLxenc(bytesSource(sealed), lxenc)).read(range),
  },
]

const plaintexts = fc.uint8Array({ minLength: 0, maxLength: 120 })
const units = fc.integer({ min: 1, max: 40 })
const failsAsContainer = (work: () => Promise<unknown>) => assert.rejects(work, (error) => error instanceof ContainerError)

for (const { name, seal, open, range } of formats) {
  test(`${name}: what was sealed opens, and any range of it is the slice (S5, X5)`, async () => {
    await fc.assert(
      fc.asyncProperty(plaintexts, units, fc.nat(200), fc.nat(200), async (plaintext, unit, start, more) => {
        const sealed = await seal(plaintext, unit)
        assert.deepEqual(await open(sealed), new Uint8Array(plaintext))
        const end = start + more
        if (end < plaintext.length) assert.deepEqual(await range(sealed, { start, end }), new Uint8Array(plaintext.slice(start, end + 1)))
        else await failsAsContainer(() => range(sealed, { start, end }))
      }),
    )
  })

  test(`${name}: any flipped bit fails (S5)`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 90 }), units, fc.nat(), fc.nat(7), async (plaintext, unit, at, bit) => {
        const sealed = await seal(plaintext, unit)
        await failsAsContainer(() => open(flip(sealed, at % sealed.length, bit)))
      }),
      { numRuns: 300 },
    )
  })

  test(`${name}: two units in each other's place fail (S5)`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 30, maxLength: 90 }), fc.integer({ min: 1, max: 9 }), async (plaintext, unit) => {
        const sealed = await seal(plaintext, unit)
        const stride = name.includes('FLOE') ? unit + 32 : unit + 20
        const body = name.includes('FLOE') ? FLOE_HEADER_BYTES : 12 + new DataView(sealed.buffer).getUint32(8)
        const [one, two, rest] = [
          sealed.subarray(body, body + stride),
          sealed.subarray(body + stride, body + 2 * stride),
          body + 2 * stride,
        ]
        await failsAsContainer(() => open(join(sealed.subarray(0, body), two, one, sealed.subarray(rest))))
        await failsAsContainer(() => open(join(sealed.subarray(0, body), two, sealed.subarray(rest))))
        await failsAsContainer(() => open(join(sealed.subarray(0, body), one, one, two, sealed.subarray(rest))))
      }),
    )
  })

  test(`${name}: anything appended fails (S5)`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 90 }),
        units,
        fc.uint8Array({ minLength: 1, maxLength: 90 }),
        async (plaintext, unit, tail) => {
          await failsAsContainer(async () => open(join(await seal(plaintext, unit), tail)))
        },
      ),
    )
  })
}

test('X3: any cut of a FLOE file fails, at a border between segments too', async () => {
  await fc.assert(
    fc.asyncProperty(plaintexts, units, fc.nat(), async (plaintext, unit, cut) => {
      const sealed = await formats[0]!.seal(plaintext, unit)
      await failsAsContainer(() => formats[0]!.open(sealed.slice(0, cut % sealed.length)))
    }),
    { numRuns: 300 },
  )
})

test('X1: any cut of an LXENC01 file fails, but for one between records, which gives what is before it', async () => {
  await fc.assert(
    fc.asyncProperty(plaintexts, units, fc.nat(), async (plaintext, unit, place) => {
      const sealed = await formats[1]!.seal(plaintext, unit)
      const body = 12 + new DataView(sealed.buffer).getUint32(8)
      const cut = place % sealed.length
      const records = (cut - body) / (unit + 20)
      if (records < 0 || !Number.isInteger(records)) await failsAsContainer(() => formats[1]!.open(sealed.slice(0, cut)))
      else assert.deepEqual(await formats[1]!.open(sealed.slice(0, cut)), new Uint8Array(plaintext.slice(0, records * unit)))
    }),
    { numRuns: 300 },
  )
})

const sizes = fc.oneof(
  fc.nat(5000),
  fc.maxSafeNat().map((size) => size % 2 ** 44),
)
const segmentLengths = fc.oneof(fc.integer({ min: 33, max: 300 }), fc.constant(1_048_576))

test('X3: offsets and sizes are arithmetic: the segments cover object and plaintext without gap or overlap', () => {
  fc.assert(
    fc.property(fc.nat(5000), fc.integer({ min: 33, max: 300 }), (size, segmentLength) => {
      const geometry = floeGeometryOfPlaintext(size, segmentLength)
      let [stored, plain] = [FLOE_HEADER_BYTES, 0]
      for (let index = 0; index < geometry.segmentCount; index += 1) {
        assert.equal(segmentOffset(geometry, index), stored)
        stored += segmentStoredLength(geometry, index)
        plain += segmentPlainLength(geometry, index)
      }
      assert.deepEqual([stored, plain], [geometry.storedSize, size])
    }),
  )
})

test('X3: the plaintext size follows from the stored size, up to the largest files', () => {
  fc.assert(
    fc.property(sizes, segmentLengths, (size, segmentLength) => {
      if (size / (segmentLength - 32) > 2 ** 40) return
      const geometry = floeGeometryOfPlaintext(size, segmentLength)
      assert.deepEqual(floeGeometryOfStored(geometry.storedSize, segmentLength), geometry)
    }),
  )
})

test('X3: the segments that cover a range hold its bytes and no other segment does', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4000 }), fc.integer({ min: 33, max: 200 }), fc.nat(), fc.nat(), (size, segmentLength, a, b) => {
      const geometry = floeGeometryOfPlaintext(size, segmentLength)
      const range = { start: Math.min(a % size, b % size), end: Math.max(a % size, b % size) }
      const { first, last } = segmentsCovering(geometry, range)
      let next = range.start
      for (let index = first; index <= last; index += 1) {
        const { from, to } = sliceOfSegment(geometry, range, index)
        assert.ok(from < to && to <= segmentPlainLength(geometry, index))
        assert.equal(index * geometry.segmentPlain + from, next)
        next += to - from
      }
      assert.equal(next, range.end + 1)
    }),
  )
})

test('X3: the parts of an upload lie one behind the other and are whole segments', () => {
  fc.assert(
    fc.property(fc.nat(20_000), fc.integer({ min: 33, max: 200 }), fc.integer({ min: 1, max: 16 }), (size, segmentLength, perPart) => {
      const geometry = floeGeometryOfPlaintext(size, segmentLength)
      let [stored, plain, segments] = [0, 0, 0]
      for (let number = 1; number <= floePartCount(geometry, perPart); number += 1) {
        const part = floePart(geometry, perPart, number)
        assert.deepEqual([part.storedOffset, part.plainOffset, part.firstSegment], [stored, plain, segments])
        stored += part.storedLength
        plain += part.plainLength
        segments += part.segmentCount
      }
      assert.deepEqual([stored, plain, segments], [geometry.storedSize, size, geometry.segmentCount])
      assert.throws(() => floePart(geometry, perPart, floePartCount(geometry, perPart) + 1), ContainerError)
      assert.throws(() => floePart(geometry, perPart, 0), ContainerError)
    }),
  )
})
