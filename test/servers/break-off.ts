import type { Socket } from 'node:net'

/**
 * Breaks a connection as a pulled cable does, with a reset where that is possible. While the end of a socket is under way libuv refuses to
 * reset it (EINVAL from uv_tcp_close_reset), and Node 24 then never closes it: its process spins for ever when it ends.
 */
export function breakOff(socket: Socket): void {
  if (socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}
