import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SmbError } from '../src/errors.ts'
import { frameReader } from '../src/frames.ts'
import { parseChallenge } from '../src/ntlm.ts'
import { parseResponse } from '../src/spnego.ts'
import * as wire from '../src/wire.ts'

const parsers: Record<string, (bytes: Buffer) => unknown> = {
  header: wire.parseHeader,
  negotiate: wire.parseNegotiate,
  sessionSetup: wire.parseSessionSetup,
  treeConnect: wire.parseTreeConnect,
  create: wire.parseCreate,
  read: wire.parseRead,
  write: wire.parseWrite,
  buffer: (bytes) => wire.parseBuffer(bytes, 'QUERY_INFO'),
  directory: wire.parseDirectory,
  fullSize: wire.parseFullSize,
  networkOpen: wire.parseNetworkOpen,
  ioctl: wire.parseIoctl,
  index: wire.parseIndexNumber,
  name: wire.parseName,
  challenge: parseChallenge,
  spnego: parseResponse,
}

/** Bytes that look enough like an answer to get past the first checks. */
const plausible = fc.tuple(fc.constantFrom(0, 9, 16, 17, 49, 65, 89), fc.uint8Array({ maxLength: 300 })).map(([size, rest]) => {
  const bytes = Buffer.concat([Buffer.alloc(64), Buffer.from([size, 0]), rest])
  bytes.writeUInt32BE(0xfe534d42, 0)
  bytes.writeUInt16LE(64, 4)
  return bytes
})
const anything = fc.oneof(
  plausible,
  fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
)

for (const [name, parse] of Object.entries(parsers)) {
  test(`T4: whatever the network brings, ${name} is parsed or refused with a clear error (property)`, () => {
    fc.assert(
      fc.property(anything, (bytes) => {
        try {
          parse(bytes)
        } catch (error) {
          assert.ok(error instanceof SmbError, `${error}`)
        }
      }),
      { numRuns: 2000 },
    )
  })
}

test('T4: frames come out whole, however the stream is cut (property)', () => {
  const frames = fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 8 })
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), (wanted, cuts) => {
      const stream = Buffer.concat(
        wanted.flatMap((frame) => [Buffer.from([0, 0, frame.length >> 8, frame.length & 255]), Buffer.from(frame)]),
      )
      const got: Buffer[] = []
      const read = frameReader(1000, (frame) => got.push(Buffer.from(frame)))
      for (let at = 0, index = 0; at < stream.length; index += 1) {
        const end = at + cuts[index % cuts.length]!
        read(stream.subarray(at, end))
        at = end
      }
      assert.deepEqual(
        got.map((frame) => [...frame]),
        wanted.map((frame) => [...frame]),
      )
    }),
  )
})

test('T4: a frame beyond the limit is refused before memory is taken for it', () => {
  const read = frameReader(1000, () => {})
  assert.throws(() => read(Buffer.from([0, 0xff, 0xff, 0xff])), { fault: 'protocol' })
  assert.throws(() => frameReader(1000, () => {})(Buffer.from([1, 0, 0, 1])), { fault: 'protocol' })
})
