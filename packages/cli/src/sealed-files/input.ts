import { closeSync, fstatSync, openSync, read, type Stats } from 'node:fs'
import type { ByteSource } from '@holdfast/container'
import { CommandFailure } from '../failure.ts'
import { whenReady } from './when-ready.ts'

/** What is read: a regular file, at any place and of known size, or a stream (a pipe, a device, standard input). */
export type Input = FileInput | StreamInput
export type FileInput = Disposable & {
  readonly kind: 'file'
  readonly name: string
  readonly descriptor: number
  readonly size: number
  readonly source: ByteSource
  /** @throws where the file is no longer what it was when it was opened. */
  assertUnchanged(): void
}
export type StreamInput = Disposable & { readonly kind: 'stream'; readonly name: string; readonly chunks: AsyncIterable<Uint8Array> }

const STREAM_READ_BYTES = 1_048_576

/** Opens `path`; `-` is standard input. */
export function openInput(path: string): Input {
  const descriptor = path === '-' ? 0 : openSync(path, 'r')
  const close = () => {
    if (descriptor !== 0) closeSync(descriptor)
  }
  const name = path === '-' ? 'standard input' : path
  const stat = fstatSync(descriptor)
  if (stat.isDirectory()) {
    close()
    throw new CommandFailure(`${name}: it is a folder`)
  }
  // A file behind standard input may have been read in part by someone else, so that it is taken as a stream.
  if (stat.isFile() && descriptor !== 0) return fileInput({ name, descriptor, stat, close })
  return { kind: 'stream', name, chunks: chunksOf(descriptor), [Symbol.dispose]: close }
}

function fileInput(file: { name: string; descriptor: number; stat: Stats; close(): void }): FileInput {
  const { name, descriptor, stat } = file
  return {
    kind: 'file',
    name,
    descriptor,
    size: stat.size,
    source: {
      size: stat.size,
      async read(offset, length) {
        const bytes = new Uint8Array(length)
        return bytes.subarray(0, await readFully(descriptor, bytes, offset))
      },
    },
    assertUnchanged() {
      const now = fstatSync(descriptor)
      if (now.size !== stat.size || now.mtimeMs !== stat.mtimeMs)
        throw new CommandFailure(`${name}: it was changed while it was being read`)
    },
    [Symbol.dispose]: file.close,
  }
}

const readOnce = (descriptor: number, bytes: Uint8Array, position: number | null): Promise<number> =>
  new Promise((resolve, reject) => {
    read(descriptor, bytes, 0, bytes.length, position, (error, length) => (error ? reject(error) : resolve(length)))
  })

/** Fills `bytes` from `position` (from where a stream stands without one); resolves to less than its length only at the end. */
export async function readFully(descriptor: number, bytes: Uint8Array, position: number | null): Promise<number> {
  let at = 0
  while (at < bytes.length) {
    const place = position === null ? null : position + at
    const length = await whenReady(() => readOnce(descriptor, bytes.subarray(at), place))
    if (length === 0) break
    at += length
  }
  return at
}

/** Chunks in memory that other threads may read, each of its own. */
async function* chunksOf(descriptor: number): AsyncGenerator<Uint8Array> {
  for (;;) {
    const bytes = new Uint8Array(new SharedArrayBuffer(STREAM_READ_BYTES))
    const length = await readFully(descriptor, bytes, null)
    if (length > 0) yield bytes.subarray(0, length)
    if (length < bytes.length) return
  }
}
