import { fromBase64, toBase64 } from './base64.ts'
import { type Checkpoint, openCheckpoint } from './checkpoint.ts'
import { HASH_BYTES, leafHash, rootFromInclusion, sameHash } from './merkle.ts'
import { NoteError, type NoteVerifier } from './signed-note.ts'

// Inclusion proofs as text, c2sp.org/tlog-proof@v1.

const FIRST_LINE = 'c2sp.org/tlog-proof@v1'
const MAX_PATH = 63

export type TlogProof = {
  readonly index: number
  /** From the leaf's sibling up. */
  readonly path: readonly Uint8Array[]
  /** The signed note, verbatim. */
  readonly checkpoint: string
  /** Not authenticated by itself. Holdfast puts the leaf's bytes here. */
  readonly extra: Uint8Array | null
}

export function formatTlogProof(proof: TlogProof): string {
  const extra = proof.extra ? [`extra ${toBase64(proof.extra)}`] : []
  return [FIRST_LINE, ...extra, `index ${proof.index}`, ...proof.path.map(toBase64), '', proof.checkpoint].join('\n')
}

/** Reads the text form; NoteError where it is malformed. Checks nothing that needs a key. */
export function parseTlogProof(text: string): TlogProof {
  const border = text.indexOf('\n\n')
  if (border < 0) throw new NoteError('The proof has no checkpoint')
  const lines = text.slice(0, border).split('\n')
  if (lines.shift() !== FIRST_LINE) throw new NoteError(`A proof starts with ${FIRST_LINE}`)
  const extra = lines[0]?.startsWith('extra ') ? fromBase64(lines.shift()!.slice(6)) : undefined
  if (extra === null) throw new NoteError('The extra data of the proof is not base64')
  const index = /^index (0|[1-9][0-9]*)$/.exec(lines.shift() ?? '')?.[1]
  if (index === undefined || !Number.isSafeInteger(Number(index))) throw new NoteError('The proof has no valid index line')
  const path = lines.map(fromBase64)
  if (path.length > MAX_PATH || !path.every((hash) => hash?.length === HASH_BYTES)) throw new NoteError('A hash of the proof is malformed')
  return { index: Number(index), path: path as Uint8Array[], checkpoint: text.slice(border + 2), extra: extra ?? null }
}

/**
 * The checkpoint that proves `leaf` to be in the log at the proof's index. NoteError where the checkpoint is not
 * signed by one of `verifiers`, or the path does not lead from the leaf to its root.
 */
export function verifyTlogProof(proof: TlogProof, leaf: Uint8Array, verifiers: readonly NoteVerifier[]): Checkpoint {
  const checkpoint = openCheckpoint(proof.checkpoint, verifiers)
  const root = rootFromInclusion({ hash: leafHash(leaf), index: proof.index, size: checkpoint.size }, proof.path)
  if (!sameHash(root, checkpoint.root)) throw new NoteError(`The proof does not lead from the leaf to the root of size ${checkpoint.size}`)
  return checkpoint
}
