import { STATUS_CODES } from 'node:http'
import swagger from '@fastify/swagger'
import * as api from '@holdfast/api'
import type { HttpApp, RoutePermission } from './app-types.ts'

/** The schemas that get a name in the document: all that the API package exports as objects. */
const named: ReadonlyMap<string, string> = new Map(
  Object.entries(api as Record<string, unknown>)
    .filter(([name, value]) => /^[A-Z]/.test(name) && isObjectSchema(value))
    .map(([name, schema]) => [inDocument(schema), name]),
)

/**
 * `schema` as text, the same for what the API package exports and for what @fastify/swagger makes of it: a record of anything becomes
 * `additionalProperties`, a constant an enumeration of one, and members may come in another order.
 */
function inDocument(schema: unknown): string {
  return JSON.stringify(schema, (_key, value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    const { patternProperties, const: only, ...rest } = value as { patternProperties?: Record<string, unknown>; const?: unknown }
    const record = patternProperties === undefined ? {} : { additionalProperties: Object.values(patternProperties)[0] }
    const members = Object.entries({ ...rest, ...record, ...(only === undefined ? {} : { enum: [only] }) })
    return Object.fromEntries(members.sort(([one], [other]) => (one < other ? -1 : 1)))
  })
}

function isObjectSchema(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'properties' in value && !('$id' in value)
}

/** `node` with every schema that has a name replaced by a reference to it; `found` collects them. */
function withReferences(node: unknown, found: Map<string, unknown>): unknown {
  if (Array.isArray(node)) return node.map((item) => withReferences(item, found))
  if (typeof node !== 'object' || node === null) return node
  const inside = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, withReferences(value, found)]))
  const name = named.get(inDocument(node))
  if (name === undefined) return inside
  found.set(name, inside)
  return { $ref: `#/components/schemas/${name}` }
}

/** What a route needs of its caller, for people and for programs. */
function access(permission: RoutePermission | undefined, words: string | undefined) {
  const extension = { 'x-permission': permission }
  if (permission === 'public') return { ...extension, security: [] }
  if (permission === undefined || permission === 'signed-in') return extension
  return { ...extension, description: [words, `Needs the permission \`${permission}\`.`].filter(Boolean).join(' ') }
}

type Paths = Record<string, Record<string, { responses?: Record<string, { description: string }> }>>

/** The good answers have no words of their own; they get those of their status. */
function nameAnswers(paths: Paths): void {
  const operations = Object.values(paths).flatMap((methods) => Object.values(methods))
  for (const [status, answer] of operations.flatMap(({ responses }) => Object.entries(responses ?? {}))) {
    if (answer.description === 'Default Response') answer.description = STATUS_CODES[status] ?? ''
  }
}

const description = `Self-hosted evidence and file store. JSON with camelCase fields; times are ISO 8601 in UTC, sizes are bytes.

**Who is asking.** Programs send an API token as \`Authorization: Bearer hf_…\`; browsers hold a session cookie, which counts on requests
of this server's own pages alone.
**Lists** take \`limit\` and \`cursor\` and answer \`{ items, nextCursor }\`; a null nextCursor ends the list.
**Repetition.** A POST that creates takes \`Idempotency-Key\`: the same key with the same request gets the same answer for 24 hours.
**Concurrent changes.** Versioned resources carry an ETag; \`If-Match\` makes a change fail with 412 where it is not current any more.
**Problems** are RFC 9457 documents (\`application/problem+json\`) that say how to recover; programs branch on \`code\`.`

/** Collects the routes that are registered after it into an OpenAPI 3.1 document, served at /api/v1/openapi.json (N4). */
export async function registerOpenApi(app: HttpApp, config: { version: string; publicUrl: string | null }): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Holdfast', version: config.version, description, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
      ...(config.publicUrl === null ? {} : { servers: [{ url: config.publicUrl }] }),
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', description: 'An API token: hf_…' },
          session: {
            type: 'apiKey',
            in: 'cookie',
            name: config.publicUrl?.startsWith('https:') ? '__Secure-holdfast.session_token' : 'holdfast.session_token',
          },
        },
      },
      security: [{ token: [] }, { session: [] }],
    },
    refResolver: { buildLocalReference: (json, _base, _fragment, index) => (typeof json.$id === 'string' ? json.$id : `schema-${index}`) },
    transform: ({ schema, url, route }) => {
      const { permission } = route.config ?? {}
      return { schema: { ...schema, ...access(permission, schema?.description) }, url }
    },
    transformObject: (documents) => {
      const { openapiObject } = documents as { openapiObject: { paths: Paths; components: { schemas: Record<string, unknown> } } }
      const found = new Map<string, unknown>()
      openapiObject.paths = withReferences(openapiObject.paths, found) as Paths
      nameAnswers(openapiObject.paths)
      Object.assign(openapiObject.components.schemas, Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1))))
      return openapiObject as never
    },
  })
  app.get('/api/v1/openapi.json', { config: { permission: 'public' }, schema: { hide: true } }, () => app.swagger())
}
