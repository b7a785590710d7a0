import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Orders } from './sender.part.ts'

/** A process that sends PUTs from memory over bare sockets, so that the client costs as little as can be. */
export interface Sender extends AsyncDisposable {
  /** Seconds from the first byte to the last answer. */
  send(orders: Orders): Promise<number>
}

export function startSender(): Sender {
  const child: ChildProcess = fork(join(import.meta.dirname, 'sender.part.ts'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  return {
    async send(orders) {
      child.send(orders)
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
