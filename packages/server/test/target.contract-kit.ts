import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { type PartReceipt, StorageError, type StorageFault, type StorageTarget } from '../src/storage/target.ts'

/** An empty place and a driver onto it. `another` opens a further driver onto the same place, as another process would. */
export type OpenedTarget = { target: StorageTarget; another: () => Promise<StorageTarget>; dispose: () => Promise<void> }
export type ContractOptions = {
  /** Bytes that every part but the last has at least (S3: 5 MiB); parts of the suite are this long or a little longer. */
  partBytes?: number
  /** Runs of each property; servers get fewer. */
  runs?: number
  /** Bytes of the longest segment that is stored or refused in earnest; 255 where not said. */
  longestSegment?: number
}
export type Contract = {
  open: () => Promise<OpenedTarget>
  current: () => OpenedTarget
  partBytes: number
  runs: number
  longestSegment: number
}

export const fails = (fault: StorageFault) => (error: unknown) => {
  assert.ok(error instanceof StorageError, `expected StorageError ${fault}, got ${error}`)
  assert.equal(error.fault, fault)
  return true
}
export const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
export const keysOf = async (target: StorageTarget, prefix = ''): Promise<string[]> =>
  (await collect(target.list(prefix))).map((stat) => stat.key).sort()
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
export const sameBytes = (actual: Uint8Array, expected: Uint8Array): void => {
  assert.equal(actual.length, expected.length)
  assert.equal(sha256(actual), sha256(expected))
}
export const text = (value: string): Uint8Array => new TextEncoder().encode(value)
let unique = 0
export const freshKey = (name = 'object.bin'): string => {
  unique += 1
  return `contract/${unique}/${name}`
}

/** Writes `bytes` in parts of `partBytes` in the order of `order` (0-based), without committing. */
export async function writeParts(
  target: StorageTarget,
  key: string,
  write: string,
  options: { bytes: Uint8Array; partBytes: number; order?: number[] },
) {
  const count = Math.ceil(options.bytes.length / options.partBytes)
  const receipts: PartReceipt[] = []
  for (const index of options.order ?? Array.from({ length: count }, (_, i) => i)) {
    const offset = index * options.partBytes
    const bytes = options.bytes.subarray(offset, offset + options.partBytes)
    receipts.push(await target.writePart(key, write, { number: index + 1, offset, bytes }))
  }
  return receipts
}
