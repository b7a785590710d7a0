import { Problem, type ProblemCode, toProblemDocument } from '@holdfast/api'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { StorageError, type StorageFault } from '../storage/target.ts'
import { InvalidInput } from './validation.ts'

const storageProblems: Partial<Record<StorageFault, [ProblemCode, string?]>> = {
  full: ['DISK_FULL'],
  unavailable: ['TARGET_UNAVAILABLE'],
  closed: ['TARGET_UNAVAILABLE'],
  'bad-key': [
    'INVALID_FILE_NAME',
    'The storage cannot hold this name, or has one in its place that differs by upper and lower case alone. Rename it and try again.',
  ],
  denied: ['TARGET_UNAVAILABLE', 'The storage target refuses the access. An administrator can run Test connection to see why.'],
}

const fastifyProblems: Record<string, [ProblemCode, string?]> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['BODY_TOO_LARGE'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['UNSUPPORTED_MEDIA_TYPE'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['BAD_REQUEST', 'The body is empty; it must be JSON.'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['BAD_REQUEST', 'The body is not valid JSON.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['BAD_REQUEST', 'The body is not as long as Content-Length says.'],
  FST_ERR_BAD_URL: ['BAD_REQUEST', 'The path is not valid.'],
}

/**
 * The problem that the caller sees for any error. What is not known to be safe to tell becomes INTERNAL_ERROR without details;
 * the log has them under the same request id.
 */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof InvalidInput) {
    const names = error.fields.map(({ field, message }) => `${field || error.where}: ${message}`).join('; ')
    return new Problem('VALIDATION_ERROR', `Not valid in the ${place(error.where)}: ${names}`, { errors: error.fields, cause: error })
  }
  if (error instanceof StorageError) {
    const [code, detail] = storageProblems[error.fault] ?? ['INTERNAL_ERROR']
    return new Problem(code, detail, { cause: error })
  }
  const { code, statusCode } = (error ?? {}) as Partial<FastifyError>
  const known = code === undefined ? undefined : fastifyProblems[code]
  if (known) return new Problem(known[0], known[1], { cause: error })
  if (error instanceof SyntaxError && statusCode === 400) return new Problem('BAD_REQUEST', 'The body is not valid JSON.', { cause: error })
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return new Problem('BAD_REQUEST', undefined, { cause: error })
  return new Problem('INTERNAL_ERROR', undefined, { cause: error })
}

const place = (where: string): string => (where === 'querystring' ? 'query' : where === 'params' ? 'path' : where)

/** Answers with the problem document of RFC 9457. */
export function sendProblem(problem: Problem, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="Holdfast"')
  if (problem.retryAfterSeconds !== undefined) reply.header('retry-after', String(problem.retryAfterSeconds))
  return reply
    .code(problem.status)
    .header('cache-control', 'no-store')
    .type('application/problem+json')
    .serializer(JSON.stringify)
    .send(toProblemDocument(problem, request.id))
}
