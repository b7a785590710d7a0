import { MAX_NAME_BYTES, SECURE_TIER_MAX_BYTES } from '@holdfast/api'
import { formatBytes, formatExactBytes } from '../../ui/format.ts'
import type { SectionTier } from '../../ui/tier-words.ts'
import { visibleName } from '../../ui/visible-name.ts'

export type RefusedFile = { readonly name: string; readonly reason: string }
type Candidate = { readonly name: string; readonly size: number }

/** Where files are to go. `directBound`: there is a place for what is too large for the secure tier, which alone may be named then (R4). */
export type Door = { readonly tier: SectionTier; readonly directBound: boolean }

/** Why a file can't be taken, or null. Said before a single byte is sent; the server checks again. */
export function refusalOf(file: Candidate, { tier, directBound }: Door): string | null {
  if (tier === 'secure' && file.size > SECURE_TIER_MAX_BYTES)
    return `It is ${sizeOver(file.size)}. Encrypted Storage takes files up to ${formatBytes(SECURE_TIER_MAX_BYTES)} each. ${
      directBound ? 'Direct Storage below takes files of any size.' : 'Split the image into smaller segments and upload those.'
    }`
  if (new TextEncoder().encode(file.name).length > MAX_NAME_BYTES) return 'Its name is too long. Rename it and try again.'
  return null
}

const sizeOver = (size: number): string => {
  const text = formatBytes(size)
  return text === formatBytes(SECURE_TIER_MAX_BYTES) ? `${formatExactBytes(size - SECURE_TIER_MAX_BYTES)} over ${text}` : text
}

export function sortFiles<T extends Candidate>(files: readonly T[], door: Door): { taken: T[]; refused: RefusedFile[] } {
  const taken: T[] = []
  const refused: RefusedFile[] = []
  for (const file of files) {
    const reason = refusalOf(file, door)
    if (reason === null) taken.push(file)
    else refused.push({ name: visibleName(file.name), reason })
  }
  return { taken, refused }
}

/** Browsers call every pasted picture image.png; the time tells them apart. `now` is local time. */
export function pastedName(name: string, now: Date): string {
  const found = /^image(\.[a-z0-9]+)$/i.exec(name)
  if (!found) return name
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`
  return `pasted-${day}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}${found[1]}`
}
