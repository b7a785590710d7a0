/** Cutting and joining of sealed bytes, and what the vectors derive their bytes from. Web APIs alone. */
export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
export const hexOf = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
export const fromHex = (text: string): Uint8Array => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))

export function join(...pieces: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}

/** `bytes` with `value` in the place of what was at `at`. */
export function patch(bytes: Uint8Array, at: number, value: Uint8Array): Uint8Array {
  const changed = bytes.slice()
  changed.set(value, at)
  return changed
}

/** `bytes` with one bit changed. */
export const flip = (bytes: Uint8Array, at: number, bit = 0): Uint8Array => patch(bytes, at, Uint8Array.of(bytes[at]! ^ (1 << bit)))

export function be32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)
}

export const sha256 = async (bytes: Uint8Array): Promise<string> =>
  hexOf(new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(bytes))))

/** Chunks of uneven lengths, as a network would bring them. */
export async function* inChunks(bytes: Uint8Array, length = 7): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.slice(at, at + length)
}

export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of stream) pieces.push(piece)
  return join(...pieces)
}

/** Plaintext of the vectors: byte[i] = (i·7 + 3) mod 251. */
export function vectorPlaintext(length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let index = 0; index < length; index += 1) bytes[index] = (index * 7 + 3) % 251
  return bytes
}

/** Draw k is SHA-256(seed ‖ be32(k) ‖ be32(block)) over blocks 0, 1, …; WebCrypto hashes asynchronously, so the draws are made before. */
export async function seededRandom(seed: string, lengths: readonly number[]): Promise<(length: number) => Uint8Array> {
  const draws: Uint8Array[] = []
  for (const [k, length] of lengths.entries()) {
    const blocks: string[] = []
    for (let block = 0; block * 32 < length; block += 1) blocks.push(await sha256(join(utf8(seed), be32(k), be32(block))))
    draws.push(fromHex(blocks.join('')).slice(0, length))
  }
  return (length) => {
    const draw = draws.shift()
    if (draw?.length !== length) throw new Error(`No draw of ${length} bytes comes next`)
    return draw
  }
}

export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  if (actual !== expected) throw new Error(`${what}: ${String(actual)} instead of ${String(expected)}`)
}
