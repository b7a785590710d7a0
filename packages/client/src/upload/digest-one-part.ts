/** A part up to this size is held whole for its own digest, by the platform's hash; larger ones are hashed piece by piece. */
export const HELD_BYTES = 64 * 1024 * 1024

export type BlobDigestEvents = { onPart(number: number, sha256: string): void; onProgress(hashed: number): void }

export const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

/** The platform's hash; pages that came without TLS have none. */
const subtle = (): SubtleCrypto | undefined => globalThis.crypto?.subtle

/** Whether the file is one part, whose digest is that of the whole and which the platform can hash by itself. */
export const isOnePart = (blob: Blob, partSize: number): boolean => subtle() !== undefined && blob.size <= Math.min(partSize, HELD_BYTES)

/** The digest of a file for which `isOnePart` holds, off this thread and several times as fast as a worker could. @throws what reading it throws. */
export async function digestOnePart(blob: Blob, events: BlobDigestEvents): Promise<string> {
  const sha256 = hex(new Uint8Array(await subtle()!.digest('SHA-256', await blob.arrayBuffer())))
  events.onProgress(blob.size)
  events.onPart(1, sha256)
  return sha256
}
