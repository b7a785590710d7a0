import { cutOff, rasterChecker, type StructureCheck, trailing } from './images.ts'

const EOI = 0xd9
const SOS = 0xda
/** What cameras put between the pictures of one file. */
const MAX_PADDING_BYTES = 1024 * 1024

/** Past the entropy-coded bytes of a scan: at the next marker that is neither stuffing nor a restart (ITU-T T.81, B.1.1.5). */
function skipScan(whole: Buffer, from: number): number {
  let at = whole.indexOf(0xff, from)
  while (at >= 0 && at + 1 < whole.length) {
    const next = whole[at + 1]!
    if (next !== 0 && next !== 0xff && (next < 0xd0 || next > 0xd7)) return at
    at = whole.indexOf(0xff, at + (next === 0xff ? 1 : 2))
  }
  return whole.length
}

/** The offset after the end-of-image marker, or null where there is none. */
function findEnd(whole: Buffer): number | null {
  let at = 2
  while (at + 4 <= whole.length || (at + 2 <= whole.length && whole[at + 1] === EOI)) {
    if (whole[at] !== 0xff) return null
    const marker = whole[at + 1]!
    if (marker === EOI) return at + 2
    if (marker === 0xff) at += 1
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) at += 2
    else if (marker === SOS) at = skipScan(whole, at + 2 + whole.readUInt16BE(at + 2))
    else at += 2 + whole.readUInt16BE(at + 2)
  }
  return null
}

/**
 * Phones append: previews and gain maps, which are JPEGs of their own (CIPA DC-007), the film of a moving photo, which is an MP4, and
 * Samsung's trailer, which ends in SEFT. Anything else after the end of the image has no business there.
 */
function isOfCamera(whole: Buffer, end: number): boolean {
  let at = end
  while (at < whole.length && at - end < MAX_PADDING_BYTES && whole[at] === 0) at += 1
  if (at === whole.length) return true
  if (whole[at] === 0xff && whole[at + 1] === 0xd8 && whole[at + 2] === 0xff) return true
  // A film begins with the length of its first box, whose zeros pass for padding.
  if (whole.toString('latin1', at, at + 8).includes('ftyp')) return true
  return whole.toString('latin1', whole.length - 4) === 'SEFT'
}

const findJpegFault: StructureCheck = (whole) => {
  const end = findEnd(whole)
  if (end === null) return cutOff('JPEG', whole.length)
  return isOfCamera(whole, end) ? null : trailing('JPEG', end)
}

/** JPEG: segments to the end of the image and nothing after it but what cameras append; sides; every line decodes. */
export const checkJpeg = rasterChecker('JPEG', 'jpeg', findJpegFault)
