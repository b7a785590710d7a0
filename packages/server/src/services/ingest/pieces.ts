/** A driver part, ready to be written: `bytes` is a view of the buffer that was given for it. */
export type Piece = { readonly number: number; readonly offset: number; readonly bytes: Uint8Array }

/** Makes the driver parts of one client part out of its bytes, chunk by chunk as they come, each in one buffer. */
export interface PieceMaker {
  /** Place of the driver part that needs a buffer next; null while one is being filled, and at the end. */
  readonly wants: { readonly number: number; readonly offset: number; readonly length: number } | null
  give(buffer: Uint8Array): void
  /** Takes bytes up to the end of the driver part at hand; answers how many it took. */
  write(chunk: Uint8Array): number
  /** The driver part that has just become full, once. */
  takePiece(): Piece | null
  /** What names the stored form of the part among others of the same bytes; empty where there is one form alone. */
  seals(): string
}
