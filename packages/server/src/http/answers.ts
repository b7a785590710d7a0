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
  return { ...good, ...problemAnswers([...all]) } as T
}

/** One answer a status, which names the codes that it can have. */
function problemAnswers(codes: readonly ProblemCode[]): Record<number, unknown> {
  const byStatus: Record<number, { description: string; content: unknown }> = {}
  for (const code of codes) {
    const { status, title } = problems[code]
    const earlier = byStatus[status]?.description
    const description = earlier === undefined ? `${code}: ${title}` : `${earlier} · ${code}: ${title}`
    byStatus[status] = { description, content: { 'application/problem+json': { schema: problemRef } } }
  }
  return byStatus
}

/** What any route that takes a JSON body can answer besides. */
export const bodyAnswers = problemAnswers(['BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'])

/** 204: done, nothing to say. */
export const NoContent = Type.Unsafe<undefined>({ type: 'null', description: 'Done' })

/** Bytes or text of one of `contentTypes`, sent as they are made. */
export const streamed = (contentTypes: readonly string[], description: string) =>
  Type.Unsafe<unknown>({
    description,
    content: Object.fromEntries(contentTypes.map((type) => [type, { schema: { type: 'string', format: 'binary' } }])),
  })
