import type { FastifyRequest } from 'fastify'
import type { RouteContext } from './index.ts'

/** Where whoever asks reaches this server: its public URL, or what the request itself was sent to. */
export const originOf = (request: FastifyRequest, { origins }: RouteContext): string =>
  origins[0] ?? `${request.protocol}://${request.host}`
