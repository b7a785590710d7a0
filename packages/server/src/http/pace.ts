import type { FastifyRequest } from 'fastify'
import type { Clock } from '../core/clock.ts'
import type { HttpApp } from './app-types.ts'

const bodyDeadline = 30_000
const paceWindow = 60_000
const bytesPerWindow = 64 * 1024

/**
 * Bounds how long a request may hold its connection while its body arrives: 30 s, and for routes with `longBody` as long as at
 * least 64 KiB come a minute, also while what is left of a refused body is thrown away. Time in which this server is the slow
 * side (bytes wait unread) does not count. Too slow a connection is cut.
 */
export function registerPace(app: HttpApp, clock: Clock): void {
  const watches = new Set<AbortController>()
  app.addHook('onRequest', async (request) => {
    const { raw } = request
    if (raw.complete || (request.headers['content-length'] ?? '0') === '0') {
      if (request.headers['transfer-encoding'] === undefined) return
    }
    const done = new AbortController()
    const end = (): void => done.abort()
    raw.once('end', end)
    raw.once('close', end)
    // Once it is answered, a request does not hear of the end of its connection any more.
    raw.socket.once('close', end)
    done.signal.addEventListener('abort', () => raw.socket.off('close', end), { once: true })
    const watch = request.routeOptions.config.longBody ? keepPace : keepDeadline
    watches.add(done)
    void watch(request, clock, done.signal)
      .catch(() => {})
      .finally(() => watches.delete(done))
  })
  app.addHook('onClose', async () => {
    for (const watch of watches) watch.abort()
  })
}

function cut(request: FastifyRequest): void {
  request.log.warn('the body came too slowly; connection closed')
  request.raw.socket.destroy()
}

async function keepDeadline(request: FastifyRequest, clock: Clock, signal: AbortSignal): Promise<void> {
  await clock.sleep(bodyDeadline, signal)
  if (!request.raw.complete) cut(request)
}

async function keepPace(request: FastifyRequest, clock: Clock, signal: AbortSignal): Promise<void> {
  const { raw } = request
  for (;;) {
    const before = raw.socket.bytesRead
    await clock.sleep(paceWindow, signal)
    if (raw.complete) return
    if (raw.readableLength === 0 && raw.socket.bytesRead - before < bytesPerWindow) return cut(request)
  }
}
