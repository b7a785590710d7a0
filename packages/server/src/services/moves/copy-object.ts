import { createHash } from 'node:crypto'
import { isDirectKey } from '../../core/object-keys.ts'
import type { MoveRow } from '../../db/moves.ts'
import { type ObjectStat, type PartReceipt, StorageError, type StorageTarget } from '../../storage/target.ts'
import type { MoveDeps, MoveOptions } from './deps.ts'

const MiB = 1024 * 1024
/** Objects of more than about 80 GB get larger pieces: no write has more than 10,000 of them. */
const PIECE_BYTES = 8 * MiB
const MOST_PIECES = 10_000
/** After this many bytes what was written is made durable and noted, and is not copied again. */
const NOTED_EVERY = 64 * MiB

/** Bytes of the pieces that an object of this size is copied in. */
export const pieceBytesOf = (size: number): number => Math.max(PIECE_BYTES, Math.ceil(size / MOST_PIECES / MiB) * MiB)

/** A proven copy. */
export type Copy = { readonly sha256: string; readonly stat: ObjectStat }

export type Ends = { readonly from: StorageTarget; readonly to: StorageTarget }

/** The write that a copy goes on with: the one that is noted, where the target still has it, else a new one. */
async function openWrite(deps: MoveDeps, move: MoveRow, to: StorageTarget, signal: AbortSignal): Promise<MoveRow> {
  if (move.writeId !== null) return move
  const writeId = await to.beginWrite(move.objectKey, move.bytes, { signal })
  return keep(deps, { ...move, writeId, copiedBytes: 0, receipts: [] })
}

async function keep(deps: MoveDeps, move: MoveRow): Promise<MoveRow> {
  if (!(await deps.store.transaction((tx) => tx.moves.keep(move.id, move))))
    throw new StorageError('closed', 'The move has ended meanwhile')
  return move
}

type Copied = { readonly move: MoveRow; readonly writeId: string; readonly receipts: readonly PartReceipt[] }

/** Puts the copy under its key. A direct one takes nobody else's place: that it is about to is noted, so that only its own is ever removed. */
async function commit(deps: MoveDeps, { move, writeId, receipts }: Copied, ends: Ends, signal: AbortSignal): Promise<void> {
  const ifAbsent = isDirectKey(move.objectKey)
  if (ifAbsent) await noteCommitting(deps, move, true)
  try {
    await ends.to.commitWrite(move.objectKey, writeId, receipts, { signal, ifAbsent })
  } catch (error) {
    if (ifAbsent && error instanceof StorageError && error.fault === 'exists') await noteCommitting(deps, move, false)
    throw error
  }
}

async function noteCommitting(deps: MoveDeps, move: MoveRow, committing: boolean): Promise<void> {
  if (!(await deps.store.transaction((tx) => tx.moves.noteCommitting(move.id, committing))))
    throw new StorageError('closed', 'The move has ended meanwhile')
  deps.points.reach('move.after-noting-commit')
}

/** Writes what is missing of the object at the new target and commits it. Repeatable: it goes on where it was noted last. */
async function copyMissing(deps: MoveDeps, noted: MoveRow, ends: Ends, options: MoveOptions): Promise<void> {
  const { signal } = options
  let move = await openWrite(deps, noted, ends.to, signal)
  const writeId = move.writeId ?? ''
  const pieceBytes = pieceBytesOf(move.bytes)
  const receipts: PartReceipt[] = [...move.receipts]
  const buffer = new Uint8Array(Math.min(pieceBytes, move.bytes))
  for (let offset = move.copiedBytes; offset < move.bytes; ) {
    const length = Math.min(pieceBytes, move.bytes - offset)
    const bytes = await ends.from.read(move.objectKey, offset, length, { signal, into: buffer })
    receipts.push(
      await ends.to.writePart(move.objectKey, writeId, { number: Math.floor(offset / pieceBytes) + 1, offset, bytes }, { signal }),
    )
    offset += length
    await options.progress({ bytes: offset, of: 2 * move.bytes })
    if (offset - move.copiedBytes < NOTED_EVERY && offset < move.bytes) continue
    await ends.to.flushWrite(move.objectKey, writeId, { signal })
    move = await keep(deps, { ...move, copiedBytes: offset, receipts })
    deps.points.reach('move.after-note')
  }
  if (move.bytes === 0) receipts.push(await ends.to.writePart(move.objectKey, writeId, { number: 1, offset: 0, bytes: buffer }, { signal }))
  await commit(deps, { move, writeId, receipts }, ends, signal)
  deps.points.reach('move.after-commit-write')
}

/** SHA-256 of an object as it is read from a target. */
async function digestObject(
  target: StorageTarget,
  move: MoveRow,
  done: (bytes: number) => Promise<void>,
  signal: AbortSignal,
): Promise<string> {
  const hash = createHash('sha256')
  const buffer = new Uint8Array(Math.min(PIECE_BYTES, move.bytes))
  for (let offset = 0; offset < move.bytes; ) {
    const length = Math.min(PIECE_BYTES, move.bytes - offset)
    hash.update(await target.read(move.objectKey, offset, length, { signal, into: buffer }))
    offset += length
    await done(offset)
  }
  return hash.digest('hex')
}

/**
 * Copies the object of a move and proves the copy: both objects are read whole, and their digests compared. Answers the digest of
 * the stored bytes, and how the copy looks. Rejects with 'bad-part' where the copy differs or the old object changed; nothing of the old one is touched.
 */
export async function copyObject(deps: MoveDeps, move: MoveRow, ends: Ends, options: MoveOptions): Promise<Copy> {
  await copyMissing(deps, move, ends, options)
  const stat = await ends.to.stat(move.objectKey, { signal: options.signal })
  if (stat?.size !== move.bytes) throw new StorageError('bad-part', `The copy has ${stat?.size ?? 'no'} bytes, the object ${move.bytes}`)
  const report = async (bytes: number) => options.progress({ bytes: move.bytes + bytes, of: 2 * move.bytes })
  const [before, after] = await Promise.all([
    digestObject(ends.from, move, async () => {}, options.signal),
    digestObject(ends.to, move, report, options.signal),
  ])
  if (before !== after) throw new StorageError('bad-part', 'The copy that was read back is not the object')
  return { sha256: after, stat }
}
