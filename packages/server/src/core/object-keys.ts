/** Each role writes below its own prefix, so that one target can serve several (T10). */
export const rolePrefixes = { encrypted: 'attachments/', direct: 'direct/', backup: 'backups/', objects: 'tenants/' } as const

/** Where a test of a target puts what it writes, for as long as it runs. */
export const PROBE_PREFIX = 'holdfast-probe/'

/** Every secure object of a tenant starts with this (S6, T10). */
export const securePrefix = (tenantId: string): string => `${rolePrefixes.encrypted}${tenantId}/`

/** Where the sealed object of a secure file lies in its target (S6). The original name is metadata and never part of a key. */
export const secureKey = (file: { tenantId: string; caseId: string; fileId: string }): string =>
  `${securePrefix(file.tenantId)}${file.caseId}/${file.fileId}.bin`

/** Every object of the apps of a tenant starts with this (O6). */
export const objectPrefix = (tenantId: string): string => `${rolePrefixes.objects}${tenantId}/`

/** Where an object of an app lies in its target (O12). Type and id of the owner have passed the schema, so neither holds a slash. */
export const objectKeyOf = (file: { tenantId: string; ownerType: string; ownerId: string; fileId: string }): string =>
  `${objectPrefix(file.tenantId)}${file.ownerType}/${file.ownerId}/${file.fileId}`

/** The AAD of a secure file's container: an object that is copied over another file's does not open (docs/spec/container.md). */
export const containerAad = (file: { tenantId: string; fileId: string }): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(`holdfast:v1:${file.tenantId}:${file.fileId}`) as Uint8Array<ArrayBuffer>

/** Every direct object of a tenant starts with this (D14, T10). */
export const directPrefix = (tenantId: string): string => `${rolePrefixes.direct}${tenantId}/`

/** Whether others may write under this key at a target, too: the keys of Direct. */
export const isDirectKey = (key: string): boolean => key.startsWith(rolePrefixes.direct)

/** What names an item on the storage: the first 8 hex digits of its id, which no two items of a case share. */
export const itemShortId = (itemId: string): string => itemId.slice(0, 8)

/** The folder of a case, or of one of its items, with a slash at the end (D14). The folders of a case's items lie within its own. */
export const directScope = (owner: { tenantId: string; caseNumber: string; itemId: string | null }): string =>
  `${directPrefix(owner.tenantId)}${owner.caseNumber}/${owner.itemId === null ? '' : `${itemShortId(owner.itemId)}/`}`

/** Where a direct file lies: in its scope, under the name that `toDirectName` gave it. */
export const directKey = (scope: string, storedName: string): string => `${scope}${storedName}`
