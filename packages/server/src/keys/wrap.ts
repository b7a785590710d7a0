import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { KeyError, type WrapContext } from './provider.ts'

// A wrapped key or sealed secret: 0x01 ‖ nonce (12) ‖ ciphertext ‖ tag (16), AES-256-GCM (NIST SP 800-38D) with random nonces.
// AAD: 0x01 ‖ the context in UTF-8, so that what is moved to another row does not open there.

const VERSION = 1
const NONCE_BYTES = 12
const TAG_BYTES = 16
const HEAD_BYTES = 1 + NONCE_BYTES
export const KEY_BYTES = 32

const aad = (context: WrapContext): Buffer => Buffer.concat([Uint8Array.of(VERSION), Buffer.from(context)])

/** Seals `plain` under a 32-byte key. */
export function sealBytes(key: Uint8Array, plain: Uint8Array, context: WrapContext): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(aad(context))
  return new Uint8Array(Buffer.concat([Uint8Array.of(VERSION), nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]))
}

/** Opens what `sealBytes` made with the same key and context; null where any of it differs. */
export function openBytes(key: Uint8Array, sealed: Uint8Array, context: WrapContext): Uint8Array | null {
  if (sealed.length < HEAD_BYTES + TAG_BYTES || sealed[0] !== VERSION) return null
  const end = sealed.length - TAG_BYTES
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, HEAD_BYTES), { authTagLength: TAG_BYTES })
    .setAAD(aad(context))
    .setAuthTag(sealed.subarray(end))
  const plain = decipher.update(sealed.subarray(HEAD_BYTES, end))
  try {
    decipher.final()
    return new Uint8Array(plain)
  } catch {
    return null
  } finally {
    plain.fill(0)
  }
}

/** Wraps a 32-byte key. */
export function wrapKey(wrapping: Uint8Array, key: Uint8Array, context: WrapContext): Uint8Array {
  if (key.length !== KEY_BYTES) throw new KeyError(`Only keys of ${KEY_BYTES} bytes are wrapped`)
  return sealBytes(wrapping, key, context)
}

/** `KeyError` where the wrapping key, the bytes or the context are not those of the wrap. */
export function unwrapKey(wrapping: Uint8Array, wrapped: Uint8Array, context: WrapContext): Uint8Array {
  const key = openBytes(wrapping, wrapped, context)
  if (key?.length !== KEY_BYTES)
    throw new KeyError(`A wrapped key does not open as ${context}: it was changed, moved, or made under another key`)
  return key
}

/** A key for one purpose (HKDF-SHA-256, RFC 5869, no salt, `purpose` as info), so that uses of one long-lived key stay apart. */
export const deriveKey = (from: Uint8Array, purpose: string, bytes = KEY_BYTES): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', from, new Uint8Array(), purpose, bytes))

/** Names a key without telling anything of it: derived for this purpose alone, and far shorter than the key. */
export const fingerprintOf = (key: Uint8Array, purpose: string): string => Buffer.from(deriveKey(key, purpose, 8)).toString('hex')
