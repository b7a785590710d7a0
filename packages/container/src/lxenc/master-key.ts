import { fromBase64 } from '../base64.ts'
import type { Bytes } from '../bytes.ts'
import { ContainerError } from '../errors.ts'

const LENGTHS = [16, 24, 32]

/**
 * A master key from its text: base64, urlsafe or standard, padding required, 16, 24 or 32 bytes. Throws 'key-encoding' or
 * 'key-length' saying what is wrong; the text never appears in the message. White space around the text is the caller's to strip.
 */
export function parseMasterKey(text: string): Bytes {
  const key = fromBase64(text)
  if (key === null || text === '') {
    throw new ContainerError('key-encoding', 'The master key must be one line of urlsafe base64 with its padding')
  }
  assertMasterKey(key)
  return key
}

export function assertMasterKey(key: Uint8Array): void {
  if (!LENGTHS.includes(key.length)) {
    throw new ContainerError('key-length', `The master key must have 16, 24 or 32 bytes after decoding, not ${key.length}`)
  }
}
