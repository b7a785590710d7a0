import type { Tx } from '../../db/store.ts'
import type { UploadView } from '../../db/uploads.ts'
import type { StorageTarget } from '../../storage/target.ts'

/** The driver's write of one upload: begun when the first bytes are to be stored, kept with the first change that needs it. */
export interface DriverWrite {
  /** Begins a write where the upload has none. Between this and `keep` a crash leaves a write that the sweep removes. */
  begin(): Promise<void>
  /** In a transaction that has found the upload open: settles which write holds. */
  keep(tx: Pick<Tx, 'uploads'>): Promise<void>
  /** After the transaction: aborts what was begun here and lost against another's. */
  settle(): Promise<void>
  /** Valid after `keep`. */
  readonly id: string
}

export function driverWrite(target: StorageTarget, upload: UploadView): DriverWrite {
  let begun: string | null = null
  let id = upload.writeId
  return {
    async begin() {
      if (id === null) begun = await target.beginWrite(upload.objectKey, upload.objectSize)
    },
    async keep(tx) {
      if (begun !== null) id = await tx.uploads.keepWrite(upload.id, begun)
    },
    async settle() {
      if (begun !== null && begun !== id) await target.abortWrite(upload.objectKey, begun)
      begun = null
    },
    get id() {
      if (id === null) throw new Error('The write has not begun')
      return id
    },
  }
}
