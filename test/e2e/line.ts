import { connect, createServer, type Server, type Socket } from 'node:net'
import { Transform } from 'node:stream'
import { breakOff } from '../servers/break-off.ts'

/**
 * The network between a browser and the server: one address that stays while the server goes and comes, with a speed of its own.
 * It cuts like a pulled cable does, in the middle of whatever is being sent.
 */
export interface Line extends AsyncDisposable {
  readonly port: number
  /** Breaks every connection; while down, new ones are broken too. */
  cut(): void
  restore(): void
  /** Bytes a second from the browser to the server. */
  setSpeed(bytesPerSecond: number): void
  /** Bytes a second from the server. */
  setReturnSpeed(bytesPerSecond: number): void
}

export async function startLine(serverPort: () => number): Promise<Line> {
  const sockets = new Set<Socket>()
  let speed = Number.POSITIVE_INFINITY
  let returnSpeed = Number.POSITIVE_INFINITY
  let up = true
  const pace = createPacer(() => speed)
  const paceBack = createPacer(() => returnSpeed)
  const server: Server = createServer((browser) => {
    if (!up) return void browser.destroy()
    const upstream = connect(serverPort(), '127.0.0.1')
    for (const socket of [browser, upstream]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        browser.destroy()
        upstream.destroy()
      })
    }
    browser.pipe(pace()).pipe(upstream)
    upstream.pipe(paceBack()).pipe(browser)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The line has no port')
  const cut = () => {
    up = false
    for (const socket of sockets) breakOff(socket)
  }
  return {
    port: address.port,
    cut,
    restore() {
      up = true
    },
    setSpeed(bytesPerSecond) {
      speed = bytesPerSecond
    },
    setReturnSpeed(bytesPerSecond) {
      returnSpeed = bytesPerSecond
    },
    async [Symbol.asyncDispose]() {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Streams that together pass so many bytes a second. */
function createPacer(speed: () => number): () => Transform {
  let freeAt = 0
  return () =>
    new Transform({
      transform(chunk: Buffer, _encoding, done) {
        const now = performance.now()
        freeAt = Math.max(now, freeAt) + (chunk.length / speed()) * 1000
        if (freeAt - now < 5) done(null, chunk)
        else setTimeout(() => done(null, chunk), freeAt - now)
      },
    })
}
