import { createHash, type Hash } from 'node:crypto'
import { parentPort } from 'node:worker_threads'

/** What the main thread says. Buffers in `chunks` arrive by transfer: this thread owns them. */
export type ToDigestWorker =
  | { kind: 'update'; stream: number; chunks: Uint8Array<ArrayBuffer>[]; giveBack: boolean }
  | { kind: 'finish'; stream: number }
  | { kind: 'drop'; stream: number }

/** What this thread answers: `bytes` of a stream are hashed (and given back where that was asked), or its digest. */
export type FromDigestWorker =
  | { kind: 'hashed'; stream: number; bytes: number; chunks: Uint8Array<ArrayBuffer>[] }
  | { kind: 'digest'; stream: number; digest: Uint8Array<ArrayBuffer> }

const hashes = new Map<number, Hash>()

function update(message: Extract<ToDigestWorker, { kind: 'update' }>): void {
  const hash = hashes.get(message.stream) ?? createHash('sha256')
  hashes.set(message.stream, hash)
  let bytes = 0
  for (const chunk of message.chunks) {
    hash.update(chunk)
    bytes += chunk.byteLength
    // Freed at once: left to the collector, memory for a whole second of network traffic would pile up.
    if (!message.giveBack) chunk.buffer.transfer(0)
  }
  const chunks = message.giveBack ? message.chunks : []
  answer(
    { kind: 'hashed', stream: message.stream, bytes, chunks },
    chunks.map((chunk) => chunk.buffer),
  )
}

function finish(stream: number): void {
  const hash = hashes.get(stream) ?? createHash('sha256')
  hashes.delete(stream)
  answer({ kind: 'digest', stream, digest: new Uint8Array(hash.digest()) }, [])
}

const answer = (message: FromDigestWorker, transfer: ArrayBuffer[]): void => parentPort?.postMessage(message, transfer)

parentPort?.on('message', (message: ToDigestWorker) => {
  if (message.kind === 'update') update(message)
  else if (message.kind === 'finish') finish(message.stream)
  else hashes.delete(message.stream)
})
