import type { Readable } from 'node:stream'
import { Problem } from '@holdfast/api'
import type { PlannedPart } from '../../core/upload-plan.ts'
import type { PartReceipt } from '../../storage/target.ts'
import { readBody } from './body.ts'
import type { DigestPool, DigestStream } from './digest-pool.ts'
import type { PartWriter } from './part-writer.ts'
import type { Piece, PieceMaker } from './pieces.ts'

/**
 * The body that holds a part as it comes in. `length` is what the sender declared of the whole body, of which the part may be the
 * beginning; `sha256` too, of a body that is one part, or null where nothing was.
 */
export type PartBody = { readonly stream: Readable; readonly length: number; readonly sha256: Uint8Array | null }

/** What became of a part: `seals` names the stored form that the receipts are for. */
export type ReceivedPart = { readonly sha256: string; readonly seals: string; readonly receipts: PartReceipt[] }

export type ReceiveOptions = {
  readonly part: PlannedPart
  /** Turns the bytes into what is stored. */
  readonly pieces: PieceMaker
  readonly writer: PartWriter
  readonly digests: DigestPool
  readonly body: PartBody
  readonly signal: AbortSignal
  /** Called when all bytes of the part have been taken from the body. */
  readonly taken: () => void
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** Throws DIGEST_MISMATCH unless the bytes are those that were declared. */
export function requireDigest(declared: Uint8Array | null, computed: Uint8Array): void {
  if (declared === null || Buffer.compare(declared, computed) === 0) return
  throw new Problem('DIGEST_MISMATCH', undefined, { extra: { computedSha256: hex(computed) } })
}

/** Throws SIZE_MISMATCH unless the body had as many bytes as the part has. */
export function requireSize(received: number, part: PlannedPart): void {
  if (received === part.plainLength) return
  throw new Problem('SIZE_MISMATCH', `Part ${part.number} has ${part.plainLength} bytes; the request brought ${received}.`, {
    extra: { expectedBytes: part.plainLength, receivedBytes: received },
  })
}

/**
 * Takes the bytes of one client part as they come, makes them into driver parts and writes each full one; SHA-256 is computed beside.
 * In the secure tier plaintext is in memory alone, at most a few segments of it. The last driver part is written only when the size is right
 * and so is the digest, where one was declared: a part of one driver part leaves nothing behind where they are wrong. What is written is not
 * yet durable.
 */
export async function receivePart(options: ReceiveOptions): Promise<ReceivedPart> {
  const { part, body, writer, signal } = options
  const digest = options.digests.open()
  try {
    const intake = createIntake(options, digest)
    const limit = body.length > part.plainLength ? part.plainLength : Number.POSITIVE_INFINITY
    requireSize(await readBody(body.stream, intake.take, { signal, limit }), part)
    options.taken()
    signal.throwIfAborted()
    if (body.sha256 === null) intake.finish()
    const sha256 = await digest.finish()
    requireDigest(body.sha256, sha256)
    signal.throwIfAborted()
    if (body.sha256 !== null) intake.finish()
    return { sha256: hex(sha256), seals: options.pieces.seals(), receipts: await writer.finish() }
  } finally {
    digest.drop()
    await writer.settle()
  }
}

/** `finish` lets the last driver part be written. */
type Intake = { take(chunk: Buffer): Promise<void> | undefined; finish(): void }

function createIntake(options: ReceiveOptions, digest: DigestStream): Intake {
  const { writer, pieces } = options
  let last: Piece | null = null

  /** Takes what there is a buffer for; answers how many bytes that were. */
  const fill = (chunk: Buffer): number => {
    let taken = 0
    while (taken < chunk.length && ensureBuffer(pieces, writer)) {
      taken += pieces.write(chunk.subarray(taken))
      const piece = pieces.takePiece()
      if (piece && pieces.wants) writer.submit(piece)
      else if (piece) last = piece
      if (taken < chunk.length && !pieces.wants && last) throw new RangeError('More bytes than the part has')
    }
    return taken
  }
  const fillRest = async (chunk: Buffer, from: number): Promise<void> => {
    let taken = from
    while (taken < chunk.length) {
      await writer.freed()
      taken += fill(chunk.subarray(taken))
    }
    digest.push(chunk)
    if (digest.full) await digest.drained()
  }
  return {
    take(chunk) {
      const taken = fill(chunk)
      if (taken < chunk.length) return fillRest(chunk, taken)
      digest.push(chunk)
      return digest.full ? digest.drained() : undefined
    },
    finish() {
      if (last) writer.submit(last)
    },
  }
}

/** True where there is a buffer to fill, the old one or a new one. */
function ensureBuffer(pieces: PieceMaker, writer: PartWriter): boolean {
  const { wants } = pieces
  if (!wants) return true
  const buffer = writer.findBuffer(wants)
  if (!buffer) return false
  pieces.give(buffer)
  return true
}

/** Reads a body that is already stored, for its digest alone: nothing that is acknowledged is touched. */
export async function digestBody(body: PartBody, options: { digests: DigestPool; signal: AbortSignal }): Promise<Uint8Array> {
  const digest = options.digests.open()
  try {
    await readBody(
      body.stream,
      (chunk) => {
        digest.push(chunk)
        return digest.full ? digest.drained() : undefined
      },
      { signal: options.signal },
    )
    return await digest.finish()
  } finally {
    digest.drop()
  }
}
