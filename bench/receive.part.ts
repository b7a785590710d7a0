import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Errand } from './receiver.part.ts'

/** A process that asks over bare sockets and throws the bytes away. */
export interface Receiver extends AsyncDisposable {
  /** Seconds from the first question to the last byte. */
  receive(errand: Errand): Promise<number>
}

export function startReceiver(): Receiver {
  const child = fork(join(import.meta.dirname, 'receiver.part.ts'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  return {
    async receive(errand) {
      child.send(errand)
      const [result] = (await once(child, 'message')) as [{ seconds?: number; error?: string }]
      if (result.seconds === undefined) throw new Error(result.error)
      return result.seconds
    },
    async [Symbol.asyncDispose]() {
      const exit = once(child, 'exit')
      child.kill()
      await exit
    },
  }
}
