import { Problem } from '@holdfast/api'
import { StorageError } from '../storage/target.ts'

/** What a target, or the way to it, says is wrong, and what to do about it; null for faults of this server. */
export function storageWords(error: unknown): string | null {
  if (!(error instanceof StorageError) && !(error instanceof Problem)) return null
  const remedy = error instanceof StorageError && error.remedy ? ` ${error.remedy}` : ''
  return `${error.message.replace(/\.$/, '')}.${remedy}`
}

/** Why an upload has failed whose completion its target has refused until it lapsed. */
export const sayRefused = (error: StorageError): string =>
  `The storage did not put the file together within a day. ${storageWords(error) ?? ''} Upload the file again.`
