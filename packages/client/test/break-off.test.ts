import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { breakOff } from '../../../test/servers/break-off.ts'

/** What went wrong with `socket` until it closed. */
function closing(socket: Socket): Promise<string[]> {
  const { promise, resolve } = Promise.withResolvers<string[]>()
  const errors: string[] = []
  socket.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code ?? error.message))
  socket.on('close', () => resolve(errors))
  return promise
}

for (const [title, isEnding] of [
  ['in the middle is closed, and the other side hears of a reset', false],
  ['while its end is under way is closed', true],
] as const) {
  test(`S9: a connection that is broken ${title}`, async (t) => {
    const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
    t.after(() => server.close())
    await once(server, 'listening')
    const accepted = once(server, 'connection') as Promise<[Socket]>
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    await once(socket, 'connect')
    const [peer] = await accepted
    peer.on('end', () => peer.end()).resume()
    const closed = [closing(socket), closing(peer)] as const
    if (isEnding) socket.end()
    breakOff(socket)
    assert.deepEqual(await closed[0], [])
    const told = await closed[1]
    assert.ok(isEnding || told.includes('ECONNRESET'), told.join())
  })
}
