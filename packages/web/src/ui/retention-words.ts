import type { RetentionName } from '@holdfast/api'
import { formatAgo } from './format.ts'

/** How long a file of an app is kept. */
export const retentionWords: Record<RetentionName, { readonly label: string; readonly explain: string }> = {
  PERMANENT: { label: 'Kept for ever', explain: 'Until somebody deletes it.' },
  COMPLIANCE_ARCHIVE: { label: 'Compliance archive', explain: 'Kept for ever as a record.' },
  SUPERSEDED_30D: { label: 'Superseded: 30 days', explain: 'A newer version took its place; deleted 30 days after that.' },
  TEMP_UPLOAD_24H: { label: 'Temporary: 24 hours', explain: 'Deleted 24 hours after it was stored.' },
  FAILED_UPLOAD_7D: { label: 'Failed: 7 days', explain: 'Deleted 7 days after it failed or was rejected.' },
  IMPORT_ARTIFACT_90D: { label: 'Import: 90 days', explain: 'Deleted 90 days after it was stored.' },
  LEGAL_HOLD: { label: 'Legal hold', explain: 'Kept until the hold is released.' },
}

type Expiring = { readonly expiresAt: string | null; readonly held: boolean }

/** When it goes by itself; null for what never does. `now` in milliseconds since the epoch. */
export function sayExpiry({ expiresAt, held }: Expiring, now: number, locale?: string): string | null {
  if (expiresAt === null) return null
  const isOver = Date.parse(expiresAt) <= now
  if (held) return isOver ? 'Expired, and kept by a legal hold' : `Would expire ${formatAgo(expiresAt, now, locale)}; a legal hold keeps it`
  return isOver ? 'Expired; the next hourly clean-up deletes it' : `Expires ${formatAgo(expiresAt, now, locale)}`
}
