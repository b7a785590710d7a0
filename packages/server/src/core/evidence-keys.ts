/** What stands in front of the key of an asset that is not verified yet (C3). */
export const QUARANTINE = 'quarantine/'
const UNSPECIFIED_COMPANY = '_global'
const LONGEST_NAME = 100

/** The owner of all assets of a company, by which a legal hold covers them. */
export const OWNER_TYPE = 'Company'
export const ownerIdOf = (companyId: string | null): string => companyId ?? UNSPECIFIED_COMPANY

/**
 * The file name in a storage key: made from the original one, which is metadata alone (C9), out of letters, digits, `.`, `_` and `-`. It
 * never begins with a dot, so that no segment is `.` or `..`, and never is empty.
 */
export function storageFileName(original: string): string {
  const safe = original
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[.-]+/, '')
  if (safe.length <= LONGEST_NAME) return safe || 'file'
  const ending = /\.[A-Za-z0-9]{1,10}$/.exec(safe)?.[0] ?? ''
  return safe.slice(0, LONGEST_NAME - ending.length) + ending
}

export type AssetPlace = {
  readonly tenantId: string
  readonly companyId: string | null
  readonly app: string
  readonly kind: string
  readonly assetId: string
  readonly filename: string
  /** Milliseconds; the key holds year and month in UTC. */
  readonly createdAt: number
}

/** Verified assets of a tenant start with this, those that are not verified with `QUARANTINE` before it. */
export const assetPrefix = (tenantId: string): string => `orgs/${tenantId}/`

/** All that assets of a tenant can lie below. */
export const assetPrefixes = (tenantId: string): string[] => [assetPrefix(tenantId), `${QUARANTINE}${assetPrefix(tenantId)}`]

/** Where the object of a verified asset lies (C3). Every segment is bounded and safe by its schema or by `storageFileName`. */
export function assetKey(asset: AssetPlace): string {
  const [year, month] = new Date(asset.createdAt).toISOString().split('-')
  const company = asset.companyId ?? UNSPECIFIED_COMPANY
  const name = storageFileName(asset.filename)
  return `${assetPrefix(asset.tenantId)}companies/${company}/${asset.app}/${year}/${month}/${asset.kind}/${asset.assetId}/${name}`
}

export const quarantineKey = (asset: AssetPlace): string => `${QUARANTINE}${assetKey(asset)}`
