import { portableAesGcm } from './aes-gcm.ts'
import { type Bytes, unshared } from './bytes.ts'

/** Engines may answer at once or later; callers await both. */
export type Eventually<T> = T | Promise<T>

/** One AES-GCM key, ready for use. Tags are 16 bytes and follow the ciphertext. */
export interface AeadKey {
  /** Writes ciphertext and tag of `plaintext` to the start of `out`, which has room for plaintext.length + 16 bytes. */
  sealInto(out: Uint8Array, message: AeadMessage): Eventually<void>
  /** The plaintext, or null where the tag does not fit. Nothing of an unauthenticated plaintext is ever given out. */
  open(message: AeadMessage): Eventually<Uint8Array | null>
  /** As `open`, into the start of `out`, which must not overlap the message. False, and no plaintext in `out`, where the tag does not fit. */
  openInto(out: Uint8Array, message: AeadMessage): Eventually<boolean>
}

/** `bytes` is the plaintext to seal, or the ciphertext with its tag to open. */
export type AeadMessage = { iv: Uint8Array; aad: Uint8Array; bytes: Uint8Array }

/** The primitives that both containers rest on. `webCryptoEngine` runs everywhere; '@holdfast/container/node' has one over node:crypto. */
export interface AeadEngine {
  /** 16, 24 or 32 bytes. */
  importKey(raw: Uint8Array): Eventually<AeadKey>
  hmacSha384(key: Uint8Array, data: Uint8Array): Eventually<Uint8Array>
}

/** Cryptographically secure random bytes. Replaced only to make reproducible vectors. */
export type RandomSource = (length: number) => Uint8Array

export const systemRandom: RandomSource = (length) => crypto.getRandomValues(new Uint8Array(length))

const gcm = (message: AeadMessage): AesGcmParams => ({
  name: 'AES-GCM',
  iv: unshared(message.iv),
  additionalData: unshared(message.aad),
  tagLength: 128,
})

function webCryptoKey(key: CryptoKey): AeadKey {
  async function open(message: AeadMessage): Promise<Bytes | null> {
    try {
      return new Uint8Array(await crypto.subtle.decrypt(gcm(message), key, unshared(message.bytes)))
    } catch (error) {
      if (error instanceof DOMException && error.name === 'OperationError') return null
      throw error
    }
  }
  return {
    open,
    async sealInto(out, message) {
      out.set(new Uint8Array(await crypto.subtle.encrypt(gcm(message), key, unshared(message.bytes))))
    },
    async openInto(out, message) {
      const plaintext = await open(message)
      if (plaintext !== null) out.set(plaintext)
      return plaintext !== null
    },
  }
}

const AES_192_BYTES = 24

/** WebCrypto wherever it runs. Keys of 24 bytes, which not every browser takes, fall back to code of our own for small messages. */
export const webCryptoEngine: AeadEngine = {
  async importKey(raw) {
    try {
      return webCryptoKey(await crypto.subtle.importKey('raw', unshared(raw), 'AES-GCM', false, ['encrypt', 'decrypt']))
    } catch (error) {
      if (raw.length === AES_192_BYTES) return portableAesGcm(raw)
      throw error
    }
  },
  async hmacSha384(key, data): Promise<Bytes> {
    const imported = await crypto.subtle.importKey('raw', unshared(key), { name: 'HMAC', hash: 'SHA-384' }, false, ['sign'])
    return new Uint8Array(await crypto.subtle.sign('HMAC', imported, unshared(data)))
  },
}
