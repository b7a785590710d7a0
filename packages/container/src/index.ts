export { type AeadEngine, type AeadKey, type RandomSource, webCryptoEngine } from './engine.ts'
export { ContainerError, type ContainerErrorKind, describeContainerError } from './errors.ts'
export { looksLikeFloe, parseFloeHeader } from './floe/format.ts'
export { holdfastAad } from './floe/holdfast-aad.ts'
export {
  assertRange,
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
  type InclusiveRange,
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
