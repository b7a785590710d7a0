import type { FastifyRequest } from 'fastify'

/** The page that asks, where a browser says so: its origin is what CORS of a bucket has to allow. */
export const originOf = (request: FastifyRequest): string | null => {
  const { origin } = request.headers
  return origin !== undefined && URL.canParse(origin) ? new URL(origin).origin : null
}
