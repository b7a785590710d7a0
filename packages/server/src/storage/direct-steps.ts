import { createHash, randomBytes } from 'node:crypto'
import type { ProbeStep } from './probe-steps.ts'
import { StorageError, type StorageTarget } from './target.ts'

/** What Test Direct does once the target can be reached (R3), and what takes away whatever it leaves there. */
export type DirectProbe = AsyncDisposable & { readonly steps: readonly ProbeStep[] }

export type DirectProbeOptions = {
  /** Where the probe lies; nothing else has this key. */
  readonly key: string
  /** The web origin whose browsers are to send parts straight to the target. */
  readonly origin: string
}

export const changedBytes = (): StorageError =>
  new StorageError('unavailable', 'What was read is not what was written', {
    remedy: 'Do not use this storage: it changed bytes. Check its disks, memory and proxies.',
  })

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

export const deleteStep = (target: () => StorageTarget, key: string): ProbeStep => ({
  name: 'Delete it',
  async run(signal) {
    await target().delete(key, { signal })
    if (!(await target().stat(key, { signal }))) return null
    throw new StorageError('unavailable', 'The file is still there after it was deleted', {
      remedy: 'Check the permission to delete and retention rules.',
    })
  },
})

const CHUNK = 100_000

/** The way that parts of an upload take through this server to a file server: chunks at their offsets, out of order. */
export function passthroughProbe(open: () => Promise<StorageTarget>, { key }: DirectProbeOptions): DirectProbe {
  const bytes = randomBytes(2 * CHUNK)
  let opened: StorageTarget | null = null
  let write = ''
  let read: Uint8Array = new Uint8Array()
  const target = (): StorageTarget => {
    if (!opened) throw new StorageError('closed', 'The target is not open')
    return opened
  }
  const part = (number: number, signal: AbortSignal) => {
    const offset = (number - 1) * CHUNK
    return target().writePart(key, write, { number, offset, bytes: bytes.subarray(offset, offset + CHUNK) }, { signal })
  }
  const receipts = [1, 2].map((number) => ({ number, size: CHUNK, tag: null as string | null }))
  const step = (name: string, run: (signal: AbortSignal) => Promise<string | null>): ProbeStep => ({ name, run })
  return {
    steps: [
      step('Begin a file', async (signal) => {
        opened = await open()
        write = await opened.beginWrite(key, bytes.length, { signal })
        return `${bytes.length} bytes`
      }),
      step('Write chunks at their offsets, the last one first', async (signal) => {
        for (const number of [2, 1]) receipts[number - 1] = await part(number, signal)
        return null
      }),
      step('Make them durable', async (signal) => {
        await target().flushWrite(key, write, { signal })
        return null
      }),
      step('Put the file in its place', async (signal) => {
        await target().commitWrite(key, write, receipts, { signal })
        return null
      }),
      step('Read it back', async (signal) => {
        read = await target().read(key, 0, bytes.length, { signal })
        return null
      }),
      step('Compare the content', async () => {
        if (sha256(read) !== sha256(bytes)) throw changedBytes()
        return `SHA-256 ${sha256(read)}`
      }),
      deleteStep(target, key),
    ],
    async [Symbol.asyncDispose]() {
      if (write !== '') await opened?.abortWrite(key, write).catch(() => {})
      await opened?.delete(key).catch(() => {})
      await opened?.[Symbol.asyncDispose]()
    },
  }
}
