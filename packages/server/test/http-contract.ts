import assert from 'node:assert/strict'
import { Compile, type Validator } from 'typebox/compile'
import type { HttpApp } from '../src/http/app-types.ts'

// Holds every answer that a test sees to the OpenAPI document that the same server publishes.

export type Operation = {
  readonly method: string
  /** As in the document: /api/v1/cases/{caseId} */
  readonly path: string
  readonly permission: string
  readonly summary?: string
  readonly tags?: readonly string[]
  readonly security?: readonly unknown[]
  readonly parameters: readonly { readonly in: string; readonly name: string; readonly required?: boolean }[]
  readonly hasBody: boolean
  readonly responses: Readonly<Record<string, { description: string; content?: Record<string, { schema: object }> }>>
}

type Raw = Omit<Operation, 'method' | 'path' | 'permission' | 'hasBody' | 'parameters'> & {
  readonly 'x-permission': string
  readonly requestBody?: object
  readonly parameters?: Operation['parameters']
}
type Contract = {
  readonly operations: readonly Operation[]
  validator(operation: Operation, status: number, type: string): Validator | null
}

const contracts = new WeakMap<HttpApp, Contract>()

export function contractOf(app: HttpApp): Contract {
  const known = contracts.get(app) ?? readContract(app)
  contracts.set(app, known)
  return known
}

function readContract(app: HttpApp): Contract {
  const document = JSON.parse(JSON.stringify(app.swagger())) as {
    paths: Record<string, Record<string, Raw>>
    components: { schemas: Record<string, object> }
  }
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, raw]) => ({
      ...raw,
      method: method.toUpperCase(),
      path,
      permission: raw['x-permission'],
      parameters: raw.parameters ?? [],
      hasBody: raw.requestBody !== undefined,
    })),
  )
  const compiled = new Map<object, Validator>()
  return {
    operations,
    validator(operation, status, type) {
      const schema = operation.responses[status]?.content?.[type]?.schema
      if (schema === undefined) return null
      const validator = compiled.get(schema) ?? (Compile(inline(schema, document.components.schemas) as never) as Validator)
      compiled.set(schema, validator)
      return validator
    },
  }
}

/** `schema` with every reference replaced by what it refers to. */
function inline(schema: unknown, named: Record<string, object>): unknown {
  if (Array.isArray(schema)) return schema.map((item) => inline(item, named))
  if (typeof schema !== 'object' || schema === null) return schema
  const { $ref } = schema as { $ref?: string }
  if ($ref !== undefined) return inline(named[$ref.replace('#/components/schemas/', '')], named)
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, inline(value, named)]))
}

export function findOperation(app: HttpApp, method: string, url: string): Operation | undefined {
  const path = url.split('?', 1)[0] ?? ''
  const candidates = contractOf(app).operations.filter((operation) => operation.method === method)
  return candidates.find((operation) => new RegExp(`^${operation.path.replace(/\{[^}]+\}/g, '[^/]+')}$`).test(path))
}

type Seen = { readonly method: string; readonly url: string; readonly status: number; readonly type: string; readonly text: string }

/** Fails where the document does not foresee the answer. Routes that are not in the document are not looked at. */
export function checkAnswer(app: HttpApp, seen: Seen): void {
  const operation = findOperation(app, seen.method, seen.url)
  if (operation === undefined) return
  const where = `${seen.method} ${operation.path} answered ${seen.status} ${seen.type}`
  assert.ok(operation.responses[seen.status], `${where}, which its document does not name: ${seen.text.slice(0, 300)}`)
  if (seen.text === '') return
  const validator = contractOf(app).validator(operation, seen.status, seen.type)
  assert.ok(validator || !isJson(seen.type), `${where}, a type which its document does not name`)
  if (!validator || !isJson(seen.type)) return
  const value: unknown = JSON.parse(seen.text)
  assert.ok(validator.Check(value), `${where}, which does not fit its schema: ${JSON.stringify(validator.Errors(value).slice(0, 3))}`)
}

/** application/json and what is built on it, but not JSON lines. */
export const isJson = (type: string): boolean => /[/+]json$/.test(type)
