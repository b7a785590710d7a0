import type { Bytes } from './bytes.ts'

/** Base64 of RFC 4648 §5, with padding. */
export function toBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
}

/** The bytes of padded base64 in either alphabet of RFC 4648, or null where `text` is none. Unused trailing bits are ignored. */
export function fromBase64(text: string): Bytes | null {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(text)) return null
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(binary, (character) => character.charCodeAt(0)) as Bytes
}

/** As `fromBase64`, and null unless `text` is the one way to write these bytes in the urlsafe alphabet. */
export function fromCanonicalBase64Url(text: string): Bytes | null {
  const bytes = fromBase64(text)
  return bytes !== null && toBase64Url(bytes) === text ? bytes : null
}
