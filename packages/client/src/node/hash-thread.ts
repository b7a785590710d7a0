import { createHash, type Hash } from 'node:crypto'
import { readSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'

// The thread in which Node hashes one file, whole and by parts, in one reading. It ends by itself or is terminated.

export type HashThreadInput = { readonly fd: number; readonly size: number; readonly partSize: number }
export type HashThreadMessage =
  | { readonly kind: 'part'; readonly number: number; readonly sha256: string }
  | { readonly kind: 'progress'; readonly hashed: number }
  | { readonly kind: 'whole'; readonly sha256: string }

const PIECE_BYTES = 512 * 1024
const PROGRESS_BYTES = 8 * 1024 * 1024

const post = (message: HashThreadMessage): void => parentPort?.postMessage(message)

function hashFile({ fd, size, partSize }: HashThreadInput): void {
  const buffer = Buffer.allocUnsafeSlow(PIECE_BYTES)
  const whole = createHash('sha256')
  let part: Hash = createHash('sha256')
  let number = 1
  for (let offset = 0, told = 0; offset < size; ) {
    const border = Math.min(number * partSize, size)
    const read = readSync(fd, buffer, 0, Math.min(PIECE_BYTES, border - offset), offset)
    if (read === 0) throw new Error('The file became shorter')
    const piece = buffer.subarray(0, read)
    whole.update(piece)
    part.update(piece)
    offset += read
    if (offset - told >= PROGRESS_BYTES || offset === size) {
      told = offset
      post({ kind: 'progress', hashed: offset })
    }
    if (offset < border) continue
    post({ kind: 'part', number, sha256: part.digest('hex') })
    part = createHash('sha256')
    number += 1
  }
  if (size === 0) post({ kind: 'part', number, sha256: part.digest('hex') })
  post({ kind: 'whole', sha256: whole.digest('hex') })
}

hashFile(workerData as HashThreadInput)
