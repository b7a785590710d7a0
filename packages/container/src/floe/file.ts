import { type Bytes, concatBytes, equalInConstantTime } from '../bytes.ts'
import { type AeadEngine, type AeadKey, type RandomSource, systemRandom, webCryptoEngine } from '../engine.ts'
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
  segmentAad,
  segmentKeyPurpose,
  writeLengthField,
} from './format.ts'
import { FLOE_DEFAULT_SEGMENT_LENGTH, FLOE_HEADER_BYTES, FLOE_SEGMENT_OVERHEAD, type SegmentPlace } from './spans.ts'

/** What a FLOE file is sealed under. `aad` is known to both sides and not stored; readers must give the same bytes. */
export type FloeSecrets = {
  /** 32 random bytes, for one file alone. */
  fileKey: Uint8Array
  aad: Uint8Array
  /** `webCryptoEngine` unless given. */
  engine?: AeadEngine
  /** For reproducible vectors alone. */
  random?: RandomSource
  /** For the published known-answer tests alone; FLOE fixes it at 20. */
  rotationBits?: number
}

/** One FLOE file whose secrets are at hand. Segments may be sealed and opened in any order and repeatedly. */
export interface FloeFile {
  readonly header: Bytes
  readonly segmentLength: number
  /** The stored segment, under a fresh random IV. Every segment but the last must be full. */
  sealSegment(place: SegmentPlace, plaintext: Uint8Array): Promise<Bytes>
  /** The plaintext of a stored segment; throws unless every byte is authentic for this file and place. */
  openSegment(place: SegmentPlace, stored: Uint8Array): Promise<Uint8Array>
}

type Keys = { secrets: FloeSecrets; header: FloeHeader; engine: AeadEngine; messageKey: Uint8Array }

/** Segments of one epoch follow each other nearly always, so the last key is remembered. */
function segmentKeys(keys: Keys): (index: number) => Promise<AeadKey> {
  let epoch = -1
  let key: Promise<AeadKey> | undefined
  async function deriveKey(wanted: number): Promise<AeadKey> {
    const input = expandInput(keys.header, segmentKeyPurpose(wanted), keys.secrets.aad)
    const block = await keys.engine.hmacSha384(keys.messageKey, input)
    return await keys.engine.importKey(block.slice(0, FLOE_KEY_BYTES))
  }
  return (index) => {
    const wanted = keyEpoch(index, keys.secrets.rotationBits ?? FLOE_ROTATION_BITS)
    if (wanted !== epoch || key === undefined) {
      epoch = wanted
      key = deriveKey(wanted)
    }
    return key
  }
}

/** A new header with a fresh random iv: made once for a file, then needed by whoever seals or opens a segment of it. */
export async function createFloeHeader(secrets: FloeSecrets & { segmentLength?: number }): Promise<Bytes> {
  assertFileKey(secrets.fileKey)
  const engine = secrets.engine ?? webCryptoEngine
  const parameters = encodeParameters(secrets.segmentLength ?? FLOE_DEFAULT_SEGMENT_LENGTH)
  const iv = (secrets.random ?? systemRandom)(FLOE_IV_BYTES)
  const block = await engine.hmacSha384(secrets.fileKey, expandInput({ parameters, iv }, PURPOSE_HEADER_TAG, secrets.aad))
  return concatBytes([parameters, iv, block.subarray(0, FLOE_HEADER_TAG_BYTES)])
}

/**
 * Binds file key, AAD and header together. 'header-forged' where they do not belong to each other, so that a wrong key, another
 * file's AAD or another file's header is found before a segment is read.
 */
export async function unlockFloe(secrets: FloeSecrets & { header: Uint8Array }): Promise<FloeFile> {
  assertFileKey(secrets.fileKey)
  const engine = secrets.engine ?? webCryptoEngine
  const header = parseFloeHeader(secrets.header)
  const tag = await engine.hmacSha384(secrets.fileKey, expandInput(header, PURPOSE_HEADER_TAG, secrets.aad))
  if (!equalInConstantTime(tag.subarray(0, FLOE_HEADER_TAG_BYTES), header.tag)) throw forgedHeader()
  const messageKey = await engine.hmacSha384(secrets.fileKey, expandInput(header, PURPOSE_MESSAGE_KEY, secrets.aad))
  const keyOf = segmentKeys({ secrets, header, engine, messageKey })
  const random = secrets.random ?? systemRandom
  const { segmentLength } = header
  return {
    header: new Uint8Array(secrets.header.subarray(0, FLOE_HEADER_BYTES)),
    segmentLength,
    async sealSegment(place, plaintext) {
      assertSegmentPlaintext(place, plaintext.length, segmentLength)
      const stored = new Uint8Array(plaintext.length + FLOE_SEGMENT_OVERHEAD)
      const iv = random(SEGMENT_IV_BYTES)
      writeLengthField(stored, place, stored.length)
      stored.set(iv, 4)
      const key = await keyOf(place.index)
      await key.sealInto(stored.subarray(SEGMENT_BODY_OFFSET), { iv, aad: segmentAad(place), bytes: plaintext })
      return stored
    },
    async openSegment(place, stored) {
      const offset = FLOE_HEADER_BYTES + place.index * segmentLength
      assertSegmentShape(stored, place, { segmentLength, offset })
      const key = await keyOf(place.index)
      const message = { iv: stored.subarray(4, SEGMENT_BODY_OFFSET), aad: segmentAad(place), bytes: stored.subarray(SEGMENT_BODY_OFFSET) }
      const plaintext = await key.open(message)
      if (plaintext === null) throw forgedSegment(place.index, offset)
      return plaintext
    },
  }
}

/** A new file: fresh header, ready to be sealed. */
export async function createFloe(secrets: FloeSecrets & { segmentLength?: number }): Promise<FloeFile> {
  return await unlockFloe({ ...secrets, header: await createFloeHeader(secrets) })
}
