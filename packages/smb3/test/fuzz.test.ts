import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { messageCrypt } from '../src/crypt.ts'
import { SmbError } from '../src/errors.ts'
import { frameHead, frameReader, messageSink } from '../src/frames.ts'
import { parseChallenge } from '../src/ntlm.ts'
import { parseResponse } from '../src/spnego.ts'
import * as common from '../src/wire.ts'
import * as files from '../src/wire-files.ts'
import * as information from '../src/wire-information.ts'
import * as signIn from '../src/wire-sign-in.ts'

const wire = { ...common, ...files, ...information, ...signIn }

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

const plainReader = (onFrame: (frame: Buffer) => void = () => {}) =>
  frameReader(
    1000,
    messageSink(() => null, onFrame),
  )

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
      const read = plainReader((frame) => got.push(Buffer.from(frame)))
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
  assert.throws(() => plainReader()(Buffer.from([0, 0xff, 0xff, 0xff])), { fault: 'protocol' })
  assert.throws(() => plainReader()(Buffer.from([1, 0, 0, 1])), { fault: 'protocol' })
})

const sessionId = 7n
const key = Buffer.alloc(32, 1)
const cryptOf = (name: keyof typeof wire.cipher) => {
  const cut = key.subarray(0, name.startsWith('aes128') ? 16 : 32)
  return messageCrypt({ cipher: wire.cipher[name], keys: { signing: cut, toServer: cut, toClient: cut }, sessionId })
}
const framed = (parts: readonly Uint8Array[]): Buffer => {
  const frame = Buffer.concat(parts)
  return Buffer.concat([frameHead(frame.length), frame])
}

for (const name of Object.keys(wire.cipher) as (keyof typeof wire.cipher)[]) {
  test(`T4: what ${name} sealed in pieces is opened however the stream is cut, and no flipped bit passes (property)`, () => {
    const crypt = cryptOf(name)
    const lengths = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 65_500, max: 131_200 }))
    const flips = fc.option(fc.nat(), { freq: 1 })
    fc.assert(
      fc.property(lengths, fc.integer({ min: 40, max: 70_000 }), flips, (length, cut, flip) => {
        const plain = Buffer.alloc(length, length)
        const stream = framed(crypt.seal([plain.subarray(0, 10), plain.subarray(10)]))
        if (flip !== null) stream[8 + (flip % (stream.length - 8))]! ^= 1
        const got: Buffer[] = []
        const read = frameReader(
          200_000,
          messageSink(
            () => crypt,
            (message) => got.push(Buffer.from(message)),
          ),
        )
        const run = () => {
          for (let at = 0; at < stream.length; at += cut) read(stream.subarray(at, at + cut))
        }
        if (flip === null) run()
        else assert.throws(run, SmbError)
        assert.deepEqual(got, flip === null ? [plain] : [])
      }),
      { numRuns: 60 },
    )
  })
}

test('T4: a frame that begins in plaintext before the session is encrypted and ends afterwards is refused', () => {
  let crypt: ReturnType<typeof cryptOf> | null = null
  const got: Buffer[] = []
  const sink = messageSink(
    () => crypt,
    (message) => got.push(message),
  )
  const read = frameReader(1000, sink)
  const stream = framed([Buffer.alloc(100)])
  read(stream.subarray(0, 50))
  crypt = cryptOf('aes128gcm')
  assert.throws(() => read(stream.subarray(50)), { fault: 'encryption' })
  assert.throws(() => frameReader(1000, sink)(framed([Buffer.alloc(20)])), { fault: 'encryption' })
  assert.throws(() => frameReader(1000, sink)(stream), { fault: 'encryption' })
  assert.deepEqual(got, [])
})
