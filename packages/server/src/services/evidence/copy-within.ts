import { createHash } from 'node:crypto'
import { type ObjectStat, type PartReceipt, StorageError, type StorageTarget } from '../../storage/target.ts'
import { pieceBytesOf } from '../moves/copy-object.ts'

export type CopyPlan = {
  readonly from: string
  readonly to: string
  readonly size: number
  /** Where the backend told it: the object that is to be copied and no other. */
  readonly etag: string | null
  /** SHA-256 of the stored bytes, where it is known. */
  readonly sha256: string | null
}

const otherBytes = (): StorageError => new StorageError('bad-part', 'What was read for the copy is not what was judged')

/** Through this server, in bounded pieces. Bytes other than those of `sha256` are never committed. */
async function copyThrough(target: StorageTarget, plan: CopyPlan, signal: AbortSignal): Promise<ObjectStat> {
  const { from, to, size } = plan
  const write = await target.beginWrite(to, size, { signal })
  try {
    const pieceBytes = pieceBytesOf(size)
    const hash = createHash('sha256')
    const receipts: PartReceipt[] = []
    const buffer = new Uint8Array(Math.min(pieceBytes, size))
    for (let offset = 0; offset < size; offset += pieceBytes) {
      const bytes = await target.read(from, offset, Math.min(pieceBytes, size - offset), { signal, into: buffer })
      hash.update(bytes)
      receipts.push(await target.writePart(to, write, { number: receipts.length + 1, offset, bytes }, { signal }))
    }
    if (plan.sha256 !== null && hash.digest('hex') !== plan.sha256) throw otherBytes()
    return await target.commitWrite(to, write, receipts, { signal })
  } catch (error) {
    await target.abortWrite(to, write).catch(() => {})
    throw error
  }
}

/** Copies an object to another key of its target: by the target where it can, which keeps its encryption, else through this server. */
export const copyWithin = (target: StorageTarget, plan: CopyPlan, signal: AbortSignal): Promise<ObjectStat> =>
  target.serverCopy === null
    ? copyThrough(target, plan, signal)
    : target.serverCopy.copy(plan.from, plan.to, { signal, ...(plan.etag === null ? {} : { ifMatch: plan.etag }) })
