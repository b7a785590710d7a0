import { freeBytes } from '@holdfast/container/node'
import type { StreamDestination } from './destination.ts'

/** Writes pieces to a stream as they are, while the next ones are made, and gives their memory back. */
export interface PieceWriter extends AsyncDisposable {
  /** Resolves when the next pieces may come. */
  write(pieces: readonly Uint8Array[]): Promise<void>
  /** Resolves when all is written. Disposing waits for the writes under way. */
  finish(): Promise<void>
}

/** Results that wait for their turn; more would only fill memory. */
const WAITING = 4

export function createPieceWriter(destination: StreamDestination): PieceWriter {
  const pending: Promise<void>[] = []
  let last: Promise<void> = Promise.resolve()
  async function writeAfter(before: Promise<void>, pieces: readonly Uint8Array[]): Promise<void> {
    await before
    await destination.write(pieces)
    for (const piece of pieces) freeBytes(piece)
  }
  return {
    async write(pieces) {
      last = writeAfter(last, pieces)
      // Whoever waits next hears of a failure; until then it must not count as unheard.
      last.catch(() => {})
      pending.push(last)
      if (pending.length >= WAITING) await pending.shift()
    },
    async finish() {
      await last
    },
    async [Symbol.asyncDispose]() {
      await last.catch(() => {})
    },
  }
}
