import type { FileChange, FileRow } from '../../db/file-rows.ts'
import type { Tx } from '../../db/store.ts'
import type { StorageTarget } from '../../storage/target.ts'
import type { Judgement } from './settle.ts'

/** Members of a file's row that say where its object lies. */
export type Placed = Pick<FileChange, 'objectKey' | 'objectEtag' | 'objectModifiedAt' | 'atRest'>

/**
 * What a contract on top of objects adds to the way that they all go: the objects of its uploads, whose policy names it, are put where they
 * stay once they are judged, and rows beside their files follow them. All of it is repeatable.
 */
export interface ObjectContract {
  /** Puts an object that passed where it stays, and proves by `sha256` that it lies there. Rejects where another attempt may succeed. */
  place(file: FileRow, given: { target: StorageTarget; sha256: string; signal: AbortSignal }): Promise<Placed>
  /** Within the transaction that makes the file READY, or REJECTED where nothing was `placed`. */
  settled(tx: Tx, file: FileRow, outcome: { judgement: Judgement; placed: Placed | null; at: number }): Promise<void>
  /** Removes what `place` has left of an object that was not switched to, since its file went another way. */
  unplace(file: { tenantId: string; fileId: string }): Promise<void>
}
