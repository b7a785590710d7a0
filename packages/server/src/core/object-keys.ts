/** Each role writes below its own prefix, so that one target can serve several (T10). */
export const rolePrefixes = { encrypted: 'attachments/', direct: 'direct/', backup: 'backups/' } as const

/** Every secure object of a tenant starts with this (S6, T10). */
export const securePrefix = (tenantId: string): string => `${rolePrefixes.encrypted}${tenantId}/`

/** Where the sealed object of a secure file lies in its target (S6). The original name is metadata and never part of a key. */
export const secureKey = (file: { tenantId: string; caseId: string; fileId: string }): string =>
  `${securePrefix(file.tenantId)}${file.caseId}/${file.fileId}.bin`

/** The AAD of a secure file's container: an object that is copied over another file's does not open (docs/spec/container.md). */
export const containerAad = (file: { tenantId: string; fileId: string }): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(`holdfast:v1:${file.tenantId}:${file.fileId}`) as Uint8Array<ArrayBuffer>
