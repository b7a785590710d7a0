import type { Token, TokenScope } from '@holdfast/api'
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

/** What a token can be limited to. */
export const scopeWords: Record<TokenScope, { readonly label: string; readonly explain: string }> = {
  'case.read': { label: 'Read cases', explain: 'Lists cases and their evidence items.' },
  'case.write': { label: 'Write cases', explain: 'Makes, changes and deletes cases and items.' },
  'upload.read': { label: 'Read files', explain: 'Lists and downloads files.' },
  'upload.write': { label: 'Upload files', explain: 'Stores files; what an app needs at the least.' },
  'upload.delete': { label: 'Delete files', explain: 'Deletes files that no hold covers.' },
  'hold.read': { label: 'Read legal holds', explain: 'Lists holds.' },
  'hold.write': { label: 'Place legal holds', explain: 'Places and releases holds.' },
  'webhook.read': { label: 'Read webhooks', explain: 'Lists webhooks and their deliveries.' },
  'webhook.write': { label: 'Write webhooks', explain: 'Makes and changes webhooks.' },
  'audit.read': { label: 'Read the audit log', explain: 'Reads, exports and verifies it.' },
  'storage.read': { label: 'Read storage', explain: 'Lists storage targets and background jobs.' },
}

/** From here and not from the schemas, which would bring their validator into the page. */
export const scopeNames = Object.keys(scopeWords) as TokenScope[]

/** What a token is limited to, in a row. */
export const sayScopes = (scopes: Token['scopes']): string =>
  scopes === null ? 'All of its role' : scopes.map((scope) => scopeWords[scope]?.label ?? scope).join(', ')
