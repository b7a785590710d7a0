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

/** A claim that nothing was heard of for this long counts no more: its process was killed, or its sender sends next to nothing. */
export const CLAIM_LIVES = 3 * 60_000
/** How often a claim that is in use is noted anew. */
const CLAIM_NOTED_EVERY = 60_000

/** The right of one attempt to write one part. Disposing it gives up a claim that has not led to a receipt. */
export interface PartTurn extends AsyncDisposable {
  /** Takes the part over at once, durably, whether or not there is a receipt to be dropped. */
  claim(): Promise<void>
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
  let notedAt = 0

  const claimPart = async (): Promise<void> => {
    await write.begin()
    try {
      await deps.store.transaction(async (tx) => {
        const now = deps.clock.now()
        if (!(await tx.uploads.touch(upload.id, now, expiryFrom(now)))) throw await closedNow(tx, upload)
        await write.keep(tx)
        await tx.uploads.claimPart(place, { claim: options.claim, size: options.size, at: now })
        notedAt = now
      })
      claim = options.claim
    } finally {
      await write.settle()
    }
  }
  const begin = async (always: boolean): Promise<void> => {
    const owner = await deps.store.read.uploads.partOwner(place)
    if (owner) write = driverWrite(target, { ...upload, writeId: owner.writeId })
    if (always || owner?.status !== 'open' || owner.claim !== null || owner.writeId === null) await claimPart()
  }
  const noteClaim = async (): Promise<void> => {
    const now = deps.clock.now()
    if (claim === null || now - notedAt < CLAIM_NOTED_EVERY) return
    notedAt = now
    await deps.store.transaction((tx) => tx.uploads.noteClaim(place, options.claim, now))
  }
  const requireTurn = async (): Promise<void> => {
    const owner = await deps.store.read.uploads.partOwner(place)
    if (owner?.status === 'open' && owner.claim === claim) return
    throw owner === null ? uploadNotFound() : owner.status === 'open' ? overtaken() : uploadClosed(owner)
  }
  return {
    async claim() {
      begun ??= begin(true)
      await begun
    },
    async permit() {
      if (begun === null) {
        begun = begin(false)
        await begun
      } else {
        await begun
        await requireTurn()
        await noteClaim()
      }
      return write.id
    },
    get writeId() {
      return write.id
    },
    async [Symbol.asyncDispose]() {
      if (claim === null || upload.tier !== 'direct') return
      // Where this fails the claim lapses by itself.
      await deps.store.transaction((tx) => tx.uploads.noteClaim(place, options.claim, null)).catch(() => {})
    },
  }
}
