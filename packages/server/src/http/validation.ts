import type { FieldError } from '@holdfast/api'
import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { TLocalizedValidationError } from 'typebox/error'
import { Value } from 'typebox/value'

const maxErrors = 20

/** A request that does not fit its schema. `where` is body, querystring, params or headers. */
export class InvalidInput extends Error {
  readonly where: string
  readonly fields: FieldError[]
  constructor(where: string, fields: FieldError[]) {
    super('The request does not fit its schema')
    this.name = 'InvalidInput'
    this.where = where
    this.fields = fields
  }
}

/** '/a/0/b' → 'a.0.b' (RFC 6901 escapes undone). */
const dotted = (pointer: string): string =>
  pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .join('.')

function fieldErrors(error: TLocalizedValidationError): FieldError[] {
  const at = dotted(error.instancePath)
  const below = (name: string) => (at === '' ? name : `${at}.${name}`)
  if (error.keyword === 'required') return error.params.requiredProperties.map((name) => ({ field: below(name), message: 'is required' }))
  if (error.keyword === 'additionalProperties') {
    return error.params.additionalProperties.map((name) => ({ field: below(name.slice(0, 64)), message: 'is not a known field' }))
  }
  // An unknown field is told of twice: here with words that help nobody, and above with its name.
  return error.keyword === 'boolean' ? [] : [{ field: at, message: error.message }]
}

/** One error a field, the first, and a bounded number of them. */
function distinct(errors: readonly FieldError[]): FieldError[] {
  const byField = new Map<string, FieldError>()
  for (const error of errors) if (!byField.has(error.field) && byField.size < maxErrors) byField.set(error.field, error)
  return [...byField.values()]
}

/** Properties that are file names: they are judged by rules of their own, which know NUL too. */
const fileNamesOf = (schema: TSchema): ReadonlySet<string> => {
  const { properties = {} } = schema as { properties?: Record<string, { 'x-file-name'?: true }> }
  return new Set(Object.keys(properties).filter((name) => properties[name]?.['x-file-name']))
}

/**
 * Where a text in `value` holds NUL, null where none does: PostgreSQL has no such text, so no database is given one. Without recursion,
 * since a body may nest as deep as it is long.
 */
function findNul(value: unknown, fileNames: ReadonlySet<string>): string | null {
  const open = [{ at: '', value }]
  for (let next = open.pop(); next; next = open.pop()) {
    const { at, value: inner } = next
    if (typeof inner === 'string' && inner.includes('\u0000') && !fileNames.has(at)) return at
    if (typeof inner !== 'object' || inner === null) continue
    for (const [name, one] of Object.entries(inner)) open.push({ at: at === '' ? name : `${at}.${name}`, value: one })
  }
  return null
}

/**
 * Validates what arrives: bodies exactly as sent, and strings of the query, the path and the headers after conversion to the
 * types of their schema. Unknown fields are refused where the schema is closed. The values that pass are new objects.
 */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const validator = Compile(schema)
  const where = httpPart ?? 'request'
  const fileNames = fileNamesOf(schema)
  return (input: unknown) => {
    const value = httpPart === 'body' ? input : Value.Convert(schema, Value.Default(schema, structuredClone({ ...(input as object) })))
    if (validator.Check(value)) {
      const nul = findNul(value, fileNames)
      return nul === null ? { value } : { error: new InvalidInput(where, [{ field: nul, message: 'must not hold the character NUL' }]) }
    }
    return { error: new InvalidInput(where, distinct(validator.Errors(value).flatMap(fieldErrors))) }
  }
}
