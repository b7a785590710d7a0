import { type ProblemCode, type ProblemDocument, problems } from '@holdfast/api'
import { type TSchema, Type } from 'typebox'

/** What any route can answer besides its own codes. */
const everywhere: readonly ProblemCode[] = ['BAD_REQUEST', 'VALIDATION_ERROR', 'INTERNAL_ERROR']
const signedIn: readonly ProblemCode[] = ['UNAUTHORIZED', 'FORBIDDEN']

const problemRef = Type.Unsafe<ProblemDocument>({ $ref: 'Problem#' })

/**
 * The `response` member of a route's schema: its good answers and one problem answer a status, each of which lists its codes.
 * `codes` are those beyond the ones that every route has. Public routes pass `public: true`, which leaves out 401 and 403.
 */
export function answers<const T extends Record<number, TSchema>>(
  good: T,
  codes: readonly ProblemCode[] = [],
  options: { public?: boolean } = {},
): T {
  const all = new Set([...everywhere, ...(options.public ? [] : signedIn), ...codes])
  const response: Record<string, unknown> = { ...good }
  for (const status of new Set([...all].map((code) => problems[code].status))) {
    const description = [...all]
      .filter((code) => problems[code].status === status)
      .map((code) => `${code}: ${problems[code].title}`)
      .join(' · ')
    response[status] = { description, content: { 'application/problem+json': { schema: problemRef } } }
  }
  return response as T
}

/** 204: done, nothing to say. */
export const NoContent = Type.Unsafe<undefined>({ type: 'null', description: 'Done' })

/** Bytes or text of one of `contentTypes`, sent as they are made. */
export const streamed = (contentTypes: readonly string[], description: string) =>
  Type.Unsafe<unknown>({
    description,
    content: Object.fromEntries(contentTypes.map((type) => [type, { schema: { type: 'string', format: 'binary' } }])),
  })
