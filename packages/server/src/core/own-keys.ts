import { assetPrefix, OWNER_TYPE, QUARANTINE } from './evidence-keys.ts'
import { isOwnId } from './ids.ts'
import { objectPrefix } from './object-keys.ts'

/** What a key says of the object that this server gave it to. */
export type OwnKey = { readonly id: string; readonly ownerType: string; readonly ownerId: string }

/** The tenant whose objects lie where `key` does; null for a key that is below no tenant's prefix. */
export const tenantOfKey = (key: string): string | null =>
  /^(?:attachments|tenants|direct|(?:quarantine\/)?orgs)\/([^/]+)\//.exec(key)?.[1] ?? null

/**
 * Reads a key as `objectKeyOf`, `assetKey` and `quarantineKey` make it for this tenant, with an id of ours in it; null for any other key.
 * It says who may have made the key, not that somebody did.
 */
export function findOwnKey(tenantId: string, key: string): OwnKey | null {
  const object = objectPrefix(tenantId)
  if (key.startsWith(object)) {
    const [ownerType, ownerId, id, ...more] = key.slice(object.length).split('/')
    return ownerType && ownerId && id && more.length === 0 && isOwnId(id) ? { id, ownerType, ownerId } : null
  }
  const place = key.startsWith(QUARANTINE) ? key.slice(QUARANTINE.length) : key
  const asset = assetPrefix(tenantId)
  if (!place.startsWith(asset)) return null
  const [companies, ownerId, app, year = '', month = '', kind, id, name, ...more] = place.slice(asset.length).split('/')
  const isDated = /^\d{4}$/.test(year) && /^(0[1-9]|1[0-2])$/.test(month)
  if (companies !== 'companies' || !ownerId || !app || !isDated || !kind || !id || !name || more.length > 0) return null
  return isOwnId(id) ? { id, ownerType: OWNER_TYPE, ownerId } : null
}
