import { Problem } from '@holdfast/api'
import type { HeldPlace } from '../../db/holds.ts'
import type { Tx } from '../../db/store.ts'

const refusal = (what: string, holdIds: readonly string[]): Problem =>
  new Problem('LEGAL_HOLD', `${what} is under a legal hold and cannot be deleted. Release the hold first.`, { extra: { holdIds } })

/**
 * LEGAL_HOLD where a hold in force covers the file. For the transaction that deletes it: of a hold and a deletion at the same time exactly
 * one happens. The problem names the holds and not their reasons, which not everybody who may delete may know.
 */
export async function requireNoHold(tx: Tx, file: HeldPlace & { readonly name: string }): Promise<void> {
  const holdIds = await tx.holds.idsOn(file)
  if (holdIds.length > 0) throw refusal(`“${file.name}”`, holdIds)
}

/** As `requireNoHold`, for a case or an item with all that is below it; a held case counts where it is empty too. */
export async function requireNoHoldBelow(tx: Tx, place: { tenantId: string; caseId: string; itemId: string | null }): Promise<void> {
  const holdIds = await tx.holds.idsBelow(place)
  if (holdIds.length > 0) throw refusal(place.itemId === null ? 'This case, or a file in it,' : 'This item, or its case,', holdIds)
}

/** Whether a hold in force covers the file: for the system's own clean-up, which passes over it. */
export const isUnderHold = (tx: Tx, file: HeldPlace): Promise<boolean> => tx.holds.isOn(file)
