import { Problem } from '@holdfast/api'
import type { FastifyRequest } from 'fastify'

/**
 * Refuses requests that a page of another origin made a browser send with this site's cookies. Browsers tell by `Sec-Fetch-Site`
 * (Fetch Metadata) or, the older ones, by `Origin`; a request that tells neither is refused too.
 * `origins` are those of the configured public URL; without any the request's own host counts.
 */
export function requireSameOrigin(request: FastifyRequest, origins: readonly string[]): void {
  const site = request.headers['sec-fetch-site']
  if (site === 'same-origin') return
  const { origin } = request.headers
  const own = origins.length > 0 ? origins : [`${request.protocol}://${request.host}`]
  if (site === undefined && origin !== undefined && own.includes(origin)) return
  refuse()
}

/** As `requireSameOrigin`, but lets requests through that tell nothing of an origin: those of programs, which hold no cookies of others. */
export function refuseOtherOrigin(request: FastifyRequest, origins: readonly string[]): void {
  if (request.headers['sec-fetch-site'] === undefined && request.headers.origin === undefined) return
  requireSameOrigin(request, origins)
}

function refuse(): never {
  throw new Problem('FORBIDDEN', 'Requests with a session cookie that change something are taken from pages of this server alone.')
}
