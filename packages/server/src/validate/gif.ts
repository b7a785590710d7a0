import { cutOff, rasterChecker, type StructureCheck, trailing } from './images.ts'

const HEADER_BYTES = 13
const EXTENSION = 0x21
const IMAGE = 0x2c
const TRAILER = 0x3b

/** Bytes of the colour table that `packed` announces (GIF89a §18, §20). */
const tableBytes = (packed: number): number => ((packed & 0x80) === 0 ? 0 : 3 << ((packed & 7) + 1))

/** Past a sequence of sub-blocks; past the end of the file where it is cut off. */
function skipSubBlocks(whole: Buffer, from: number): number {
  let at = from
  while (at < whole.length && whole[at] !== 0) at += 1 + whole[at]!
  return at + 1
}

const findGifFault: StructureCheck = (whole) => {
  if (whole.length < HEADER_BYTES) return cutOff('GIF', whole.length)
  let at = HEADER_BYTES + tableBytes(whole[10]!)
  while (at < whole.length) {
    const block = whole[at]
    if (block === TRAILER) return at + 1 === whole.length ? null : trailing('GIF', at + 1)
    if (block === EXTENSION) at = skipSubBlocks(whole, at + 2)
    else if (block === IMAGE && at + 10 < whole.length) at = skipSubBlocks(whole, at + 11 + tableBytes(whole[at + 9]!))
    else return cutOff('GIF', at)
  }
  return cutOff('GIF', whole.length)
}

/** GIF: blocks to the trailer and nothing after it, so that no script can stand there; sides; every frame decodes. */
export const checkGif = rasterChecker('GIF', 'gif', findGifFault)
