import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { problems } from '@holdfast/api'
import { contractOf } from './http-contract.ts'
import { openWorld, send } from './http-world.ts'

type Document = {
  openapi: string
  info: { title: string; version: string; license: unknown }
  paths: Record<string, Record<string, unknown>>
  components: { schemas: Record<string, { type?: string }>; securitySchemes: Record<string, unknown> }
}
const world = await openWorld()
after(() => world[Symbol.asyncDispose]())
const { operations } = contractOf(world.app)
const document = (await send<Document>(world.app, { url: '/api/v1/openapi.json' })).json

test('N4: the document is OpenAPI 3.1 and every reference in it leads somewhere', () => {
  assert.equal(document.openapi, '3.1.0')
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference]) => reference ?? '')
  assert.ok(references.length > 50)
  for (const reference of references) assert.ok(document.components.schemas[reference.replace('#/components/schemas/', '')], reference)
  assert.deepEqual(Object.keys(document.components.securitySchemes), ['token', 'session'])
})

test('N4: every route has a summary, tags, its problems, and says who may call it', () => {
  for (const operation of operations) {
    const where = `${operation.method} ${operation.path}`
    assert.match(operation.summary ?? '', /^[A-Z].{5,}[^.]$/, where)
    assert.equal(operation.tags?.length, 1, where)
    const statuses = Object.keys(operation.responses)
    assert.ok(
      statuses.some((status) => status.startsWith('2')),
      where,
    )
    for (const status of ['400', '500']) assert.ok(statuses.includes(status), `${where} lacks ${status}`)
    if (operation.permission === 'public') assert.deepEqual(operation.security, [], where)
    else for (const status of ['401', '403']) assert.ok(statuses.includes(status), `${where} lacks ${status}`)
    if (operation.path.includes('{') && operation.path !== '/api/v1/roles/{role}') assert.ok(statuses.includes('404'), `${where} lacks 404`)
    for (const parameter of operation.path.matchAll(/\{([^}]+)\}/g)) {
      assert.ok(
        operation.parameters.some(({ in: place, name, required }) => place === 'path' && name === parameter[1] && required),
        where,
      )
    }
  }
})

test('O13: the problems of a route are those of the one table, under the status that the table gives them', () => {
  for (const operation of operations) {
    for (const [status, answer] of Object.entries(operation.responses)) {
      if (Number(status) < 400 || answer.content?.['application/json']) continue
      const codes = answer.description.split(' · ').map((words) => words.split(':', 1)[0] ?? '')
      for (const code of codes) {
        assert.equal(String(problems[code as keyof typeof problems]?.status), status, `${operation.method} ${operation.path} ${code}`)
      }
    }
  }
})

test('N4: every resource has a name in the document', () => {
  const names = [
    'Case',
    'Item',
    'File',
    'UploadSession',
    'Part',
    'Target',
    'TargetTestResult',
    'TargetCreate',
    'S3Policy',
    'RoleBinding',
    'Job',
    'AuditEntry',
    'AuditProof',
    'Member',
    'Token',
    'Me',
    'Problem',
    'StoredObject',
    'ObjectInitiate',
    'ObjectInitiated',
    'ObjectDownload',
    'ObjectClass',
    'Hold',
    'Webhook',
  ]
  for (const name of names) assert.ok(document.components.schemas[name], name)
})
