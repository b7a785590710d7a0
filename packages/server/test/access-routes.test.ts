import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type RoleName, roles } from '@holdfast/api'
import { mayDo, type Permission, permissions } from '../src/core/access.ts'
import { newId } from '../src/core/ids.ts'
import { commandLineActor, commandLineCaller } from '../src/services/caller.ts'
import { newReport } from '../src/services/direct/sync/report.ts'
import { newReport as newComparison } from '../src/services/reconcile/report.ts'
import { contractOf, type Operation } from './http-contract.ts'
import { type Call, openWorld, send } from './http-world.ts'

const byCommandLine = { actor: commandLineActor, requestId: null }
const world = await openWorld()
after(() => world[Symbol.asyncDispose]())
const { app, tenant, other, store, services } = world
const { operations } = contractOf(app)

const fill = (operation: Operation): string => operation.path.replace(/\{role\}/, 'direct').replace(/\{[^}]+\}/g, () => newId())
const callOf = (operation: Operation, token?: string): Call => ({
  method: operation.method as NonNullable<Call['method']>,
  url: fill(operation),
  ...(token === undefined ? {} : { token }),
  ...(operation.hasBody ? { body: {} } : {}),
})
const guarded = operations.filter((operation) => operation.permission !== 'public')
const deniedEntries = async () => (await store.read.audit.list(tenant.id, { action: 'ACCESS_DENIED' }, { limit: 10_000 })).length

test('N3: every route names a permission that exists, and only these need none', () => {
  const known = [...permissions, 'signed-in', 'public']
  for (const operation of operations) assert.ok(known.includes(operation.permission), `${operation.method} ${operation.path}`)
  const open = operations
    .filter((operation) => operation.permission === 'public')
    .map((operation) => `${operation.method} ${operation.path}`)
  assert.deepEqual(open.sort(), [
    'GET /api/v1/setup',
    'GET /api/v1/uploads/{id}/content',
    'GET /healthz',
    'GET /readyz',
    'POST /api/auth/sign-in/email',
    'POST /api/auth/sign-out',
    'POST /api/v1/setup',
    'PUT /api/v1/uploads/{id}/content',
  ])
  assert.ok(guarded.length > 25)
})

test('N3: no guarded route answers without a sign-in, with a token that nobody made, or with half a token', async () => {
  const { examiner } = tenant.tokens
  for (const operation of guarded) {
    const where = `${operation.method} ${operation.path}`
    for (const authorization of [
      undefined,
      `Bearer hf_${'A'.repeat(43)}`,
      `Bearer ${examiner.slice(0, -1)}`,
      `Basic ${examiner}`,
      examiner,
    ]) {
      const headers = authorization === undefined ? {} : { authorization }
      const answer = await send(app, { ...callOf(operation), headers })
      assert.equal(answer.status, 401, `${where} with ${authorization?.slice(0, 12)}`)
      assert.equal(answer.headers['www-authenticate'], 'Bearer realm="Holdfast"')
    }
  }
})

for (const role of roles) {
  test(`N3: ${role} passes exactly the routes whose permission the role has, and each refusal is in the log`, async () => {
    const before = await deniedEntries()
    let refused = 0
    for (const operation of guarded) {
      const where = `${operation.method} ${operation.path} as ${role}`
      const answer = await send(app, callOf(operation, tenant.tokens[role]))
      const allowed = operation.permission === 'signed-in' || mayDo(role, operation.permission as Permission)
      assert.notEqual(answer.status, 401, where)
      if (operation.path === '/api/auth/change-password') continue
      assert.equal(answer.status === 403, !allowed, `${where} answered ${answer.status}`)
      if (!allowed) refused += 1
    }
    assert.equal(await deniedEntries(), before + refused)
  })
}

test('N3: a refusal tells who was refused what', async () => {
  await send(app, { method: 'POST', url: '/api/v1/cases', token: tenant.tokens.viewer, body: { number: 'X', title: 'X' } })
  const [entry] = await store.read.audit.list(tenant.id, { action: 'ACCESS_DENIED' }, { limit: 1 })
  assert.equal(entry?.result, 'denied')
  assert.equal(entry?.actor.name, 'viewer of first')
  assert.deepEqual(JSON.parse(entry?.details ?? ''), { method: 'POST', permission: 'case.write', route: '/api/v1/cases' })
})

test('O6: what is one tenant’s does not exist for another, whatever the role', async () => {
  const things = await makeThings()
  const bodies: Record<string, unknown> = {
    'PATCH /api/v1/members/{userId}': { name: 'Mallory' },
    'POST /api/v1/cases/{caseId}/items': { label: 'E1', title: 'Taken over' },
    'PATCH /api/v1/cases/{caseId}': { title: 'Taken over' },
    'PATCH /api/v1/cases/{caseId}/items/{itemId}': { title: 'Taken over' },
    'PATCH /api/v1/targets/{id}': { name: 'Taken over' },
    'PUT /api/v1/roles/{role}': { targetId: tenant.targetId },
    'POST /api/v1/holds/{id}/release': { reason: 'Taken over' },
    'PATCH /api/v1/webhooks/{id}': { description: 'Taken over' },
    'POST /api/v1/upload-sessions/{id}/complete': {},
    'POST /api/v1/cases/{caseId}/syncs': { mode: 'preview' },
    'POST /api/v1/reconciliations/{id}/apply': {},
    'POST /api/v1/upload-sessions/{id}/part-urls': { numbers: [1] },
    'POST /api/v1/upload-sessions/{id}/receipts': { parts: [{ number: 1, etag: 'x', sha256: '0'.repeat(64) }] },
    'POST /api/v1/files/{fileId}/download-url': {},
    'POST /api/v1/uploads/{id}/complete': {},
    'POST /api/v1/evidence/upload-intents/{id}/complete': {},
    'POST /api/v1/evidence/assets/{id}/links': { app: 'a', sourceType: 'b', sourceId: 'c', kind: 'd' },
    'POST /api/v1/evidence/assets/{id}/sign-download': {},
    'PATCH /api/v1/object-classes/{name}': { maxBytes: 1 },
    'PUT /api/v1/upload-sessions/{id}/parts/{number}': Buffer.from('abc'),
    'PUT /api/v1/upload-sessions/{id}/content': Buffer.from('abc'),
  }
  const withIds = guarded.filter((operation) => operation.path.includes('{'))
  assert.ok(withIds.length > 15)
  for (const operation of withIds) {
    const url = Object.entries(things(operation.path)).reduce((path, [name, id]) => path.replace(`{${name}}`, id), operation.path)
    const body = bodies[`${operation.method} ${operation.path}`]
    const call = {
      method: operation.method as NonNullable<Call['method']>,
      url,
      token: other.tokens.admin,
      ...(body === undefined ? {} : { body }),
    }
    const answer = await send(app, call)
    assert.equal(answer.status, 404, `${operation.method} ${operation.path} answered ${answer.status} ${answer.text}`)
  }
})

test('O6: lists hold one tenant’s rows alone', async () => {
  for (const url of [
    '/api/v1/cases',
    '/api/v1/members',
    '/api/v1/tokens',
    '/api/v1/targets',
    '/api/v1/jobs',
    '/api/v1/migrations',
    '/api/v1/files',
    '/api/v1/upload-sessions',
    '/api/v1/uploads',
    '/api/v1/evidence/assets',
    '/api/v1/holds',
    '/api/v1/webhooks',
  ]) {
    const [mine, theirs] = await Promise.all(
      [tenant, other].map(({ tokens }) =>
        send<{ items: { id?: string; userId?: string }[] }>(app, { url: `${url}?limit=200`, token: tokens.admin }),
      ),
    )
    const ids = new Set(mine?.json.items.map((item) => item.id ?? item.userId))
    assert.ok(ids.size > 0, url)
    for (const item of theirs?.json.items ?? []) assert.ok(!ids.has(item.id ?? item.userId), url)
  }
})

type WithId = { id: string }
type Made = WithId & { userId: string; fileId: string; name: string; storedObject: WithId; asset: WithId; intent: WithId }

/** One thing of each kind in the first tenant; answers the ids for the parameters of a path. */
async function makeThings(): Promise<(path: string) => Record<string, string>> {
  const make = async (url: string, body: unknown, role: RoleName = 'admin') => {
    const made = await send<Made>(app, {
      method: 'POST',
      url,
      token: tenant.tokens[role],
      body,
    })
    assert.equal(made.status, 201, made.text)
    return made.json
  }
  const { id: caseId } = await make('/api/v1/cases', { number: 'CASE-ISOLATED', title: 'Ours' })
  const { id: itemId } = await make(`/api/v1/cases/${caseId}/items`, { label: 'E1', title: 'Ours' })
  const member = { name: 'Ada', email: 'ada@example.org', password: 'correct horse battery', role: 'viewer' }
  const { userId } = await make('/api/v1/members', member)
  const upload = await make('/api/v1/upload-sessions', { caseId, name: 'a.bin', size: 3 })
  const object = { ownerEntityType: 'User', ownerEntityId: 'usr_1', originalFilename: 'a.csv', contentType: 'text/csv', fileSize: 3 }
  const { storedObject } = await make('/api/v1/uploads/initiate', { objectClass: 'REPORT', ...object })
  const { name } = await make('/api/v1/object-classes', { name: 'OURS', contentTypes: ['text/csv'], maxBytes: 10 })
  const evidence = { app: 'a', kind: 'k', filename: 'a.txt', contentType: 'text/plain', size: 3 }
  const { asset, intent } = await make('/api/v1/evidence/upload-intents', evidence)
  const linkId = newId()
  const record = { app: 'a', companyId: null, sourceType: 's', sourceId: 'i', kind: 'k', createdBy: 'Ada', createdAt: 1 }
  await store.transaction((tx) => tx.links.add({ id: linkId, tenantId: tenant.id, assetId: asset.id, ...record }))
  const jobId = await store.transaction((tx) => tx.jobs.enqueue({ kind: 'nothing', tenantId: tenant.id, payload: {} }))
  const { id: holdId } = await make('/api/v1/holds', { fileId: upload.fileId, reason: 'Ours' })
  const hook = await services.webhooks.create(commandLineCaller(tenant.id), {
    url: 'https://hooks.example.org',
    eventTypes: ['upload.ready'],
  })
  const { id: deliveryId } = await services.webhooks.test(commandLineCaller(tenant.id), hook.webhook.id)
  const migrationId = newId()
  const between = { fromTargetId: tenant.targetId, toTargetId: tenant.targetId, status: 'paused' as const }
  const counted = { filesTotal: 0, bytesTotal: 0, createdBy: 'Ada', createdAt: 1, finishedAt: null, version: 1 }
  await store.transaction((tx) => tx.migrations.insert({ id: migrationId, tenantId: tenant.id, ...between, ...counted }))
  const syncId = newId()
  const place = { tenantId: tenant.id, caseId, itemId: null, targetId: tenant.targetId, mode: 'preview' as const, status: 'done' as const }
  const report = newReport(byCommandLine)
  const ended = { allowRemovals: false, report, error: null, startedBy: 'Ada', createdAt: 1, finishedAt: 1 }
  await store.transaction((tx) => tx.syncs.insert({ id: syncId, ...place, ...ended }))
  const reconciliationId = newId()
  const compared = { tenantId: tenant.id, targetId: tenant.targetId, status: 'reported' as const, report: newComparison(byCommandLine) }
  const at = { error: null, startedBy: 'Ada', createdAt: 1, reportedAt: 1, finishedAt: null }
  await store.transaction((tx) => tx.reconciliations.insert({ id: reconciliationId, ...compared, ...at }))
  const [token] = await store.read.tokens.list(tenant.id, { limit: 1, before: null })
  const [entry] = await store.read.audit.list(tenant.id, {}, { limit: 1 })
  const inPaths = { entryId: entry?.id ?? '', deliveryId, linkId, fileId: upload.fileId, number: '1', role: 'encrypted', name }
  const shared = { caseId, itemId, userId, ...inPaths }
  const appIds = { webhookId: hook.webhook.id, objectId: storedObject.id, assetId: asset.id, intentId: intent.id }
  const ids = { jobId, migrationId, tokenId: token?.id ?? '', uploadId: upload.id, holdId, syncId, reconciliationId, ...appIds }
  return (path) => ({ ...shared, id: idFor(path, ids) })
}

type IdName =
  | 'reconciliationId'
  | 'jobId'
  | 'migrationId'
  | 'tokenId'
  | 'uploadId'
  | 'holdId'
  | 'syncId'
  | 'objectId'
  | 'assetId'
  | 'intentId'
  | 'webhookId'
type Ids = Readonly<Record<IdName, string>>

function idFor(path: string, ids: Ids): string {
  if (path.includes('/holds/')) return ids.holdId
  if (path.includes('/webhooks/')) return ids.webhookId
  if (path.includes('/syncs/')) return ids.syncId
  if (path.includes('/reconciliations/')) return ids.reconciliationId
  if (path.includes('/jobs/')) return ids.jobId
  if (path.includes('/migrations/')) return ids.migrationId
  if (path.includes('/tokens/')) return ids.tokenId
  if (path.includes('/evidence/assets/')) return ids.assetId
  if (path.includes('/upload-intents/')) return ids.intentId
  if (path.includes('/uploads/')) return ids.objectId
  if (path.includes('/upload-sessions/')) return ids.uploadId
  return tenant.targetId
}
