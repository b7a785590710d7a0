import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export type Received = { readonly headers: Record<string, string>; readonly body: string }

/** A real HTTP server that takes webhooks. */
export interface Receiver extends AsyncDisposable {
  readonly url: string
  readonly received: Received[]
  /** How it answers from now on; 204 at first. */
  answer: (response: ServerResponse) => void
  /** Waits for the message number `count`, from 1. */
  message(count: number): Promise<Received>
}

const flat = (headers: IncomingHttpHeaders): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))

export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    received.push({ headers: flat(request.headers), body })
    receiver.answer(response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?token=in-the-url`,
    received,
    answer: (response) => void response.writeHead(204).end(),
    async message(count) {
      for (;;) {
        const found = received[count - 1]
        if (found) return found
        await sleep(10)
      }
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return receiver
}
