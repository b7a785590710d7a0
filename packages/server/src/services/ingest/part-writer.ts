import type { CrashPoints } from '../../core/crash-point.ts'
import type { PartReceipt, StorageTarget, WriteBuffer } from '../../storage/target.ts'
import type { PartMemory } from './part-memory.ts'
import type { Piece } from './pieces.ts'

/** The buffers of one attempt, and what of it is on its way to the target. */
export interface PartWriter {
  /** Null where none is free: then `freed` resolves when asking again makes sense. */
  findBuffer(place: { offset: number; length: number }): Uint8Array | null
  /** Resolves when a buffer has come free; rejects where a write has failed. */
  freed(): Promise<void>
  /** Writes the piece in the buffer that was lent last, which comes free afterwards. */
  submit(piece: Piece): void
  /** The receipts by number, once all that was submitted is written. */
  finish(): Promise<PartReceipt[]>
  /** Resolves when no write of this attempt can reach the target any more, and all buffers are given back. Never rejects. */
  settle(): Promise<void>
}

export type PartWriterOptions = {
  readonly target: StorageTarget
  readonly key: string
  readonly memory: PartMemory
  readonly points: CrashPoints
  readonly signal: AbortSignal
  /** The driver's write to go on with; rejects unless this attempt may still write. Asked before each write. */
  readonly permit: () => Promise<string>
}

/** Writes in flight per attempt: one is written while the next is sealed. */
const BUFFERS = 2

export function createPartWriter(options: PartWriterOptions): PartWriter {
  const { target, key, memory, points, signal } = options
  const lent = new Set<WriteBuffer>()
  const running = new Set<Promise<void>>()
  const receipts: PartReceipt[] = []
  let filling: WriteBuffer | null = null
  let failure: { error: unknown } | null = null

  const giveBack = (buffer: WriteBuffer): void => {
    lent.delete(buffer)
    buffer.release()
  }
  const write = async (piece: Piece, buffer: WriteBuffer): Promise<void> => {
    try {
      const writeId = await options.permit()
      points.reach('upload.part.before-write')
      receipts.push(await target.writePart(key, writeId, piece, { signal }))
      points.reach('upload.part.after-write')
    } catch (error) {
      failure ??= { error }
    } finally {
      giveBack(buffer)
    }
  }
  const rethrow = (): void => {
    if (failure) throw failure.error
  }

  return {
    findBuffer(place) {
      if (lent.size >= BUFFERS) return null
      filling = lent.size === 0 ? memory.first(target, place) : memory.spare(target, place)
      if (filling) lent.add(filling)
      return filling?.bytes ?? null
    },
    async freed() {
      await Promise.race(running)
      rethrow()
    },
    submit(piece) {
      if (!filling) throw new Error('No buffer is lent')
      const work = write(piece, filling).finally(() => running.delete(work))
      filling = null
      running.add(work)
    },
    async finish() {
      await Promise.all(running)
      rethrow()
      return receipts.sort((a, b) => a.number - b.number)
    },
    async settle() {
      await Promise.all(running)
      if (filling) giveBack(filling)
      filling = null
    },
  }
}
