import { createCipheriv, createHash, createHmac } from 'node:crypto'

// What SMB 3 needs and node:crypto does not have: MD4 and RC4 (for NTLMv2 alone) and AES-CMAC (to check the last
// SESSION_SETUP answer), and the key derivation of [MS-SMB2] §3.1.4.2.

const rotate = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits))

const md4Rounds = [
  {
    mix: (x: number, y: number, z: number) => (x & y) | (~x & z),
    add: 0,
    order: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    shifts: [3, 7, 11, 19],
  },
  {
    mix: (x: number, y: number, z: number) => (x & y) | (x & z) | (y & z),
    add: 0x5a827999,
    order: [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15],
    shifts: [3, 5, 9, 13],
  },
  {
    mix: (x: number, y: number, z: number) => x ^ y ^ z,
    add: 0x6ed9eba1,
    order: [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15],
    shifts: [3, 9, 11, 15],
  },
] as const

/** MD4 (RFC 1320). Broken as a hash; NTLM builds on it and nothing else here does. */
export function md4(message: Uint8Array): Buffer {
  const padded = Buffer.alloc(((message.length + 8) >> 6) * 64 + 64)
  padded.set(message)
  padded[message.length] = 0x80
  padded.writeBigUInt64LE(BigInt(message.length) * 8n, padded.length - 8)
  let state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476]
  for (let block = 0; block < padded.length; block += 64) {
    let [a, b, c, d] = state as [number, number, number, number]
    for (const round of md4Rounds) {
      round.order.forEach((word, step) => {
        const sum = (a + round.mix(b, c, d) + padded.readUInt32LE(block + word * 4) + round.add) | 0
        ;[a, b, c, d] = [d, rotate(sum, round.shifts[step & 3]!), b, c]
      })
    }
    state = [a, b, c, d].map((value, index) => (value + state[index]!) | 0)
  }
  const digest = Buffer.alloc(16)
  state.forEach((value, index) => {
    digest.writeInt32LE(value | 0, index * 4)
  })
  return digest
}

/** An RC4 key stream that goes on from call to call, as NTLM's sealing handle does ([MS-NLMP] §3.4.4.2). */
export function rc4(key: Uint8Array): (data: Uint8Array) => Buffer {
  const state = Uint8Array.from({ length: 256 }, (_, index) => index)
  const swap = (i: number, j: number) => {
    ;[state[i], state[j]] = [state[j]!, state[i]!]
  }
  for (let i = 0, j = 0; i < 256; i++) {
    j = (j + state[i]! + key[i % key.length]!) & 255
    swap(i, j)
  }
  let i = 0
  let j = 0
  return (data) => {
    const out = Buffer.from(data)
    for (let at = 0; at < out.length; at++) {
      i = (i + 1) & 255
      j = (j + state[i]!) & 255
      swap(i, j)
      out[at]! ^= state[(state[i]! + state[j]!) & 255]!
    }
    return out
  }
}

function encryptBlock(key: Uint8Array, block: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false)
  return Buffer.concat([cipher.update(block), cipher.final()])
}

function doubled(block: Buffer): Buffer {
  const out = Buffer.alloc(16)
  for (let index = 0; index < 16; index++) out[index] = (block[index]! << 1) | ((block[index + 1] ?? 0) >> 7)
  if (block[0]! & 0x80) out[15]! ^= 0x87
  return out
}

/** AES-CMAC with a 128-bit key (RFC 4493). */
export function aesCmac(key: Uint8Array, message: Uint8Array): Buffer {
  const subkey = doubled(encryptBlock(key, Buffer.alloc(16)))
  const whole = message.length > 0 && message.length % 16 === 0
  const length = whole ? message.length : Math.floor(message.length / 16) * 16 + 16
  const padded = Buffer.alloc(length)
  padded.set(message)
  if (!whole) padded[message.length] = 0x80
  const last = whole ? subkey : doubled(subkey)
  for (let index = 0; index < 16; index++) padded[length - 16 + index]! ^= last[index]!
  const cipher = createCipheriv('aes-128-cbc', key, Buffer.alloc(16)).setAutoPadding(false)
  return cipher.update(padded).subarray(length - 16)
}

/** SP 800-108 in counter mode over HMAC-SHA-256, as [MS-SMB2] §3.1.4.2 uses it. `length` in bytes, at most 32. */
export function deriveKey(key: Uint8Array, label: string, context: Uint8Array, length: number): Buffer {
  const hmac = createHmac('sha256', key)
  hmac.update(Buffer.from([0, 0, 0, 1]))
  hmac.update(`${label}\0\0`, 'latin1')
  hmac.update(context)
  const bits = Buffer.alloc(4)
  bits.writeUInt32BE(length * 8)
  return hmac.update(bits).digest().subarray(0, length)
}

export const hmacMd5 = (key: Uint8Array, ...parts: Uint8Array[]): Buffer => {
  const hmac = createHmac('md5', key)
  for (const part of parts) hmac.update(part)
  return hmac.digest()
}
export const md5 = (...parts: Uint8Array[]): Buffer => {
  const hash = createHash('md5')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
export const sha512 = (...parts: Uint8Array[]): Buffer => {
  const hash = createHash('sha512')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
