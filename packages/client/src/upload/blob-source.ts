import { MIN_PART_PLAIN_BYTES } from '@holdfast/api/limits'
import { NetworkProblem } from '../problem.ts'
import { type BlobDigestEvents, digestOnePart, isOnePart } from './digest-one-part.ts'
import type { HashMessage, HashRequest } from './hash-worker.ts'
import { putByFetch } from './put-fetch.ts'
import { putByXhr } from './put-xhr.ts'
import type { DigestPass, UploadSource } from './source.ts'
import { UploadError } from './state.ts'

const unreadable = (cause: unknown) =>
  new UploadError('file-changed', 'The file can no longer be read; it was moved, changed or deleted. Choose it again', {
    retryable: true,
    cause,
  })

/** A file that a person chose in a browser, or any Blob under a name. Bodies are slices of it: its bytes never pass through this page's memory. */
export function blobSource(blob: Blob, name: string = blob instanceof File ? blob.name : 'unnamed'): UploadSource {
  return {
    name,
    size: blob.size,
    contentType: blob.type,
    partBytes: { first: MIN_PART_PLAIN_BYTES, most: 4 * MIN_PART_PLAIN_BYTES },
    async put(part) {
      const body = blob.slice(part.offset, part.offset + part.length)
      try {
        return await (typeof XMLHttpRequest === 'undefined' ? putByFetch(part, body) : putByXhr(part, body))
      } catch (error) {
        // Browsers report a body that can't be read as a network failure.
        if (error instanceof NetworkProblem && error.reason === 'failed') await probe(body)
        throw error
      }
    },
    digest: (pass) =>
      typeof Worker === 'undefined' || isOnePart(blob, pass.partSize) ? digestHere(blob, pass) : digestInWorker(blob, pass),
  }
}

async function probe(body: Blob): Promise<void> {
  await body
    .slice(0, 1)
    .arrayBuffer()
    .catch((error: unknown) => {
      throw unreadable(error)
    })
}

/** How often, and how long apart in milliseconds, the program that hashes is asked for while it can't be loaded. */
const loading = { tries: 60, pause: 2_000 }

/** The program that hashes comes from the server, which may be away for a while just when it is first needed. */
async function digestInWorker(blob: Blob, pass: DigestPass): Promise<string> {
  for (let left = loading.tries; ; left -= 1) {
    try {
      return await digestOnce(blob, pass)
    } catch (error) {
      if (!(error instanceof NotLoaded)) throw error
      if (left <= 1)
        throw new UploadError('unreachable', 'The program that hashes the file could not be loaded', { retryable: true, cause: error })
    }
    await new Promise((resolve) => setTimeout(resolve, loading.pause))
    pass.signal.throwIfAborted()
  }
}

class NotLoaded extends Error {}

function digestOnce(blob: Blob, pass: DigestPass): Promise<string> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./hash-worker.ts', import.meta.url), { type: 'module' })
    const end = (finish: () => void) => {
      worker.terminate()
      pass.signal.removeEventListener('abort', onAbort)
      finish()
    }
    const onAbort = () => end(() => reject(pass.signal.reason))
    worker.onmessage = ({ data }: MessageEvent<HashMessage>) => {
      if (data.kind === 'part') pass.onPart(data.number, data.sha256)
      else if (data.kind === 'progress') pass.onProgress(data.hashed)
      else if (data.kind === 'whole') end(() => resolve(data.sha256))
      else end(() => reject(unreadable(data.message)))
    }
    // A program that fails says why; one that could not be loaded has nothing to say (HTML, "run a worker").
    worker.onerror = ({ message }) =>
      end(() => reject(message ? new UploadError('refused', `This browser could not hash the file: ${message}`) : new NotLoaded()))
    pass.signal.addEventListener('abort', onAbort, { once: true })
    if (pass.signal.aborted) onAbort()
    else worker.postMessage({ blob, partSize: pass.partSize } satisfies HashRequest)
  })
}

async function digestHere(blob: Blob, pass: DigestPass): Promise<string> {
  const stopIfAborted = () => pass.signal.throwIfAborted()
  const events: BlobDigestEvents = {
    onPart: pass.onPart,
    onProgress(hashed) {
      stopIfAborted()
      pass.onProgress(hashed)
    },
  }
  const reading = isOnePart(blob, pass.partSize) ? digestOnePart(blob, events) : digestPieces(blob, pass.partSize, events)
  return reading.catch((error: unknown) => {
    stopIfAborted()
    throw unreadable(error)
  })
}

async function digestPieces(blob: Blob, partSize: number, events: BlobDigestEvents): Promise<string> {
  const { digestBlob } = await import('./digest-blob.ts')
  return digestBlob(blob, partSize, events)
}
