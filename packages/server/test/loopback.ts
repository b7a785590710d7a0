import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

export type Listening = AsyncDisposable & { readonly port: number }

/** A TCP server on loopback that does with each connection as told. */
export async function listening(onSocket: (socket: Socket) => void): Promise<Listening> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    onSocket(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as { port: number }).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** A way to `port` on which what the client sends is seen. */
export const tapped = (port: number, see: (bytes: Buffer) => void): Promise<Listening> =>
  listening((socket) => {
    const onward = connect(port, '127.0.0.1')
    onward.on('error', () => socket.destroy())
    socket.on('data', see)
    socket.pipe(onward).pipe(socket)
  })
