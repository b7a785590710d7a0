import { connect } from 'node:net'

/** One GET over a keep-alive connection. `bytes` is the length of the body that has to come, `status` the answer's. */
export type Get = { readonly path: string; readonly headers: readonly string[]; readonly status: number; readonly bytes: number }
/** What the receiving process is told: connections that each ask `times` times, one after another, and throw the bytes away. */
export type Errand = { readonly port: number; readonly connections: readonly Get[]; readonly times: number }

const BUFFER_BYTES = 256 * 1024

type Expected = { get: Get; head: Buffer | null; left: number; settle: PromiseWithResolvers<void> }

/** Takes in what arrived; answers whether the body is complete. */
function takeIn(expected: Expected, chunk: Buffer): boolean {
  let { length } = chunk
  if (expected.head) {
    expected.head = Buffer.concat([expected.head, chunk])
    const at = expected.head.indexOf('\r\n\r\n')
    if (at < 0) return false
    const text = expected.head.subarray(0, at).toString('latin1')
    if (Number(text.slice(9, 12)) !== expected.get.status) throw new Error(text)
    length = expected.head.length - at - 4
    expected.head = null
  }
  expected.left -= length
  if (expected.left < 0) throw new Error('More bytes than asked for')
  return expected.left === 0
}

async function run(port: number, get: Get, times: number): Promise<void> {
  let expected: Expected | null = null
  const socket = connect({
    port,
    host: '127.0.0.1',
    noDelay: true,
    // One buffer for all that arrives, so that the receiver costs as little as can be.
    onread: {
      buffer: Buffer.alloc(BUFFER_BYTES),
      callback(length, buffer) {
        try {
          if (expected && takeIn(expected, Buffer.from(buffer.buffer, buffer.byteOffset, length))) expected.settle.resolve()
        } catch (error) {
          expected?.settle.reject(error)
        }
        return true
      },
    },
  })
  socket.on('error', (error) => expected?.settle.reject(error))
  socket.on('close', () => expected?.settle.reject(new Error(`The connection closed ${expected.left} bytes early`)))
  for (let n = 0; n < times; n += 1) {
    expected = { get, head: Buffer.alloc(0), left: get.bytes, settle: Promise.withResolvers() }
    socket.write([`GET ${get.path} HTTP/1.1`, 'Host: 127.0.0.1', ...get.headers, '', ''].join('\r\n'))
    await expected.settle.promise
  }
  expected = null
  socket.destroy()
}

process.on('message', ({ port, connections, times }: Errand) => {
  const began = performance.now()
  Promise.all(connections.map((get) => run(port, get, times))).then(
    () => process.send?.({ seconds: (performance.now() - began) / 1000 }),
    (error: Error) => process.send?.({ error: error.message }),
  )
})
