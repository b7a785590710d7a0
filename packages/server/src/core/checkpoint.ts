import { fromBase64, toBase64 } from './base64.ts'
import { HASH_BYTES, type TreeHead } from './merkle.ts'
import { NoteError, type NoteSigner, type NoteVerifier, openNote, parseNote } from './signed-note.ts'

// Checkpoints of c2sp.org/tlog-checkpoint: origin, tree size and root hash, one a line, as a signed note.

export type Checkpoint = TreeHead & { readonly origin: string }

/** The origin line of a Holdfast instance: unique by the instance's UUID, and the key name on its signatures. */
export const logOrigin = (instanceId: string): string => `holdfast/audit/${instanceId}`

/** A signed checkpoint without extension lines, whose origin is the signer's name. */
export const signCheckpoint = (head: TreeHead, signer: NoteSigner): string =>
  signer.sign(`${signer.name}\n${head.size}\n${toBase64(head.root)}\n`)

function parseText(text: string): Checkpoint {
  const [origin, size, root, ...extensions] = text.slice(0, -1).split('\n')
  const hash = root === undefined ? null : fromBase64(root)
  if (!origin || !size || !hash || hash.length !== HASH_BYTES)
    throw new NoteError('The note is no checkpoint: origin, size and root expected')
  if (!/^(0|[1-9][0-9]*)$/.test(size) || !Number.isSafeInteger(Number(size))) throw new NoteError('The checkpoint has no valid tree size')
  if (extensions.includes('')) throw new NoteError('The checkpoint has an empty extension line')
  return { origin, size: Number(size), root: hash }
}

/** What a checkpoint says, without looking at its signatures. */
export const readCheckpoint = (note: string): Checkpoint => parseText(parseNote(note).text)

/**
 * What a checkpoint says, once one of `verifiers` is found to have signed it and its origin is `origin`
 * (by default the verifier's name). NoteError otherwise.
 */
export function openCheckpoint(note: string, verifiers: readonly NoteVerifier[], origin?: string): Checkpoint {
  const checkpoint = parseText(openNote(note, verifiers))
  const origins = origin === undefined ? verifiers.map(({ name }) => name) : [origin]
  if (!origins.includes(checkpoint.origin)) throw new NoteError(`The checkpoint is of another log: ${checkpoint.origin}`)
  return checkpoint
}
