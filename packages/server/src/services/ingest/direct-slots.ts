import { Problem } from '@holdfast/api'
import type { IngestDeps } from './deps.ts'
import { CLAIM_LIVES, type PartTurn } from './part-turn.ts'

const RETRY_AFTER_SECONDS = 5

/**
 * Takes the part over before a byte of it is read, unless as many parts of direct uploads are arriving at all instances together as may
 * (D8): TOO_MANY_UPLOADS. Claims count, since they are in the database; of several taken at once each sees all that were taken before it.
 */
export async function takeDirectSlot(deps: IngestDeps, turn: PartTurn): Promise<void> {
  const limit = deps.limits.directPartsAtOnce
  const { read, scopes } = deps.store
  const isTaken = async (most: number): Promise<boolean> =>
    (await scopes.within(null, () => read.uploads.countLiveClaims(deps.clock.now() - CLAIM_LIVES))) > most
  if (!(await isTaken(limit - 1))) {
    await turn.claim()
    if (!(await isTaken(limit))) return
  }
  throw new Problem('TOO_MANY_UPLOADS', `${limit} parts are being written at once. Send this one again in a moment.`, {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    extra: { limit },
  })
}
