import type { FastifyReply } from 'fastify'

/** Fires when the connection is lost before the answer was sent. (Fastify's own `request.signal` fires when the body was read.) */
export function clientGone(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  const { raw } = reply
  if (raw.destroyed && !raw.writableFinished) gone.abort()
  raw.once('close', () => {
    if (!raw.writableFinished) gone.abort()
  })
  return gone.signal
}
