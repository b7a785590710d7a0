import type { BigIntStats } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { Worker } from 'node:worker_threads'
import { MAX_PART_PLAIN_BYTES } from '@holdfast/api/limits'
import type { DigestPass, UploadSource } from '../upload/source.ts'
import { UploadError } from '../upload/state.ts'
import type { HashThreadInput, HashThreadMessage } from './hash-thread.ts'
import { createPartSender } from './put-http.ts'

/** A file on this machine. It is held open until disposed, so that a file that takes its name meanwhile is never mixed in. */
export interface FileSource extends UploadSource, AsyncDisposable {}

const changed = (path: string, cause?: unknown) =>
  new UploadError('file-changed', `${path} changed while it was being sent`, { retryable: true, cause })

/** @throws the system's error where the file can't be opened, and UploadError `refused` where it is not a regular file. */
export async function fileSource(path: string, options: { name?: string; contentType?: string } = {}): Promise<FileSource> {
  const handle = await open(path, 'r')
  const opened = await handle.stat({ bigint: true })
  if (!opened.isFile()) {
    await handle.close()
    throw new UploadError('refused', `${path} is not a regular file`)
  }
  const sender = createPartSender()
  const same = (now: BigIntStats) => now.size === opened.size && now.mtimeNs === opened.mtimeNs
  return {
    name: options.name ?? basename(path),
    size: Number(opened.size),
    contentType: options.contentType ?? '',
    partBytes: { first: MAX_PART_PLAIN_BYTES / 2, most: MAX_PART_PLAIN_BYTES },
    async put(part) {
      if (!same(await handle.stat({ bigint: true }))) throw changed(path)
      return sender.put(part, handle)
    },
    async digest(pass) {
      const digest = await digestInThread(handle.fd, Number(opened.size), pass).catch((error: unknown) => {
        throw pass.signal.aborted || error instanceof UploadError ? error : changed(path, error)
      })
      if (!same(await handle.stat({ bigint: true }))) throw changed(path)
      return digest
    },
    async [Symbol.asyncDispose]() {
      sender.close()
      await handle.close()
    },
  }
}

/** Hashes beside everything else; the thread is gone when this settles, so the file may then be closed. */
async function digestInThread(fd: number, size: number, pass: DigestPass): Promise<string> {
  pass.signal.throwIfAborted()
  const workerData: HashThreadInput = { fd, size, partSize: pass.partSize }
  const worker = new Worker(new URL('./hash-thread.ts', import.meta.url), { workerData })
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const onAbort = () => reject(pass.signal.reason)
  pass.signal.addEventListener('abort', onAbort, { once: true })
  worker.on('message', (message: HashThreadMessage) => {
    if (message.kind === 'part') pass.onPart(message.number, message.sha256)
    else if (message.kind === 'progress') pass.onProgress(message.hashed)
    else resolve(message.sha256)
  })
  worker.on('error', reject)
  worker.on('exit', () => reject(new Error('The hashing thread ended early')))
  try {
    return await promise
  } finally {
    pass.signal.removeEventListener('abort', onAbort)
    await worker.terminate()
  }
}
