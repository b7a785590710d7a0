import { type Bytes, concatBytes, readU32, utf8, writeU32, writeU64 } from '../bytes.ts'
import { ContainerError } from '../errors.ts'
import { assertSegmentLength, FLOE_HEADER_BYTES, FLOE_SEGMENT_OVERHEAD, type SegmentPlace } from './spans.ts'

/** The encodings of c2sp.org/FLOE for AES-256-GCM, HKDF-Expand-SHA-384 and an iv of 32 bytes. Pure: no keys, no I/O. */

export const FLOE_PARAMETER_BYTES = 10
export const FLOE_IV_BYTES = 32
export const FLOE_HEADER_TAG_BYTES = 32
export const FLOE_MESSAGE_KEY_BYTES = 48
export const FLOE_KEY_BYTES = 32
export const SEGMENT_IV_BYTES = 12
export const SEGMENT_TAG_BYTES = 16
/** Where ciphertext begins in a stored segment: behind length field and IV. */
export const SEGMENT_BODY_OFFSET = 16
/** One segment key serves 2^20 segments. */
export const FLOE_ROTATION_BITS = 20
/** Length field of every segment but the last. */
export const NOT_LAST = 0xffff_ffff

/** Purposes of the key derivation. */
export const PURPOSE_HEADER_TAG: Bytes = utf8('HEADER_TAG:')
export const PURPOSE_MESSAGE_KEY: Bytes = utf8('MESSAGE_KEY:')
const PURPOSE_SEGMENT_KEY = utf8('DEK:')

export type FloeHeader = {
  readonly parameters: Uint8Array
  readonly segmentLength: number
  readonly iv: Uint8Array
  readonly tag: Uint8Array
}

export function encodeParameters(segmentLength: number): Bytes {
  assertSegmentLength(segmentLength)
  const parameters = new Uint8Array(FLOE_PARAMETER_BYTES)
  writeU32(parameters, 2, segmentLength)
  writeU32(parameters, 6, FLOE_IV_BYTES)
  return parameters
}

/** The parts of a header, not yet authenticated. 'header-cut', 'not-a-container' or 'header-segment-length' where it is none. */
export function parseFloeHeader(header: Uint8Array): FloeHeader {
  if (header.length < FLOE_HEADER_BYTES) {
    throw new ContainerError('header-cut', `The object ends inside the header: ${header.length} of ${FLOE_HEADER_BYTES} bytes are there`, 0)
  }
  if (!looksLikeFloe(header)) {
    throw new ContainerError('not-a-container', 'The object does not begin with FLOE parameters for AES-256-GCM and SHA-384', 0)
  }
  const segmentLength = readU32(header, 2)
  assertSegmentLength(segmentLength, 2)
  return {
    parameters: header.slice(0, FLOE_PARAMETER_BYTES),
    segmentLength,
    iv: header.slice(FLOE_PARAMETER_BYTES, FLOE_PARAMETER_BYTES + FLOE_IV_BYTES),
    tag: header.slice(FLOE_PARAMETER_BYTES + FLOE_IV_BYTES, FLOE_HEADER_BYTES),
  }
}

/** FLOE has no magic; its parameters are all that can be seen without a key. */
export function looksLikeFloe(start: Uint8Array): boolean {
  return start.length >= FLOE_PARAMETER_BYTES && start[0] === 0 && start[1] === 0 && readU32(start, 6) === FLOE_IV_BYTES
}

/** The `info` of HKDF-Expand for one purpose, with the block number 1 behind it: all that one HMAC has to cover (RFC 5869 §2.3). */
export function expandInput(header: Pick<FloeHeader, 'parameters' | 'iv'>, purpose: Uint8Array, aad: Uint8Array): Bytes {
  return concatBytes([header.parameters, header.iv, purpose, aad, Uint8Array.of(1)])
}

export function assertFileKey(fileKey: Uint8Array): void {
  if (fileKey.length === FLOE_KEY_BYTES) return
  throw new ContainerError('key-length', `A file key has ${FLOE_KEY_BYTES} bytes, not ${fileKey.length}`)
}

/** The first segment that shares a key with segment `index`. */
export function keyEpoch(index: number, rotationBits: number = FLOE_ROTATION_BITS): number {
  return index - (index % 2 ** rotationBits)
}

export function segmentKeyPurpose(epoch: number): Bytes {
  const purpose = new Uint8Array(PURPOSE_SEGMENT_KEY.length + 8)
  purpose.set(PURPOSE_SEGMENT_KEY)
  writeU64(purpose, PURPOSE_SEGMENT_KEY.length, epoch)
  return purpose
}

/** What the AEAD authenticates beside the segment's plaintext. */
export function segmentAad(place: SegmentPlace): Bytes {
  const aad = new Uint8Array(9)
  writeU64(aad, 0, place.index)
  aad[8] = place.isLast ? 1 : 0
  return aad
}

/** Writes the length field of a segment whose stored length is `storedLength` to the start of `out`. */
export function writeLengthField(out: Uint8Array, place: SegmentPlace, storedLength: number): void {
  writeU32(out, 0, place.isLast ? storedLength : NOT_LAST)
}

/** Throws unless plaintext of `length` bytes may stand at `place`: only the last segment may be less than full. */
export function assertSegmentPlaintext(place: SegmentPlace, length: number, segmentLength: number): void {
  const full = segmentLength - FLOE_SEGMENT_OVERHEAD
  if (place.isLast ? length <= full : length === full) return
  throw new ContainerError('segment-length', `Segment ${place.index} cannot hold ${length} bytes of plaintext: whole segments hold ${full}`)
}

/** Throws unless `stored` has the outer shape of the segment at `place`; `offset` is where it lies in the object. */
export function assertSegmentShape(stored: Uint8Array, place: SegmentPlace, at: { segmentLength: number; offset: number }): void {
  const { index, isLast } = place
  const { segmentLength, offset } = at
  const length = stored.length
  const cut = () => new ContainerError('segment-cut', `Segment ${index} is cut: ${length} bytes of it are there`, offset)
  const wrong = () => new ContainerError('segment-length', `The length field of segment ${index} does not fit its place`, offset)
  if (length < FLOE_SEGMENT_OVERHEAD) throw cut()
  if (length > segmentLength) throw wrong()
  const field = readU32(stored, 0)
  if (field === NOT_LAST) {
    if (length < segmentLength) throw cut()
    if (isLast) throw new ContainerError('truncated', `The object ends after segment ${index}, which is not the last one`, offset)
    return
  }
  if (field < FLOE_SEGMENT_OVERHEAD || field > segmentLength) throw wrong()
  if (field > length) throw cut()
  if (field < length || !isLast)
    throw new ContainerError('trailing-bytes', `Something follows segment ${index}, which is the last one`, offset + field)
}

export const forgedSegment = (index: number, offset: number): ContainerError =>
  new ContainerError('segment-forged', `Segment ${index} is not what was sealed here`, offset)

export const forgedHeader = (): ContainerError =>
  new ContainerError('header-forged', 'The header does not fit this file key and AAD: one of the three is wrong', 0)
