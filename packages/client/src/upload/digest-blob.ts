import { createSHA256, type IHasher } from 'hash-wasm'
import { type BlobDigestEvents, HELD_BYTES, hex } from './digest-one-part.ts'

/** Read at once, in bytes: smaller slices cost the most in reading. */
const SLICE_BYTES = 8 * 1024 * 1024
/**
 * Reads `blob` once, the next slice always under way, and gives the SHA-256 of each part and of the whole.
 * The whole needs an incremental hash, which browsers lack; parts use the platform's where the page may (secure contexts).
 * @throws what reading the blob throws.
 */
export async function digestBlob(blob: Blob, partSize: number, events: BlobDigestEvents): Promise<string> {
  const whole = await createSHA256()
  if (blob.size === 0) events.onPart(1, whole.digest('hex'))
  whole.init()
  const step = partSize <= HELD_BYTES ? partSize : Math.min(SLICE_BYTES, partSize)
  const partHash = await createPartHash(step === partSize)
  let next = readSlice(blob, 0, step, partSize)
  next.catch(() => {})
  for (let offset = 0, number = 1; offset < blob.size; ) {
    const bytes = await next
    const end = offset + bytes.length
    next = readSlice(blob, end, step, partSize)
    next.catch(() => {})
    const part = partHash.update(bytes)
    for (let at = 0; at < bytes.length; at += SLICE_BYTES) whole.update(bytes.subarray(at, at + SLICE_BYTES))
    await part
    offset = end
    events.onProgress(offset)
    if (offset % partSize !== 0 && offset < blob.size) continue
    events.onPart(number, await partHash.digest())
    number += 1
  }
  return whole.digest('hex')
}

/** From `offset` at most `step` bytes, never over a part's border. */
async function readSlice(blob: Blob, offset: number, step: number, partSize: number): Promise<Uint8Array<ArrayBuffer>> {
  const border = (Math.floor(offset / partSize) + 1) * partSize
  return new Uint8Array(await blob.slice(offset, Math.min(offset + step, border)).arrayBuffer())
}

type PartHash = { update(bytes: Uint8Array<ArrayBuffer>): Promise<void>; digest(): Promise<string> }

async function createPartHash(partAtOnce: boolean): Promise<PartHash> {
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle
  if (partAtOnce && subtle !== undefined) {
    let digest = ''
    return {
      update: async (bytes) => {
        digest = hex(new Uint8Array(await subtle.digest('SHA-256', bytes)))
      },
      digest: async () => digest,
    }
  }
  const hasher: IHasher = await createSHA256()
  return {
    update: async (bytes) => {
      hasher.update(bytes)
    },
    digest: async () => {
      const digest = hasher.digest('hex')
      hasher.init()
      return digest
    },
  }
}
