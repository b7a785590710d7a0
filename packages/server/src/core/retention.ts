import type { RetentionName } from '@holdfast/api'

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** THE table of how long an object is kept, in milliseconds; null: for ever (O8). */
export const keptFor: Readonly<Record<RetentionName, number | null>> = {
  PERMANENT: null,
  COMPLIANCE_ARCHIVE: null,
  SUPERSEDED_30D: 30 * DAY,
  TEMP_UPLOAD_24H: 24 * HOUR,
  FAILED_UPLOAD_7D: 7 * DAY,
  IMPORT_ARTIFACT_90D: 90 * DAY,
  LEGAL_HOLD: null,
}

/** A retention with the moment at which it lets go of an object that it holds since `from`. */
export function retainedFrom(retention: RetentionName, from: number): { retention: RetentionName; expiresAt: number | null } {
  const kept = keptFor[retention]
  return { retention, expiresAt: kept === null ? null : from + kept }
}
