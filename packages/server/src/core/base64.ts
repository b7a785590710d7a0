/** The bytes of canonical standard base64 (RFC 4648 §4, padded), or null: one text for each sequence of bytes. */
export function fromBase64(text: string): Uint8Array | null {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? new Uint8Array(bytes) : null
}

export const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** The bytes of lower-case hex, or null. */
export const fromHex = (text: string): Uint8Array | null =>
  /^(?:[0-9a-f]{2})*$/.test(text) ? new Uint8Array(Buffer.from(text, 'hex')) : null
