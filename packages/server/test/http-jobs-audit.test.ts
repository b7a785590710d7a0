import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { AuditCheckpoint, AuditConsistency, AuditEntry, AuditProof, AuditVerification, Case, Job, PageOf } from '@holdfast/api'
import { newId } from '../src/core/ids.ts'
import { type Call, openWorld, send } from './http-world.ts'

const world = await openWorld()
after(() => world[Symbol.asyncDispose]())
const { app, tenant, other, store } = world
const call = <T>(url: string, rest: Partial<Call> = {}) => send<T>(app, { url, token: tenant.tokens.admin, ...rest })
const steer = (id: string, step: 'retry' | 'cancel') => call<Job>(`/api/v1/jobs/${id}/${step}`, { method: 'POST', body: {} })

test('U1: a job is listed, cancelled and run again by an administrator, with entries in the log', async () => {
  const id = await store.transaction((tx) =>
    tx.jobs.enqueue({ kind: 'thing', tenantId: tenant.id, payload: { secretOf: 'the handler' }, uniqueKey: 'one' }),
  )
  const [job] = (await call<PageOf<Job>>('/api/v1/jobs?kind=thing&status=queued')).json.items
  assert.deepEqual([job?.id, job?.attempts, job?.progress], [id, 0, null])
  assert.equal((await steer(id, 'retry')).status, 409)
  assert.equal((await steer(id, 'cancel')).json.status, 'cancelled')
  assert.equal((await steer(id, 'cancel')).status, 409)
  const second = await store.transaction((tx) => tx.jobs.enqueue({ kind: 'thing', tenantId: tenant.id, payload: {}, uniqueKey: 'one' }))
  const twice = await steer(id, 'retry')
  assert.equal(twice.status, 409)
  assert.match(twice.text, /same work/)
  assert.equal((await steer(second, 'cancel')).status, 200)
  assert.equal((await steer(id, 'retry')).json.status, 'queued')
  assert.equal((await steer(newId(), 'retry')).status, 404)
  assert.doesNotMatch((await call('/api/v1/jobs')).text, /the handler/)
  const steps = (await store.read.audit.list(tenant.id, { action: 'UPDATE' }, { limit: 10 })).map((entry) => JSON.parse(entry.details).step)
  assert.deepEqual(steps, ['retry', 'cancel', 'cancel'])
})

test('A2: entries are filtered by action, actor, case, result and time, newest first, in pages', async () => {
  const made = (await call<Case>('/api/v1/cases', { method: 'POST', token: tenant.tokens.examiner, body: { number: 'C-1', title: 'T' } }))
    .json
  await call('/api/v1/targets', { token: tenant.tokens.viewer })
  const list = async (query: string) => (await call<PageOf<AuditEntry>>(`/api/v1/audit/entries?${query}`)).json.items
  assert.deepEqual(
    (await list(`caseId=${made.id}`)).map((entry) => entry.action),
    ['CREATE'],
  )
  const [denied] = await list('result=denied')
  assert.deepEqual([denied?.action, denied?.actor.name, denied?.details.permission], ['ACCESS_DENIED', 'viewer of first', 'target.read'])
  assert.equal((await list(`actorId=${denied?.actor.id}`)).length, 1)
  assert.deepEqual(await list('action=DOWNLOAD'), [])
  assert.deepEqual(await list('to=2020-01-01T00:00:00Z'), [])
  const seen: string[] = []
  for (let url = '/api/v1/audit/entries?limit=3'; url !== ''; ) {
    const page: PageOf<AuditEntry> = (await call<PageOf<AuditEntry>>(url)).json
    seen.push(...page.items.map((entry) => entry.id))
    url = page.nextCursor === null ? '' : `/api/v1/audit/entries?limit=3&cursor=${page.nextCursor}`
  }
  assert.deepEqual(seen, [...new Set(seen)].sort().reverse())
  for (const query of ['from=yesterday', 'result=maybe', 'caseId=1', 'limit=1000'])
    assert.equal((await call(`/api/v1/audit/entries?${query}`)).status, 400, query)
})

test('A2: the log is exported as CSV and JSON lines, one tenant’s entries alone', async () => {
  const csv = await call('/api/v1/audit/export?format=csv')
  assert.match(String(csv.headers['content-type']), /^text\/csv/)
  assert.match(String(csv.headers['content-disposition']), /^attachment; filename="holdfast-audit-.*\.csv"$/)
  const lines = csv.text.trim().split('\r\n')
  const total = (await store.read.audit.list(tenant.id, {}, { limit: 10_000 })).length
  assert.equal(lines.length, total + 1)
  const jsonl = await call('/api/v1/audit/export?format=jsonl&action=CREATE')
  assert.match(String(jsonl.headers['content-type']), /^application\/jsonl/)
  for (const line of jsonl.text.trim().split('\n')) JSON.parse(line)
  assert.doesNotMatch(csv.text + jsonl.text, /of second/)
  assert.equal((await call('/api/v1/audit/export?format=xml')).status, 400)
  assert.equal((await call('/api/v1/audit/export')).status, 400)
})

test('A3: checkpoint, proof, consistency and verification are served', async () => {
  const before = (await call<AuditCheckpoint>('/api/v1/audit/checkpoint')).json
  const [entry] = (await call<PageOf<AuditEntry>>('/api/v1/audit/entries?limit=1')).json.items
  const proof = await call<AuditProof>(`/api/v1/audit/proofs/${entry?.id}`)
  assert.equal(proof.json.index, entry?.index)
  assert.match(proof.json.proof, /^c2sp\.org\/tlog-proof@v1/)
  await call('/api/v1/targets', { token: tenant.tokens.viewer })
  const consistency = await call<AuditConsistency>(`/api/v1/audit/consistency?from=${before.size}`)
  assert.ok(consistency.json.size > before.size)
  assert.equal((await call(`/api/v1/audit/consistency?from=${before.size + 1000}`)).status, 400)
  const verification = await call<AuditVerification>('/api/v1/audit/verification')
  assert.deepEqual([verification.json.ok, verification.json.firstBad], [true, null])
  const theirs = await store.read.audit.list(other.id, {}, { limit: 1 })
  assert.equal((await call(`/api/v1/audit/proofs/${theirs[0]?.id}`)).status, 404)
})
