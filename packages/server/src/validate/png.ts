import { cutOff, rasterChecker, type StructureCheck, trailing } from './images.ts'

const SIGNATURE_BYTES = 8
/** Length, type and CRC (PNG, third edition, §5.3). */
const CHUNK_FRAME_BYTES = 12

const findPngFault: StructureCheck = (whole) => {
  let at = SIGNATURE_BYTES
  while (at + CHUNK_FRAME_BYTES <= whole.length) {
    const next = at + CHUNK_FRAME_BYTES + whole.readUInt32BE(at)
    if (next > whole.length) return cutOff('PNG', at)
    if (whole.toString('latin1', at + 4, at + 8) === 'IEND') return next === whole.length ? null : trailing('PNG', next)
    at = next
  }
  return cutOff('PNG', at)
}

/** PNG: chunks to IEND and nothing after it; sides; every line decodes. */
export const checkPng = rasterChecker('PNG', 'png', findPngFault)
