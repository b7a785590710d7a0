import { createHash } from 'node:crypto'
import { parentPort } from 'node:worker_threads'

// The thread behind `createDigestThread`: one answer for each message, in order; null asks for the digest.
// Plain JavaScript, since each thread that strips types starts by loading what does it, which takes as long as hashing 100 MB.
const hash = createHash('sha256')
parentPort?.on('message', (/** @type {Uint8Array | null} */ bytes) => {
  if (bytes !== null) hash.update(bytes)
  parentPort?.postMessage(bytes === null ? hash.digest('hex') : '')
})
