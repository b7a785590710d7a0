import { type Bytes, equalInConstantTime, writeU32, writeU64 } from './bytes.ts'
import type { AeadKey, AeadMessage } from './engine.ts'

/**
 * AES-GCM (FIPS 197, NIST SP 800-38D) without the platform's help. Chromium's WebCrypto has no AES with keys of 24 bytes, and LXENC01
 * master keys may be such: only the 48 bytes of a wrapped file key ever go through here. No table and no branch depends on a secret.
 */

const BLOCK = 16

/** Product in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1. */
function multiply(a: number, b: number): number {
  let [product, shifted] = [0, a]
  for (let bit = 0; bit < 8; bit += 1) {
    product ^= shifted & -((b >> bit) & 1)
    shifted = (shifted << 1) ^ (0x11b & -(shifted >> 7))
  }
  return product
}

/** The S-box (FIPS 197 §5.1.1): the inverse, as the power 254, then an affine map. */
function substitute(x: number): number {
  const x2 = multiply(x, x)
  const x3 = multiply(x2, x)
  const x6 = multiply(x3, x3)
  const x12 = multiply(x6, x6)
  let high = multiply(x12, x3)
  for (let i = 0; i < 4; i += 1) high = multiply(high, high)
  const inverse = multiply(multiply(high, x12), x2)
  const twice = inverse | (inverse << 8)
  return (inverse ^ (twice >> 7) ^ (twice >> 6) ^ (twice >> 5) ^ (twice >> 4) ^ 0x63) & 0xff
}

/** The round keys one behind the other (FIPS 197 §5.2). */
function expandKey(key: Uint8Array): Uint8Array {
  const words = key.length / 4
  const expanded = new Uint8Array(BLOCK * (words + 7))
  expanded.set(key)
  for (let at = key.length, round = 1; at < expanded.length; at += 4) {
    let word = [...expanded.subarray(at - 4, at)]
    const place = (at / 4) % words
    if (place === 0) {
      word = [...word.slice(1), word[0]!].map(substitute)
      word[0]! ^= round
      round = multiply(round, 2)
    } else if (words > 6 && place === 4) word = word.map(substitute)
    for (let i = 0; i < 4; i += 1) expanded[at + i] = expanded[at + i - key.length]! ^ word[i]!
  }
  return expanded
}

function addRoundKey(state: Uint8Array, keys: Uint8Array, round: number): void {
  for (let i = 0; i < BLOCK; i += 1) state[i]! ^= keys[round * BLOCK + i]!
}

/** SubBytes and ShiftRows: the byte at column c, row r comes from column c + r. */
function substituteAndShift(state: Uint8Array): void {
  const before = state.map(substitute)
  for (let i = 0; i < BLOCK; i += 1) state[i] = before[(i + 4 * (i % 4)) % BLOCK]!
}

function mixColumns(state: Uint8Array): void {
  for (let at = 0; at < BLOCK; at += 4) {
    const column = state.slice(at, at + 4)
    for (let row = 0; row < 4; row += 1) {
      const [a, b, c, d] = [0, 1, 2, 3].map((more) => column[(row + more) % 4]!) as [number, number, number, number]
      state[at + row] = multiply(a, 2) ^ multiply(b, 3) ^ c ^ d
    }
  }
}

function encryptBlock(keys: Uint8Array, block: Uint8Array): Uint8Array {
  const state = block.slice()
  const rounds = keys.length / BLOCK - 1
  addRoundKey(state, keys, 0)
  for (let round = 1; round <= rounds; round += 1) {
    substituteAndShift(state)
    if (round < rounds) mixColumns(state)
    addRoundKey(state, keys, round)
  }
  return state
}

/** Product in GF(2^128) as GHASH has it (SP 800-38D §6.3); both operands are four words, the first bit is the highest of the first. */
function multiplyBlocks(x: Uint32Array, h: Uint32Array): Uint32Array {
  const product = new Uint32Array(4)
  const shifted = h.slice()
  for (let bit = 0; bit < 128; bit += 1) {
    const mask = -((x[bit >> 5]! >>> (31 - (bit & 31))) & 1)
    const carry = -(shifted[3]! & 1)
    for (let word = 3; word >= 0; word -= 1) {
      product[word]! ^= shifted[word]! & mask
      shifted[word] = (shifted[word]! >>> 1) | (word > 0 ? shifted[word - 1]! << 31 : 0)
    }
    shifted[0]! ^= 0xe1000000 & carry
  }
  return product
}

function wordsOf(block: Uint8Array): Uint32Array {
  const view = new DataView(block.buffer, block.byteOffset, BLOCK)
  return Uint32Array.from([0, 4, 8, 12], (at) => view.getUint32(at))
}

function tagOf(keys: Uint8Array, counter: Uint8Array, parts: { aad: Uint8Array; ciphertext: Uint8Array }): Uint8Array {
  const h = wordsOf(encryptBlock(keys, new Uint8Array(BLOCK)))
  const lengths = new Uint8Array(BLOCK)
  writeU64(lengths, 0, parts.aad.length * 8)
  writeU64(lengths, 8, parts.ciphertext.length * 8)
  let hash = new Uint32Array(4)
  for (const part of [parts.aad, parts.ciphertext, lengths]) {
    for (let at = 0; at < part.length; at += BLOCK) {
      const block = new Uint8Array(BLOCK)
      block.set(part.subarray(at, at + BLOCK))
      const words = wordsOf(block)
      hash = multiplyBlocks(
        hash.map((word, i) => word ^ words[i]!),
        h,
      ) as Uint32Array<ArrayBuffer>
    }
  }
  const tag = encryptBlock(keys, counter)
  const view = new DataView(tag.buffer)
  for (let i = 0; i < 4; i += 1) view.setUint32(4 * i, view.getUint32(4 * i) ^ hash[i]!)
  return tag
}

/** Encrypts or decrypts, which is the same. */
function crypt(keys: Uint8Array, counter: Uint8Array, bytes: Uint8Array): Bytes {
  const out = new Uint8Array(bytes)
  const block = counter.slice()
  for (let at = 0; at < out.length; at += BLOCK) {
    writeU32(block, 12, 2 + at / BLOCK)
    const stream = encryptBlock(keys, block)
    for (let i = at; i < Math.min(at + BLOCK, out.length); i += 1) out[i]! ^= stream[i - at]!
  }
  return out
}

function firstCounter(iv: Uint8Array): Uint8Array {
  const counter = new Uint8Array(BLOCK)
  counter.set(iv)
  counter[BLOCK - 1] = 1
  return counter
}

/** A key of 16, 24 or 32 bytes for messages of a few blocks with IVs of 12 bytes. */
export function portableAesGcm(raw: Uint8Array): AeadKey {
  const keys = expandKey(raw)
  function open({ iv, aad, bytes }: AeadMessage): Bytes | null {
    if (bytes.length < BLOCK) return null
    const ciphertext = bytes.subarray(0, bytes.length - BLOCK)
    const counter = firstCounter(iv)
    const tag = tagOf(keys, counter, { aad, ciphertext })
    return equalInConstantTime(tag, bytes.subarray(ciphertext.length)) ? crypt(keys, counter, ciphertext) : null
  }
  return {
    open,
    openInto(out, message) {
      const plaintext = open(message)
      if (plaintext !== null) out.set(plaintext)
      return plaintext !== null
    },
    sealInto(out, { iv, aad, bytes }) {
      const counter = firstCounter(iv)
      const ciphertext = crypt(keys, counter, bytes)
      out.set(ciphertext)
      out.set(tagOf(keys, counter, { aad, ciphertext }), ciphertext.length)
    },
  }
}
