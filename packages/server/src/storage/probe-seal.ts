import { randomBytes } from 'node:crypto'
import { openFloeStream, sealFloe } from '@holdfast/container'
import { nodeEngine } from '@holdfast/container/node'

/** Between the bytes of a file and those of its object. */
export interface SealLayer {
  seal(plaintext: Uint8Array): Promise<Uint8Array>
  /** Rejects unless every byte is authentic. */
  open(stored: Uint8Array): Promise<Uint8Array>
}

const SEGMENT = 16_384

const gather = async (chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}
async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** FLOE under a key of its own that nobody keeps, in segments small enough that a probe has several. */
export function floeProbeLayer(): SealLayer {
  const secrets = { fileKey: randomBytes(32), aad: Buffer.from('holdfast:probe'), engine: nodeEngine }
  return {
    seal: (plaintext) => gather(sealFloe(once(plaintext), { ...secrets, segmentLength: SEGMENT })),
    open: (stored) => gather(openFloeStream(once(stored), secrets)),
  }
}
