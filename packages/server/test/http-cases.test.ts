import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Case, Item, PageOf } from '@holdfast/api'
import { newId } from '../src/core/ids.ts'
import { type FileRow, noObjectYet } from '../src/db/file-rows.ts'
import { type Call, openWorld, send } from './http-world.ts'

const world = await openWorld()
after(() => world[Symbol.asyncDispose]())
const { app, tenant, other, store } = world
const { admin, examiner, viewer } = tenant.tokens

let numbers = 0
async function makeCase(changes: Partial<Case> = {}): Promise<Case> {
  numbers += 1
  const body = { number: `CASE-2026-${String(numbers).padStart(3, '0')}`, title: `Case ${numbers}`, ...changes }
  const made = await send<Case>(app, { method: 'POST', url: '/api/v1/cases', token: examiner, body })
  assert.equal(made.status, 201, made.text)
  return made.json
}
async function makeItem(caseId: string, label: string): Promise<Item> {
  const made = await send<Item>(app, {
    method: 'POST',
    url: `/api/v1/cases/${caseId}/items`,
    token: examiner,
    body: { label, title: 'A phone' },
  })
  assert.equal(made.status, 201, made.text)
  return made.json
}
const call = <T = Record<string, unknown>>(method: NonNullable<Call['method']>, url: string, rest: Partial<Call> = {}) =>
  send<T>(app, { method, url, token: examiner, ...rest })
const entriesOf = async (caseId: string) =>
  (await store.read.audit.list(tenant.id, { caseId }, { limit: 100 }))
    .map((entry) => ({ ...entry, details: JSON.parse(entry.details) }))
    .reverse()

/** A stored file of 1000 bytes, as far as the database knows. */
async function addFile(place: { caseId: string; itemId?: string }, changes: Partial<FileRow> = {}): Promise<string> {
  const id = newId()
  const row: FileRow = {
    ...{
      id,
      tenantId: tenant.id,
      caseId: place.caseId,
      itemId: place.itemId ?? null,
      tier: 'secure',
      name: 'a.bin',
      contentType: 'text/plain',
    },
    ...{ size: 1000, status: 'READY', statusReason: null, targetId: tenant.targetId, objectKey: `attachments/${id}`, objectSize: 1106 },
    ...{ container: null, entityKeyId: null, wrappedKey: null, sha256: null, declaredSha256: null, verifiedAt: null, uploadedBy: 'x' },
    ...{
      createdAt: Date.now(),
      readyAt: null,
      deletedAt: null,
      purgedAt: null,
      syncTargetId: null,
      version: 1,
      ...noObjectYet,
      ...changes,
    },
  }
  await store.transaction(async (tx) => {
    await tx.files.insert(row)
    await tx.targets.reserve(tenant.targetId, 1106)
    await tx.targets.settle(tenant.targetId, { reservedBytes: 1106, usedBytes: 1106 })
  })
  return id
}

test('U1 A1: a case is made, read and changed, and the log tells each step', async () => {
  const made = await makeCase({ description: 'Theft' })
  assert.equal(made.version, 1)
  assert.deepEqual([made.fileCount, made.totalBytes, made.createdBy], [0, 0, 'examiner of first'])
  const got = await call<Case>('GET', `/api/v1/cases/${made.id}`, { token: viewer })
  assert.deepEqual(got.json, made)
  assert.equal(got.headers.etag, '"1"')
  const changed = await call<Case>('PATCH', `/api/v1/cases/${made.id}`, { body: { title: 'Robbery' } })
  assert.deepEqual(changed.json, { ...made, title: 'Robbery', version: 2 })
  assert.equal(changed.headers.etag, '"2"')
  const unchanged = await call<Case>('PATCH', `/api/v1/cases/${made.id}`, { body: { title: 'Robbery' } })
  assert.equal(unchanged.json.version, 2)
  const entries = await entriesOf(made.id)
  assert.deepEqual(
    entries.map(({ action, details }) => [action, details.changed ?? details.name]),
    [
      ['CREATE', made.number],
      ['UPDATE', ['title']],
    ],
  )
  assert.ok(entries.every((entry) => entry.requestId !== null && entry.actor.kind === 'token'))
})

test('D14: a case number is never given twice, not even after its case is gone, and never changes', async () => {
  const first = await makeCase()
  const again = { body: { number: first.number, title: 'Again' } }
  assert.equal((await call('POST', '/api/v1/cases', again)).status, 409)
  assert.equal((await call('DELETE', `/api/v1/cases/${first.id}`, { token: admin })).status, 204)
  const conflict = await call('POST', '/api/v1/cases', again)
  assert.equal(conflict.status, 409)
  assert.match(String(conflict.json.detail), /is or was in use/)
  for (const number of [first.number.toLowerCase(), first.number.toUpperCase()]) {
    const spelled = await call('POST', '/api/v1/cases', { body: { number, title: 'One folder on a share without upper and lower case' } })
    assert.equal(spelled.status, 409, number)
  }
  const second = await makeCase()
  assert.equal((await call('PATCH', `/api/v1/cases/${second.id}`, { body: { number: 'OTHER-1' } })).status, 400)
  const theirs = await call('POST', '/api/v1/cases', { ...again, token: other.tokens.examiner })
  assert.equal(theirs.status, 201)
})

test('N4: a change from an old version is refused and changes nothing', async () => {
  const made = await makeCase()
  const url = `/api/v1/cases/${made.id}`
  const patch = (etag: string, title: string) => call<Case>('PATCH', url, { headers: { 'if-match': etag }, body: { title } })
  assert.equal((await patch('"1"', 'First')).status, 200)
  const late = await patch('"1"', 'Late')
  assert.equal(late.status, 412)
  assert.equal((late.json as unknown as { version: number }).version, 2)
  for (const etag of ['"9"', 'W/"2"', '2', '"2", "3"', 'abc', '']) assert.equal((await patch(etag, 'No')).status, 412, etag)
  assert.equal((await call('DELETE', url, { token: admin, headers: { 'if-match': '"1"' } })).status, 412)
  assert.equal((await call<Case>('GET', url)).json.title, 'First')
  assert.equal((await patch('*', 'Any')).status, 200)
  assert.equal((await call('DELETE', url, { token: admin, headers: { 'if-match': '"3"' } })).status, 204)
})

test('N4: of two changes from one version at the same time one is refused', async () => {
  const made = await makeCase()
  const patch = (title: string) => call('PATCH', `/api/v1/cases/${made.id}`, { headers: { 'if-match': '"1"' }, body: { title } })
  const statuses = (await Promise.all([patch('A'), patch('B'), patch('C')])).map((answer) => answer.status)
  assert.deepEqual(statuses.sort(), [200, 412, 412])
})

test('U1: bad input makes no case, and the problem names each field', async () => {
  const bad: [unknown, string[]][] = [
    [{}, ['number', 'title']],
    [{ number: '../x', title: 'T' }, ['number']],
    [{ number: '-x', title: 'T' }, ['number']],
    [{ number: 'x'.repeat(65), title: 'T' }, ['number']],
    [{ number: 'a/b', title: 'T' }, ['number']],
    [{ number: 5, title: 'T' }, ['number']],
    [{ number: 'OK', title: '' }, ['title']],
    [{ number: 'OK', title: 'T', owner: 'me', extra: 1 }, ['owner', 'extra']],
  ]
  for (const [body, fields] of bad) {
    const answer = await call<{ code: string; errors: { field: string }[] }>('POST', '/api/v1/cases', { body })
    assert.equal(answer.status, 400, JSON.stringify(body))
    assert.equal(answer.json.code, 'VALIDATION_ERROR')
    assert.deepEqual(
      answer.json.errors.map((error) => error.field),
      fields,
    )
  }
  for (const url of [
    '/api/v1/cases/1',
    '/api/v1/cases/%00',
    '/api/v1/cases?limit=0',
    '/api/v1/cases?limit=x',
    '/api/v1/cases?cursor=%20',
    '/api/v1/cases?foo=1',
  ]) {
    assert.equal((await call('GET', url)).status, 400, url)
  }
  assert.equal((await call('GET', `/api/v1/cases/${newId()}`)).status, 404)
})

test('U1: cases come newest first in pages, each once, and can be searched', async () => {
  const made = [await makeCase({ title: '100% of it' }), await makeCase({ title: 'under_score' }), await makeCase({ title: 'back\\slash' })]
  const seen: string[] = []
  for (let url = '/api/v1/cases?limit=2'; url !== ''; ) {
    const page: PageOf<Case> = (await call<PageOf<Case>>('GET', url)).json
    assert.ok(page.items.length <= 2)
    seen.push(...page.items.map((item) => item.id))
    url = page.nextCursor === null ? '' : `/api/v1/cases?limit=2&cursor=${encodeURIComponent(page.nextCursor)}`
  }
  assert.deepEqual(seen, [...new Set(seen)].sort().reverse())
  assert.deepEqual(seen.slice(0, 3), made.map((item) => item.id).reverse())
  const search = async (q: string) =>
    (await call<PageOf<Case>>('GET', `/api/v1/cases?q=${encodeURIComponent(q)}`)).json.items.map((item) => item.title)
  assert.deepEqual(await search('100%'), ['100% of it'])
  assert.deepEqual(await search('%'), ['100% of it'])
  assert.deepEqual(await search('R_S'), ['under_score'])
  assert.deepEqual(await search('\\'), ['back\\slash'])
  const byNumber = await call<PageOf<Case>>('GET', `/api/v1/cases?number=${made[0]?.number}`)
  assert.deepEqual(
    byNumber.json.items.map((item) => item.id),
    [made[0]?.id],
  )
})

test('U1: an item has a label that is its own in the case until the item is gone', async () => {
  const { id: caseId } = await makeCase()
  const item = await makeItem(caseId, 'E1')
  const url = `/api/v1/cases/${caseId}/items`
  assert.equal((await call('POST', url, { body: { label: 'E1', title: 'Again' } })).status, 409)
  assert.equal((await makeItem((await makeCase()).id, 'E1')).label, 'E1')
  const changed = await call<Item>('PATCH', `${url}/${item.id}`, { headers: { 'if-match': '"1"' }, body: { title: 'A tablet' } })
  assert.deepEqual(changed.json, { ...item, title: 'A tablet', version: 2 })
  assert.equal((await call('PATCH', `${url}/${item.id}`, { headers: { 'if-match': '"1"' }, body: { title: 'x' } })).status, 412)
  assert.deepEqual((await call<PageOf<Item>>('GET', url)).json.items, [changed.json])
  assert.equal((await call('DELETE', `${url}/${item.id}`, { token: admin })).status, 204)
  assert.equal((await call('GET', `${url}/${item.id}`)).status, 404)
  assert.notEqual((await makeItem(caseId, 'E1')).id, item.id)
  assert.deepEqual(
    (await entriesOf(caseId)).map((entry) => entry.action),
    ['CREATE', 'CREATE', 'UPDATE', 'DELETE', 'CREATE'],
  )
})

test('O6: an item is found below its own case alone', async () => {
  const [one, two] = [await makeCase(), await makeCase()]
  const item = await makeItem(one.id, 'E1')
  assert.equal((await call('GET', `/api/v1/cases/${two.id}/items/${item.id}`)).status, 404)
  assert.equal((await call('DELETE', `/api/v1/cases/${two.id}/items/${item.id}`, { token: admin })).status, 404)
  assert.equal((await call('POST', `/api/v1/cases/${newId()}/items`, { body: { label: 'E', title: 'T' } })).status, 404)
})

test('U1: a case and an item tell how many files they hold, and of how many bytes', async () => {
  const { id: caseId } = await makeCase()
  const item = await makeItem(caseId, 'E1')
  await addFile({ caseId })
  await addFile({ caseId, itemId: item.id }, { status: 'SCANNING', size: 500 })
  await addFile({ caseId, itemId: item.id }, { status: 'PENDING_UPLOAD' })
  await addFile({ caseId }, { status: 'DELETED', deletedAt: 1 })
  const held = (answer: { json: Case | Item }) => [answer.json.fileCount, answer.json.totalBytes]
  assert.deepEqual(held(await call<Case>('GET', `/api/v1/cases/${caseId}`)), [2, 1500])
  assert.deepEqual(held(await call<Item>('GET', `/api/v1/cases/${caseId}/items/${item.id}`)), [1, 500])
  const listed = (await call<PageOf<Case>>('GET', '/api/v1/cases?limit=1')).json.items[0]
  assert.deepEqual([listed?.fileCount, listed?.totalBytes], [2, 1500])
})

test('U2: deleting an item deletes its files, deleting a case all of them', async () => {
  const { id: caseId, number } = await makeCase()
  const item = await makeItem(caseId, 'E1')
  const own = await addFile({ caseId })
  const below = await addFile({ caseId, itemId: item.id })
  const statusOf = async (id: string) => (await call('GET', `/api/v1/files/${id}`)).status
  assert.equal((await call('DELETE', `/api/v1/cases/${caseId}/items/${item.id}`, { token: admin })).status, 204)
  assert.deepEqual([await statusOf(own), await statusOf(below)], [200, 404])
  assert.equal((await call('DELETE', `/api/v1/cases/${caseId}`, { token: admin })).status, 204)
  assert.equal(await statusOf(own), 404)
  for (const url of [`/api/v1/cases/${caseId}`, `/api/v1/cases/${caseId}/items`]) assert.equal((await call('GET', url)).status, 404)
  assert.deepEqual((await call<PageOf<Case>>('GET', `/api/v1/cases?number=${number}`)).json.items, [])
  const jobs = await store.read.jobs.list(tenant.id, { kind: 'purge-object' }, { limit: 100, before: null })
  assert.ok(jobs.length >= 2)
  const deletions = (await entriesOf(caseId))
    .filter((entry) => entry.action === 'DELETE')
    .map((entry) => [entry.details.kind, entry.details.fileCount])
  assert.deepEqual(deletions, [
    ['file', undefined],
    ['item', 1],
    ['file', undefined],
    ['case', 1],
  ])
})

test('D14: items of a case made one after another have ids whose first 8 digits tell them apart, in the order they were made', async () => {
  const { id: caseId } = await makeCase()
  const ids: string[] = []
  for (let count = 0; count < 20; count += 1) ids.push((await makeItem(caseId, `E${count}`)).id)
  assert.equal((await call('DELETE', `/api/v1/cases/${caseId}/items/${ids.at(-1)}`, { token: admin })).status, 204)
  const atOnce = await Promise.all(['A', 'B', 'C'].map((label) => makeItem(caseId, label)))
  ids.push(...atOnce.map((item) => item.id).sort())
  assert.deepEqual(ids, [...ids].sort())
  assert.equal(new Set(ids.map((id) => id.slice(0, 8))).size, ids.length)
})
