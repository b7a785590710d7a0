import { Problem } from '@holdfast/api'
import type { FastifyReply, FastifyRequest } from 'fastify'

const versionTag = (version: number): string => `"${version}"`

/** The version that If-Match asks for; null where the header is missing or `*`. PRECONDITION_FAILED for tags that this server never gave. */
export function expectedVersion(request: FastifyRequest): number | null {
  const header = request.headers['if-match']
  if (header === undefined || header.trim() === '*') return null
  const [, version] = /^\s*"(\d{1,15})"\s*$/.exec(header) ?? []
  if (version === undefined) throw new Problem('PRECONDITION_FAILED', 'If-Match takes one ETag of this resource, e.g. "3".')
  return Number(version)
}

/** `resource` with its version as ETag (RFC 9110 §8.8.3). */
export function tagged<T extends { readonly version: number }>(reply: FastifyReply, resource: T): T {
  reply.header('etag', versionTag(resource.version))
  return resource
}
