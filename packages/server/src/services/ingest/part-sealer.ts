import { createHash } from 'node:crypto'
import { isLastSegment, segmentPlainLength, segmentStoredLength } from '@holdfast/container'
import type { FloeCipher, SegmentSealer } from '@holdfast/container/node'
import { driverPart, type PlannedPart, type UploadPlan } from '../../core/upload-plan.ts'
import type { Piece, PieceMaker } from './pieces.ts'

const IV_AT = 4
const BODY_AT = 16
const TAG_BYTES = 16

/** Names the sealed segments of a part by their IVs and tags: which sealing of the part it is that lies at the target. */
export interface SealsDigest {
  add(segment: Uint8Array): void
  hex(): string
}
export function createSealsDigest(): SealsDigest {
  const hash = createHash('sha256')
  return {
    add(segment) {
      hash.update(segment.subarray(IV_AT, BODY_AT)).update(segment.subarray(segment.length - TAG_BYTES))
    },
    hex: () => hash.digest('hex'),
  }
}

type Open = { sealer: SegmentSealer; index: number; left: number; out: Uint8Array }

/** Seals the plaintext of one client part. `seals` is SHA-256 over IV and tag of every segment sealed so far, hex. */
export function createPartSealer(options: { plan: UploadPlan; part: PlannedPart; cipher: FloeCipher }): PieceMaker {
  const { plan, part, cipher } = options
  const { geometry } = plan
  const seals = createSealsDigest()
  const end = part.firstDriverPart + part.driverPartCount
  let number = part.firstDriverPart
  let piece = driverPart(plan, number)
  let buffer: Uint8Array | null = null
  let at = 0
  let nextSegment = piece.firstSegment
  let open: Open | null = null
  let sealed: Piece | null = null

  const startSegment = (out: Uint8Array): Open => {
    const index = nextSegment
    const segment = out.subarray(at, at + segmentStoredLength(geometry, index))
    const sealer = cipher.startSegment(segment, { index, isLast: isLastSegment(geometry, index) })
    return { sealer, index, left: segmentPlainLength(geometry, index), out: segment }
  }
  const finishSegment = (segment: Open): void => {
    at += segment.sealer.finish()
    seals.add(segment.out)
    nextSegment += 1
    open = null
    if (nextSegment === piece.firstSegment + piece.segmentCount) finishPiece()
  }
  const finishPiece = (): void => {
    sealed = { number, offset: piece.storedOffset, bytes: buffer!.subarray(0, at) }
    buffer = null
    number += 1
    if (number < end) piece = driverPart(plan, number)
  }

  return {
    get wants() {
      return buffer === null && number < end ? { number, offset: piece.storedOffset, length: piece.storedLength } : null
    },
    give(memory) {
      buffer = memory
      at = 0
      if (number > 1) return
      memory.set(cipher.header)
      at = cipher.header.length
    },
    write(chunk) {
      let taken = 0
      while (taken < chunk.length && buffer) {
        const segment: Open = open ?? startSegment(buffer)
        open = segment
        const length = Math.min(segment.left, chunk.length - taken)
        segment.sealer.write(chunk.subarray(taken, taken + length))
        segment.left -= length
        taken += length
        if (segment.left === 0) finishSegment(segment)
      }
      return taken
    },
    takePiece() {
      const piece = sealed
      sealed = null
      return piece
    },
    seals: () => seals.hex(),
  }
}
