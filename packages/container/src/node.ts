import { type CipherGCM, createCipheriv, randomFillSync } from 'node:crypto'
import { type Bytes, concatBytes, equalInConstantTime } from './bytes.ts'
import type { RandomSource } from './engine.ts'
import {
  assertFileKey,
  assertSegmentPlaintext,
  assertSegmentShape,
  encodeParameters,
  expandInput,
  FLOE_HEADER_TAG_BYTES,
  FLOE_IV_BYTES,
  FLOE_KEY_BYTES,
  FLOE_ROTATION_BITS,
  type FloeHeader,
  forgedHeader,
  forgedSegment,
  keyEpoch,
  PURPOSE_HEADER_TAG,
  PURPOSE_MESSAGE_KEY,
  parseFloeHeader,
  SEGMENT_BODY_OFFSET,
  SEGMENT_IV_BYTES,
  SEGMENT_TAG_BYTES,
  segmentAad,
  segmentKeyPurpose,
  writeLengthField,
} from './floe/format.ts'
import { FLOE_DEFAULT_SEGMENT_LENGTH, FLOE_HEADER_BYTES, FLOE_SEGMENT_OVERHEAD, type SegmentPlace } from './floe/spans.ts'
import { freeBytes, type GcmKey, gcmKey, hmac, nodeEngine, openInto, openPieces, pump, type SealedMessage } from './node-gcm.ts'

export { freeBytes, nodeEngine }

// The synchronous path for Node. It makes and reads the same bytes as the portable functions of the package's main entry.

const nodeRandom: RandomSource = (length) => randomFillSync(new Uint8Array(length))

/** FLOE's KDF; no output is longer than one block of SHA-384. */
function derive(key: Uint8Array, input: Uint8Array, length: number): Bytes {
  return hmac(key, input).slice(0, length)
}

/**
 * A new header with a fresh random iv. Made once for a file and kept: every process that seals a segment of it needs these bytes,
 * and they stand in front of segment 0 in the object.
 */
export function createFloeHeaderSync(options: {
  fileKey: Uint8Array
  aad: Uint8Array
  segmentLength?: number
  random?: RandomSource
}): Bytes {
  assertFileKey(options.fileKey)
  const parameters = encodeParameters(options.segmentLength ?? FLOE_DEFAULT_SEGMENT_LENGTH)
  const iv = (options.random ?? nodeRandom)(FLOE_IV_BYTES)
  const tag = derive(options.fileKey, expandInput({ parameters, iv }, PURPOSE_HEADER_TAG, options.aad), FLOE_HEADER_TAG_BYTES)
  return concatBytes([parameters, iv, tag])
}

/** One segment under way. After `finish`, or when given up, it must not be used again. */
export interface SegmentSealer {
  /** Bytes of plaintext that the segment still takes. */
  readonly room: number
  /** Encrypts all of `plaintext` into the caller's buffer; at most `room` bytes. The chunk may be reused or freed afterwards. */
  write(plaintext: Uint8Array): void
  /** Completes length field and tag; answers the stored length. Every segment but the last must be full by then. */
  finish(): number
}

/** Seals and opens the segments of one file, in any order, each as often as needed: every sealing draws a fresh IV. */
export interface FloeCipher {
  readonly header: Bytes
  readonly segmentLength: number
  /** Seals the concatenation of `plaintext` into the start of `out`; answers the stored length. */
  sealSegmentInto(out: Uint8Array, place: SegmentPlace, plaintext: readonly Uint8Array[]): number
  /** As `sealSegmentInto`, for plaintext that arrives chunk by chunk. `out` has room for a whole segment. */
  startSegment(out: Uint8Array, place: SegmentPlace): SegmentSealer
  /**
   * Opens one stored segment into the start of `out`; answers the length of its plaintext. Throws, with `out` wiped, unless every
   * byte is authentic for this file and place. `out` may begin where `stored` does, so that the plaintext takes its place; in any
   * other way the two must not overlap.
   */
  openSegmentInto(out: Uint8Array, place: SegmentPlace, stored: Uint8Array): number
  /** As `openSegmentInto`, in memory of its own, which `freeBytes` gives back early: saves a copy where pieces will do. */
  openSegment(place: SegmentPlace, stored: Uint8Array): Uint8Array[]
}

type CipherState = { header: FloeHeader; aad: Uint8Array; messageKey: Bytes; rotationBits: number }

/** The key of a segment. Segments of one epoch follow each other nearly always, so the last key is remembered. */
function segmentKeys(state: CipherState): (index: number) => GcmKey {
  let last: { epoch: number; key: GcmKey } | null = null
  return (index) => {
    const epoch = keyEpoch(index, state.rotationBits)
    if (last?.epoch !== epoch) {
      const raw = derive(state.messageKey, expandInput(state.header, segmentKeyPurpose(epoch), state.aad), FLOE_KEY_BYTES)
      last = { epoch, key: gcmKey(raw) }
      raw.fill(0)
    }
    return last.key
  }
}

function createSealer(cipher: CipherGCM, out: Uint8Array, place: SegmentPlace & { segmentLength: number }): SegmentSealer {
  const full = place.segmentLength - FLOE_SEGMENT_OVERHEAD
  let at = SEGMENT_BODY_OFFSET
  const room = () => full - (at - SEGMENT_BODY_OFFSET)
  return {
    get room() {
      return room()
    },
    write(plaintext) {
      if (plaintext.length > room()) throw new RangeError(`The segment has room for ${room()} bytes, not ${plaintext.length}`)
      at = pump(cipher, plaintext, { out, at })
    },
    finish() {
      assertSegmentPlaintext(place, at - SEGMENT_BODY_OFFSET, place.segmentLength)
      cipher.final()
      out.set(cipher.getAuthTag(), at)
      const storedLength = at + SEGMENT_TAG_BYTES
      writeLengthField(out, place, storedLength)
      return storedLength
    },
  }
}

type Unlocked = { readonly segmentLength: number; readonly random: RandomSource; keyOf(index: number): GcmKey }

/** What it takes to bind file key, AAD and header together. */
export type FloeCipherOptions = {
  fileKey: Uint8Array
  aad: Uint8Array
  header: Uint8Array
  random?: RandomSource
  /** For the published known-answer tests alone; FLOE fixes it at 20. */
  rotationBits?: number
}

function unlock(options: FloeCipherOptions): Unlocked {
  assertFileKey(options.fileKey)
  const header = parseFloeHeader(options.header)
  const aad = options.aad.slice()
  const tag = derive(options.fileKey, expandInput(header, PURPOSE_HEADER_TAG, aad), FLOE_HEADER_TAG_BYTES)
  if (!equalInConstantTime(tag, header.tag)) throw forgedHeader()
  const messageKey = hmac(options.fileKey, expandInput(header, PURPOSE_MESSAGE_KEY, aad))
  const keyOf = segmentKeys({ header, aad, messageKey, rotationBits: options.rotationBits ?? FLOE_ROTATION_BITS })
  return { segmentLength: header.segmentLength, random: options.random ?? nodeRandom, keyOf }
}

function sealingWith({ segmentLength, random, keyOf }: Unlocked): Pick<FloeCipher, 'startSegment' | 'sealSegmentInto'> {
  function startSegment(out: Uint8Array, place: SegmentPlace): SegmentSealer {
    const iv = random(SEGMENT_IV_BYTES)
    out.set(iv, 4)
    const { name, key } = keyOf(place.index)
    const cipher = createCipheriv(name, key, iv, { authTagLength: SEGMENT_TAG_BYTES })
    cipher.setAAD(segmentAad(place))
    return createSealer(cipher, out, { ...place, segmentLength })
  }
  return {
    startSegment,
    sealSegmentInto(out, place, plaintext) {
      const sealer = startSegment(out, place)
      for (const chunk of plaintext) sealer.write(chunk)
      return sealer.finish()
    },
  }
}

function openingWith({ segmentLength, keyOf }: Unlocked): Pick<FloeCipher, 'openSegmentInto' | 'openSegment'> {
  const offsetOf = (place: SegmentPlace) => FLOE_HEADER_BYTES + place.index * segmentLength
  function messageOf(place: SegmentPlace, stored: Uint8Array): SealedMessage {
    assertSegmentShape(stored, place, { segmentLength, offset: offsetOf(place) })
    return { iv: stored.subarray(4, SEGMENT_BODY_OFFSET), aad: segmentAad(place), bytes: stored.subarray(SEGMENT_BODY_OFFSET) }
  }
  return {
    openSegmentInto(out, place, stored) {
      if (!openInto(out, keyOf(place.index), messageOf(place, stored))) throw forgedSegment(place.index, offsetOf(place))
      return stored.length - FLOE_SEGMENT_OVERHEAD
    },
    openSegment(place, stored) {
      const pieces = openPieces(keyOf(place.index), messageOf(place, stored))
      if (pieces === null) throw forgedSegment(place.index, offsetOf(place))
      return pieces
    },
  }
}

/**
 * Binds file key, AAD and header together. 'header-forged' where they do not belong to each other, so that the wrong key, another
 * file's AAD or another file's header is found before a segment is read.
 */
export function createFloeCipher(options: FloeCipherOptions): FloeCipher {
  const unlocked = unlock(options)
  return {
    header: new Uint8Array(options.header.subarray(0, FLOE_HEADER_BYTES)),
    segmentLength: unlocked.segmentLength,
    ...sealingWith(unlocked),
    ...openingWith(unlocked),
  }
}
