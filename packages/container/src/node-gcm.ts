import { createCipheriv, createDecipheriv, createHmac, createSecretKey, type DecipherGCM, type KeyObject } from 'node:crypto'
import type { Bytes } from './bytes.ts'
import type { AeadEngine, AeadKey } from './engine.ts'
import { ContainerError } from './errors.ts'
import { SEGMENT_TAG_BYTES } from './floe/format.ts'

// AES-GCM and HMAC of node:crypto, fed in pieces, straight from the caller's chunks into the caller's buffer.

/** Larger outputs of the cipher go through mmap and fault in page by page; of this size the allocator keeps and reuses them. */
const PIECE_BYTES = 65_536

/** Pieces that are passed on as they are, fewer for each call of the system. */
const LARGE_PIECE_BYTES = 262_144

/**
 * Gives memory back at once where `bytes` owns its buffer, instead of leaving it to a garbage collector that sees only the small view.
 * `bytes` is empty afterwards; what was given back already stays so.
 */
export function freeBytes(bytes: Uint8Array): void {
  const { buffer } = bytes
  if (buffer instanceof ArrayBuffer && !buffer.detached && bytes.byteLength === buffer.byteLength) buffer.transfer(0)
}

type Transform = { update(data: Uint8Array): Uint8Array }

/** Runs `bytes` through the cipher into `out` from `at`; answers where it ended. What it writes is behind what it has read. */
export function pump(cipher: Transform, bytes: Uint8Array, target: { out: Uint8Array; at: number }): number {
  let at = target.at
  for (let from = 0; from < bytes.length; from += PIECE_BYTES) {
    const piece = cipher.update(bytes.subarray(from, from + PIECE_BYTES))
    target.out.set(piece, at)
    at += piece.length
    freeBytes(piece)
  }
  return at
}

/** A key as the ciphers take it: made into an object of node:crypto once, since every cipher would do that anew with plain bytes. */
export type GcmKey = { readonly name: 'aes-128-gcm' | 'aes-192-gcm' | 'aes-256-gcm'; readonly key: KeyObject }

const gcmName = (key: Uint8Array): GcmKey['name'] => {
  if (key.length === 32) return 'aes-256-gcm'
  if (key.length === 24) return 'aes-192-gcm'
  if (key.length === 16) return 'aes-128-gcm'
  throw new ContainerError('key-length', `AES takes keys of 16, 24 or 32 bytes, not ${key.length}`)
}

export const gcmKey = (key: Uint8Array): GcmKey => ({ name: gcmName(key), key: createSecretKey(key) })

export type SealedMessage = { iv: Uint8Array; aad: Uint8Array; bytes: Uint8Array }

/** A decipher that waits for the ciphertext alone, and the ciphertext. */
function startOpening({ name, key }: GcmKey, message: SealedMessage): { decipher: DecipherGCM; ciphertext: Uint8Array } {
  const end = message.bytes.length - SEGMENT_TAG_BYTES
  const decipher = createDecipheriv(name, key, message.iv, { authTagLength: SEGMENT_TAG_BYTES })
  decipher.setAAD(message.aad)
  decipher.setAuthTag(message.bytes.subarray(end))
  return { decipher, ciphertext: message.bytes.subarray(0, end) }
}

function isAuthentic(decipher: DecipherGCM): boolean {
  try {
    decipher.final()
    return true
  } catch {
    return false
  }
}

/** Plaintext goes to the start of `out`. False, and `out` wiped, where the tag does not fit. */
export function openInto(out: Uint8Array, key: GcmKey, message: SealedMessage): boolean {
  const { decipher, ciphertext } = startOpening(key, message)
  pump(decipher, ciphertext, { out, at: 0 })
  const authentic = isAuthentic(decipher)
  if (!authentic) out.fill(0, 0, ciphertext.length)
  return authentic
}

/** The plaintext in the pieces that the cipher made; null, and none of it kept, where the tag does not fit. */
export function openPieces(key: GcmKey, message: SealedMessage): Uint8Array[] | null {
  const { decipher, ciphertext } = startOpening(key, message)
  const pieces: Uint8Array[] = []
  for (let from = 0; from < ciphertext.length; from += LARGE_PIECE_BYTES) {
    pieces.push(decipher.update(ciphertext.subarray(from, from + LARGE_PIECE_BYTES)))
  }
  if (isAuthentic(decipher)) return pieces
  for (const piece of pieces) freeBytes(piece.fill(0))
  return null
}

function nodeKey(raw: Uint8Array): AeadKey {
  const key = gcmKey(raw)
  return {
    sealInto(out, { iv, aad, bytes }) {
      const cipher = createCipheriv(key.name, key.key, iv, { authTagLength: SEGMENT_TAG_BYTES })
      cipher.setAAD(aad)
      const end = pump(cipher, bytes, { out, at: 0 })
      cipher.final()
      out.set(cipher.getAuthTag(), end)
    },
    open(message) {
      if (message.bytes.length < SEGMENT_TAG_BYTES) return null
      const out = new Uint8Array(message.bytes.length - SEGMENT_TAG_BYTES)
      return openInto(out, key, message) ? out : null
    },
    openInto: (out, message) => message.bytes.length >= SEGMENT_TAG_BYTES && openInto(out, key, message),
  }
}

/** The engine over node:crypto: answers at once, several times as fast as WebCrypto in the same process. */
export const nodeEngine: AeadEngine = {
  importKey: nodeKey,
  hmacSha384: hmac,
}

export function hmac(key: Uint8Array, data: Uint8Array): Bytes {
  return new Uint8Array(createHmac('sha384', key).update(data).digest())
}
