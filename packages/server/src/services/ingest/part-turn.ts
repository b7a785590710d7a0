import { Problem } from '@holdfast/api'
import type { Tx } from '../../db/store.ts'
import type { PartPlace } from '../../db/upload-parts.ts'
import type { UploadView } from '../../db/uploads.ts'
import type { StorageTarget } from '../../storage/target.ts'
import type { IngestDeps } from './deps.ts'
import { type DriverWrite, driverWrite } from './driver-write.ts'
import { expiryFrom, uploadClosed, uploadNotFound } from './session.ts'

export const overtaken = (): Problem => new Problem('CONFLICT', 'The same part was sent again meanwhile. The later attempt counts.')

export async function closedNow(tables: Pick<Tx, 'uploads'>, upload: UploadView): Promise<Problem> {
  const now = await tables.uploads.find(upload.tenantId, upload.id)
  return now ? uploadClosed(now) : uploadNotFound()
}

/** The right of one attempt to write one part. */
export interface PartTurn {
  /**
   * The driver's write to go on with. Asked before each write: the first time it takes the part over, dropping an earlier receipt durably,
   * so that what a receipt stands for is never overwritten; later it makes sure that no other attempt, here or at another instance, has
   * taken the part since. Where there was no receipt nothing has to be dropped, and the turn costs no commit.
   */
  permit(): Promise<string>
  /** Valid after the first `permit`. */
  readonly writeId: string
}

type TurnOptions = {
  readonly upload: UploadView
  readonly number: number
  readonly size: number
  readonly claim: string
  readonly target: StorageTarget
}

export function createPartTurn(deps: IngestDeps, options: TurnOptions): PartTurn {
  const { upload, target } = options
  const place: PartPlace = { uploadId: upload.id, number: options.number }
  let write: DriverWrite = driverWrite(target, upload)
  let claim: string | null = null
  let begun: Promise<void> | null = null

  const claimPart = async (): Promise<void> => {
    await write.begin()
    try {
      await deps.store.transaction(async (tx) => {
        const now = deps.clock.now()
        if (!(await tx.uploads.touch(upload.id, now, expiryFrom(now)))) throw await closedNow(tx, upload)
        await write.keep(tx)
        await tx.uploads.claimPart(place, options.claim, options.size)
      })
      claim = options.claim
    } finally {
      await write.settle()
    }
  }
  const begin = async (): Promise<void> => {
    const owner = await deps.store.read.uploads.partOwner(place)
    if (owner) write = driverWrite(target, { ...upload, writeId: owner.writeId })
    if (owner?.status !== 'open' || owner.claim !== null || owner.writeId === null) await claimPart()
  }
  const requireTurn = async (): Promise<void> => {
    const owner = await deps.store.read.uploads.partOwner(place)
    if (owner?.status === 'open' && owner.claim === claim) return
    throw owner === null ? uploadNotFound() : owner.status === 'open' ? overtaken() : uploadClosed(owner)
  }
  return {
    async permit() {
      if (begun === null) {
        begun = begin()
        await begun
      } else {
        await begun
        await requireTurn()
      }
      return write.id
    },
    get writeId() {
      return write.id
    },
  }
}
