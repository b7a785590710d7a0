/**
 * Sealed containers: FLOE (c2sp.org/FLOE) and LXENC01 (AESGCM-chunked-v1). Web APIs only; the same code runs in Node and in browsers.
 * docs/spec/container.md has the formats field by field. '@holdfast/container/node' adds a synchronous path over node:crypto.
 */
export { utf8 } from './bytes.ts'
export { type ContainerFormat, detectContainer } from './detect.ts'
export { type AeadEngine, type AeadKey, type AeadMessage, type Eventually, type RandomSource, webCryptoEngine } from './engine.ts'
export { ContainerError, type ContainerErrorKind, containerErrorKinds, describeContainerError } from './errors.ts'
export { createFloe, createFloeHeader, type FloeFile, type FloeSecrets, unlockFloe } from './floe/file.ts'
export { FLOE_KEY_BYTES, type FloeHeader, parseFloeHeader } from './floe/format.ts'
export { holdfastAad } from './floe/holdfast-aad.ts'
export {
  FLOE_DEFAULT_SEGMENT_LENGTH,
  FLOE_HEADER_BYTES,
  FLOE_MAX_SEGMENT_LENGTH,
  FLOE_MAX_SEGMENTS,
  FLOE_SEGMENT_OVERHEAD,
  type FloeGeometry,
  type FloePart,
  floeGeometryOfPlaintext,
  floeGeometryOfStored,
  floePart,
  floePartCount,
  isLastSegment,
  type SegmentPlace,
  type SegmentSlice,
  segmentOffset,
  segmentPlace,
  segmentPlainLength,
  segmentStoredLength,
  segmentsCovering,
  sliceOfSegment,
} from './floe/spans.ts'
export { type FloeReader, openFloe, openFloeStream, sealFloe } from './floe/streams.ts'
export {
  createLxenc,
  type LxencFileKey,
  type LxencOpener,
  type LxencSealer,
  type LxencSecrets,
  lxencOpener,
  lxencSealer,
  unwrapLxenc,
} from './lxenc/chunks.ts'
export { assertRecordFits, type LxencIndex, readLxencIndex } from './lxenc/file-index.ts'
export {
  isEncrypted,
  LXENC_DEFAULT_CHUNK_SIZE,
  LXENC_MAGIC,
  LXENC_MAX_CHUNK_SIZE,
  LXENC_MAX_HEADER_BYTES,
  type LxencHeader,
  type LxencProfile,
  parseLxencHeader,
} from './lxenc/header.ts'
export { createLxencIndexCache, type IndexKey, type LxencIndexCache } from './lxenc/index-cache.ts'
export { parseMasterKey } from './lxenc/master-key.ts'
export {
  LXENC_MAX_CHUNKS,
  LXENC_RECORD_OVERHEAD,
  type LxencGeometry,
  type LxencRecord,
  lxencGeometryOfStored,
  lxencStoredSize,
  recordsCovering,
} from './lxenc/spans.ts'
export { type LxencReader, openLxenc, openLxencStream, sealLxenc } from './lxenc/streams.ts'
export { assertRange, type InclusiveRange } from './range.ts'
export type { ContainerReader } from './reader.ts'
export { type ByteSource, blobSource, bytesSource, type ReadOptions } from './source.ts'
