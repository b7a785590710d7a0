import { cutOff, rasterChecker, type StructureCheck, trailing } from './images.ts'

const RIFF_HEADER_BYTES = 8

const findWebpFault: StructureCheck = (whole) => {
  const end = RIFF_HEADER_BYTES + whole.readUInt32LE(4)
  if (end > whole.length) return cutOff('WebP', whole.length)
  return end === whole.length ? null : trailing('WebP', end)
}

/** WebP: one RIFF chunk that is the whole file (RFC 9649 §2.4); sides; every line of every frame decodes. */
export const checkWebp = rasterChecker('WebP', 'webp', findWebpFault)
