import { once } from 'node:events'
import { connect as connectTcp, createServer, type Socket } from 'node:net'

export type Direction = 'to-server' | 'to-client'
/** Answers what is sent on instead of `frame` (without its length), or null to swallow it. */
export type Meddle = (frame: Buffer, direction: Direction, count: number) => Buffer | null

export type Proxy = { readonly port: number; cut(): void; close(): Promise<void> }

function relay(from: Socket, to: Socket, change: (frame: Buffer) => Buffer | null): void {
  let held = Buffer.alloc(0)
  from.on('data', (chunk) => {
    held = Buffer.concat([held, chunk])
    while (held.length >= 4 && held.length >= 4 + held.readUIntBE(1, 3)) {
      const length = held.readUIntBE(1, 3)
      const changed = change(Buffer.from(held.subarray(4, 4 + length)))
      held = held.subarray(4 + length)
      if (!changed) continue
      const head = Buffer.alloc(4)
      head.writeUIntBE(changed.length, 1, 3)
      to.write(Buffer.concat([head, changed]))
    }
  })
  from.on('error', () => {})
  from.on('close', () => to.destroy())
}

/** Somebody between client and server who reads and changes whole SMB messages. */
export async function startProxy(target: { host: string; port: number }, meddle: Meddle): Promise<Proxy> {
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connectTcp(target.port, target.host)
    for (const socket of [client, upstream]) sockets.add(socket)
    const counts = { 'to-server': 0, 'to-client': 0 }
    const changer = (direction: Direction) => (frame: Buffer) => meddle(frame, direction, counts[direction]++)
    relay(client, upstream, changer('to-server'))
    relay(upstream, client, changer('to-client'))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (server.address() as { port: number }).port,
    cut,
    async close() {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}
