import type { Hold, HoldCreate } from '@holdfast/api'
import { count } from '../../ui/format.ts'
import { ownerIdFault, ownerTypeFault } from '../../ui/owner-words.ts'
import type { Said } from '../../ui/tones.ts'

export const scopeWords: Record<Hold['scope'], { readonly label: string; readonly explain: string }> = {
  file: { label: 'File', explain: 'This file alone.' },
  case: { label: 'Case', explain: 'The case with everything in it, now and later.' },
  owner: { label: 'Owner', explain: 'Every file of one owner in an app, now and later.' },
}

export const holdScopeNames = Object.keys(scopeWords) as Hold['scope'][]

export const holdStates = ['active', 'released'] as const
export type HoldState = (typeof holdStates)[number]
export const holdStateWords: Record<HoldState, Said> = {
  active: { tone: 'attention', label: 'In force', explain: 'Nothing that it covers can be deleted.' },
  released: { tone: 'neutral', label: 'Released', explain: 'It stays here as the record.' },
}

export const sayHold = (hold: Pick<Hold, 'active'>): Said => holdStateWords[hold.active ? 'active' : 'released']

/** What storage with Object Lock knows of it; null where no such storage holds what is covered. */
export function sayLock({ lock }: Pick<Hold, 'lock'>): Said | null {
  const { state, locked, failed, error } = lock
  if (state === 'pending') return { tone: 'working', label: 'Telling the storage', explain: 'Object Lock is being set or lifted there.' }
  if (state === 'set')
    return { tone: 'good', label: `Locked on the storage: ${count(locked, 'object')}`, explain: 'The storage refuses too.' }
  if (state === 'lifted') return { tone: 'neutral', label: 'Lifted on the storage', explain: 'No object is locked for it any more.' }
  if (state === 'none') return null
  return {
    tone: 'bad',
    label: `Not set on ${count(failed, 'object')}`,
    explain: `${error ?? 'The storage refused.'} Holdfast itself deletes nothing all the same, and tries again.`,
  }
}

/** The owner of a hold on an owner, in the words of its app. */
export const sayOwner = (hold: Pick<Hold, 'ownerEntityType' | 'ownerEntityId'>): string =>
  `${hold.ownerEntityType ?? ''} ${hold.ownerEntityId ?? ''}`.trim()

export type PlaceValues = {
  scope: Hold['scope']
  caseId: string
  fileId: string
  ownerEntityType: string
  ownerEntityId: string
  reason: string
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** What is missing or wrong, by field. */
export function placeFaults(values: PlaceValues): Partial<Record<keyof PlaceValues, string>> {
  const { scope, caseId, fileId, ownerEntityType, ownerEntityId, reason } = values
  const typeFault = scope === 'owner' ? ownerTypeFault(ownerEntityType.trim()) : null
  const idFault = scope === 'owner' ? ownerIdFault(ownerEntityId.trim()) : null
  return {
    ...(scope === 'case' && caseId === '' ? { caseId: 'Choose the case.' } : {}),
    ...(scope === 'file' && !uuid.test(fileId.trim()) ? { fileId: 'Paste the whole file id; the details of the file show it.' } : {}),
    ...(typeFault ? { ownerEntityType: typeFault } : {}),
    ...(idFault ? { ownerEntityId: idFault } : {}),
    ...(reason.trim() === '' ? { reason: 'Say why: whoever releases it later has to know.' } : {}),
  }
}

/** What the API is asked for. */
export function toHoldCreate(values: PlaceValues): HoldCreate {
  const reason = values.reason.trim()
  if (values.scope === 'case') return { caseId: values.caseId, reason }
  if (values.scope === 'file') return { fileId: values.fileId.trim(), reason }
  return { ownerEntityType: values.ownerEntityType.trim(), ownerEntityId: values.ownerEntityId.trim(), reason }
}
