import { type PartPlan, type PlannedPart, plainDriverPart } from '../../core/upload-plan.ts'
import type { Piece, PieceMaker } from './pieces.ts'

/** The driver parts of a client part that is stored as it is. */
export function createPlainPieces(options: { plan: PartPlan; part: PlannedPart }): PieceMaker {
  const { plan, part } = options
  const end = part.firstDriverPart + part.driverPartCount
  let number = part.firstDriverPart
  let place = plainDriverPart(plan, number)
  let buffer: Uint8Array | null = null
  let at = 0
  let full: Piece | null = null
  return {
    get wants() {
      return buffer === null && number < end ? { number, ...place } : null
    },
    give(memory) {
      buffer = memory
      at = 0
    },
    write(chunk) {
      if (!buffer) return 0
      const taken = Math.min(place.length - at, chunk.length)
      buffer.set(chunk.subarray(0, taken), at)
      at += taken
      if (at < place.length) return taken
      full = { number, offset: place.offset, bytes: buffer.subarray(0, at) }
      buffer = null
      number += 1
      if (number < end) place = plainDriverPart(plan, number)
      return taken
    },
    takePiece() {
      const piece = full
      full = null
      return piece
    },
    seals: () => '',
  }
}
