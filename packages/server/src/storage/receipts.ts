import { type PartReceipt, StorageError, type WritePart } from './target.ts'

/** Throws 'bad-part' where `part` does not lie within an object of `size` bytes. */
export function checkPart(part: WritePart, size: number): void {
  const { number, offset, bytes } = part
  if (!Number.isSafeInteger(number) || number < 1) throw new StorageError('bad-part', `Parts are numbered from 1, not ${number}`)
  if (!Number.isSafeInteger(offset) || offset < 0 || offset + bytes.length > size) {
    throw new StorageError('bad-part', `Part ${number} (${bytes.length} bytes at ${offset}) does not lie within ${size} bytes`)
  }
  if (bytes.length === 0 && size > 0) throw new StorageError('bad-part', `Part ${number} is empty`)
}

/** The receipts by number, the last of each; throws 'bad-part' where they do not run from 1 without a gap and add up to `size`. */
export function checkReceipts(receipts: readonly PartReceipt[], size: number): PartReceipt[] {
  const byNumber = new Map(receipts.map((receipt) => [receipt.number, receipt]))
  const sorted = [...byNumber.values()].sort((a, b) => a.number - b.number)
  sorted.forEach((receipt, index) => {
    if (receipt.number !== index + 1) throw new StorageError('bad-part', `Part ${index + 1} is missing`)
  })
  const total = sorted.reduce((sum, receipt) => sum + receipt.size, 0)
  if (total !== size) throw new StorageError('bad-part', `The parts hold ${total} bytes, the object has ${size}`)
  return sorted
}

/** Throws where `offset` and `length` are no range at all; whether the object holds it is for the driver to find out. */
export function checkRange(offset: number, length: number): void {
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0) {
    throw new StorageError('out-of-range', `${offset}+${length} is not a range`)
  }
}

/** Throws where an object cannot have `size` bytes. */
export function checkSize(size: number): void {
  if (!Number.isSafeInteger(size) || size < 0) throw new StorageError('bad-part', `An object cannot have ${size} bytes`)
}
