import { type FileBytes, WINDOW_BYTES } from './file-bytes.ts'
import { judgeFile } from './judge.ts'
import { watchProcess } from './process-watch.ts'
import type { FromValidationWorker, ToValidationWorker } from './validation-messages.ts'

// Hostile bytes are parsed here alone, in a process of their own: what a parser does to itself, native code too, ends with it.

const [, , mostMebibytes] = process.argv
watchProcess({ mostBytes: Number(mostMebibytes) * 2 ** 20 })

const waiting = new Map<number, (bytes: Uint8Array) => void>()
let reads = 0

const send = (message: FromValidationWorker) => void process.send?.(message)

const fileOf = (size: number): FileBytes => ({
  size,
  async read(offset, length) {
    // A file that points behind its own end is broken: the parser that followed it hears so.
    if (offset < 0 || length < 0 || length > WINDOW_BYTES || offset + length > size) throw new RangeError('outside of the file')
    reads += 1
    const { promise, resolve } = Promise.withResolvers<Uint8Array>()
    waiting.set(reads, resolve)
    send({ kind: 'read', read: reads, offset, length })
    return promise
  },
})

process.on('disconnect', () => process.exit())
// A stop of the service reaches this process too; what is being judged is judged to its end, or ends with the server.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
process.on('message', async (message: ToValidationWorker) => {
  if (message.kind === 'bytes') {
    waiting.get(message.read)?.(message.bytes)
    waiting.delete(message.read)
    return
  }
  const { declaredType, fileName, size } = message
  send({ kind: 'result', result: await judgeFile({ bytes: fileOf(size), declaredType, fileName }) })
})
