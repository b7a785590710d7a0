import { randomFillSync } from 'node:crypto'
import { connect, type Socket } from 'node:net'

/** One PUT: where, with which header lines, and how many bytes of noise. */
export type Put = { readonly path: string; readonly headers: readonly string[]; readonly bytes: number }
/** What the sending process is told: connections that each send their PUTs one after another, over one keep-alive connection. */
export type Orders = { readonly port: number; readonly connections: readonly (readonly Put[])[] }

const CHUNK = 1024 * 1024
const noise = randomFillSync(Buffer.alloc(CHUNK))

const written = (socket: Socket, bytes: Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => void socket.write(bytes, (error) => (error ? reject(error) : resolve())))

/** The status of the next answer; the body is skipped by its Content-Length. */
function answer(socket: Socket): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = ''
    const onData = (chunk: Buffer): void => {
      text += chunk.toString('latin1')
      const end = text.indexOf('\r\n\r\n')
      if (end < 0) return
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0)
      if (text.length < end + 4 + length) return
      socket.off('data', onData)
      const status = Number(text.slice(9, 12))
      if (status < 300) resolve(status)
      else reject(new Error(text.slice(0, 2000)))
    }
    socket.on('data', onData)
    socket.once('error', reject)
  })
}

async function run(port: number, puts: readonly Put[]): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.setNoDelay(true)
  socket.setMaxListeners(0)
  for (const put of puts) {
    const head = [`PUT ${put.path} HTTP/1.1`, 'Host: 127.0.0.1', `Content-Length: ${put.bytes}`, ...put.headers, '', ''].join('\r\n')
    const answered = answer(socket)
    await written(socket, Buffer.from(head))
    for (let sent = 0; sent < put.bytes; sent += CHUNK) await written(socket, noise.subarray(0, Math.min(CHUNK, put.bytes - sent)))
    await answered
  }
  socket.destroy()
}

process.on('message', (orders: Orders) => {
  const began = performance.now()
  Promise.all(orders.connections.map((puts) => run(orders.port, puts))).then(
    () => process.send?.({ seconds: (performance.now() - began) / 1000 }),
    (error: Error) => process.send?.({ error: error.message }),
  )
})
