import { assertRange, type InclusiveRange } from './range.ts'
import type { ReadOptions } from './source.ts'

/** An opened container that can be read at any place. */
export interface ContainerReader {
  /** In bytes. */
  readonly plaintextSize: number
  /**
   * The bytes of `range` (the whole file without one), piece by piece, each authenticated before any of it is given out. The pieces
   * are the caller's to keep or change. Throws 'range-invalid' or 'range-outside' at once; every range of an empty file is outside.
   */
  stream(range?: InclusiveRange, options?: ReadOptions): AsyncGenerator<Uint8Array>
  /** The bytes of `range` in one piece. */
  read(range: InclusiveRange, options?: ReadOptions): Promise<Uint8Array>
}

/** A container as a row of pieces (segments or chunks), the plaintext of which lies one behind the other. */
export type Pieces = {
  readonly plaintextSize: number
  cover(range: InclusiveRange): { first: number; last: number }
  /** Where the plaintext of piece `index` begins. */
  plainOffset(index: number): number
  /** Its authenticated plaintext. */
  open(index: number, options?: ReadOptions): Promise<Uint8Array>
}

export function readerOf(pieces: Pieces): ContainerReader {
  const { plaintextSize } = pieces
  async function* covered(range: InclusiveRange, options?: ReadOptions): AsyncGenerator<Uint8Array> {
    const { first, last } = pieces.cover(range)
    for (let index = first; index <= last; index += 1) {
      options?.signal?.throwIfAborted()
      const plaintext = await pieces.open(index, options)
      const begin = pieces.plainOffset(index)
      const wanted = plaintext.subarray(Math.max(0, range.start - begin), range.end + 1 - begin)
      if (wanted.length > 0) yield wanted
    }
  }
  async function* nothing(): AsyncGenerator<Uint8Array> {}
  function stream(range?: InclusiveRange, options?: ReadOptions): AsyncGenerator<Uint8Array> {
    if (range === undefined && plaintextSize === 0) return nothing()
    const whole = range ?? { start: 0, end: plaintextSize - 1 }
    assertRange(whole, plaintextSize)
    return covered(whole, options)
  }
  return {
    plaintextSize,
    stream,
    async read(range, options) {
      assertRange(range, plaintextSize)
      const out = new Uint8Array(range.end - range.start + 1)
      let at = 0
      for await (const piece of stream(range, options)) {
        out.set(piece, at)
        at += piece.length
      }
      return out
    },
  }
}
