import type { Token } from '@holdfast/api'
import { formatAgo } from '../../ui/format.ts'
import type { Said } from '../../ui/tones.ts'

const soon = 14 * 24 * 3_600_000

/** Whether a token still opens the door. `now` in milliseconds since the epoch. */
export function sayToken(token: Pick<Token, 'revokedAt' | 'expiresAt'>, now: number): Said {
  if (token.revokedAt !== null) return { tone: 'neutral', label: 'Revoked', explain: 'It no longer works.' }
  if (token.expiresAt === null) return { tone: 'good', label: 'Active', explain: 'It works until it is revoked.' }
  const left = Date.parse(token.expiresAt) - now
  if (left <= 0) return { tone: 'neutral', label: 'Expired', explain: 'It no longer works. Create a new one.' }
  if (left < soon) return { tone: 'attention', label: `Expires ${formatAgo(token.expiresAt, now)}`, explain: 'Create a new one in time.' }
  return { tone: 'good', label: 'Active', explain: `It expires ${formatAgo(token.expiresAt, now)}.` }
}

export const isLive = (token: Pick<Token, 'revokedAt' | 'expiresAt'>, now: number): boolean =>
  token.revokedAt === null && (token.expiresAt === null || Date.parse(token.expiresAt) > now)
