import { formatBytes } from './format.ts'

export type Held = { readonly quotaBytes: number | null; readonly usedBytes: number; readonly reservedBytes: number }

export type Usage = {
  readonly usedPercent: number
  readonly reservedPercent: number
  readonly tone: 'good' | 'attention' | 'bad'
  readonly text: string
}

/** How full a target is against its quota: what is stored, and what running uploads have reserved. null without a quota. */
export function usageOf(target: Held): Usage | null {
  const { quotaBytes, usedBytes, reservedBytes } = target
  if (quotaBytes === null) return null
  const part = (bytes: number) => (quotaBytes === 0 ? 100 : Math.min(100, (bytes / quotaBytes) * 100))
  const usedPercent = part(usedBytes)
  const reservedPercent = Math.min(100 - usedPercent, part(reservedBytes))
  const full = usedPercent + reservedPercent
  const left = Math.max(0, quotaBytes - usedBytes - reservedBytes)
  return {
    usedPercent,
    reservedPercent,
    tone: full >= 97 ? 'bad' : full >= 85 ? 'attention' : 'good',
    text: `${formatBytes(left)} left of ${formatBytes(quotaBytes)}`,
  }
}
