import { request as ask, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { breakOff } from '../../../test/servers/break-off.ts'

/** What a gate does with a request instead of passing it on. */
export type Deed =
  /** Waits for `until`, then passes it on. */
  | { readonly kind: 'hold'; readonly until: Promise<unknown> }
  | { readonly kind: 'reset' }
  /** The server acts, and its answer never arrives. */
  | { readonly kind: 'lose-answer' }
  | { readonly kind: 'answer'; readonly status: number; readonly body: string; readonly type?: string }

type Rule = {
  readonly method: string
  readonly path: RegExp
  readonly deed: Deed
  times: number
  readonly reached: () => void
}
export type Passed = { readonly method: string; readonly path: string; readonly headers: IncomingMessage['headers']; status: number }

/** A door in front of a real server at which a test decides what happens to the next request. */
export interface Gate extends AsyncDisposable {
  readonly origin: string
  readonly passed: readonly Passed[]
  /** The next `times` requests of this kind meet `deed`. Resolves when the first of them is there. */
  plan(method: string, path: RegExp, deed: Deed, times?: number): Promise<void>
}

export async function openGate(server: string): Promise<Gate> {
  const rules: Rule[] = []
  const passed: Passed[] = []
  const sockets = new Set<Socket>()
  const gate = createServer((request, response) => void meet({ request, response, server, rules, passed }))
  gate.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => gate.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(gate.address() as AddressInfo).port}`,
    passed,
    plan(method, path, deed, times = 1) {
      const { promise, resolve } = Promise.withResolvers<void>()
      rules.push({ method, path, deed, times, reached: resolve })
      return promise
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => gate.close(resolve))
    },
  }
}

type Meeting = { request: IncomingMessage; response: ServerResponse; server: string; rules: Rule[]; passed: Passed[] }

async function meet({ request, response, server, rules, passed }: Meeting): Promise<void> {
  const { method = '', url = '/', headers } = request
  const path = url.split('?', 1)[0] ?? ''
  const rule = rules.find((one) => one.times > 0 && one.method === method && one.path.test(path))
  if (rule !== undefined) rule.times -= 1
  rule?.reached()
  const deed = rule?.deed ?? null
  const entry: Passed = { method, path, headers, status: 0 }
  passed.push(entry)
  if (deed?.kind === 'reset') return void breakOff(request.socket)
  if (deed?.kind === 'answer') {
    entry.status = deed.status
    request.resume()
    return void response.writeHead(deed.status, { 'content-type': deed.type ?? 'application/problem+json' }).end(deed.body)
  }
  if (deed?.kind === 'hold') await deed.until
  const onward = ask(new URL(url, server), { method, headers }, (answer) => {
    entry.status = answer.statusCode ?? 0
    if (deed?.kind === 'lose-answer') return void answer.resume().on('end', () => request.socket.destroy())
    response.writeHead(entry.status, answer.headers)
    answer.pipe(response)
  })
  onward.on('error', () => response.destroy())
  request.pipe(onward)
  request.on('close', () => request.complete || onward.destroy())
}
