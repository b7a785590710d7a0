import { createHmac, timingSafeEqual } from 'node:crypto'

/** What the bearer of a signed URL of this server may do, once or more until it expires. Times in seconds since the epoch. */
export type UploadGrant = {
  readonly tenantId: string
  readonly id: string
  readonly length: number
  readonly contentType: string
  readonly expires: number
}
export type DownloadGrant = {
  readonly tenantId: string
  readonly id: string
  readonly disposition: 'attachment' | 'inline'
  readonly expires: number
}

/** Every member in an order that never changes, so that no two grants read the same. */
const uploadText = (grant: UploadGrant): string =>
  JSON.stringify(['holdfast:v1:PUT', grant.tenantId, grant.id, grant.length, grant.contentType, grant.expires])
const downloadText = (grant: DownloadGrant): string =>
  JSON.stringify(['holdfast:v1:GET', grant.tenantId, grant.id, grant.disposition, grant.expires])

const signatureOf = (secret: Uint8Array, text: string): Buffer => createHmac('sha256', secret).update(text).digest()
const isSignature = (secret: Uint8Array, text: string, signature: string): boolean => {
  const given = Buffer.from(signature, 'base64url')
  const expected = signatureOf(secret, text)
  // A text that is not the one spelling of its bytes is refused too: one grant has one URL.
  return given.length === expected.length && timingSafeEqual(given, expected) && expected.toString('base64url') === signature
}

export const signUpload = (secret: Uint8Array, grant: UploadGrant): string => signatureOf(secret, uploadText(grant)).toString('base64url')
export const signDownload = (secret: Uint8Array, grant: DownloadGrant): string =>
  signatureOf(secret, downloadText(grant)).toString('base64url')

/** In constant time. True only for the signature of exactly this grant under this secret. */
export const isUploadSigned = (secret: Uint8Array, grant: UploadGrant, signature: string): boolean =>
  isSignature(secret, uploadText(grant), signature)
export const isDownloadSigned = (secret: Uint8Array, grant: DownloadGrant, signature: string): boolean =>
  isSignature(secret, downloadText(grant), signature)
