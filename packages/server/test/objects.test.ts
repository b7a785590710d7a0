import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type AuditEntry, MiB, type ObjectClass, type ObjectInitiated, type PageOf, type StoredObject } from '@holdfast/api'
import { checkInstance } from '../src/check-instance.ts'
import { type FileWorld, openFileWorld, sha256 } from './file-world.ts'
import { movableClock, type TestClock } from './http-world.ts'
import { asked, md5, type Objects, objectsOf, ours, table } from './objects-kit.ts'

let world: FileWorld
let clock: TestClock
let objects: Objects
before(async () => {
  clock = movableClock()
  world = await openFileWorld({ clock })
  objects = objectsOf(world.api)
})
after(() => world?.[Symbol.asyncDispose]())

const admin = () => world.tenant.api.admin
const entriesOf = async (id: string): Promise<AuditEntry[]> =>
  (await admin().call<PageOf<AuditEntry>>('GET', `/audit/entries?fileId=${id}`)).body.items.toReversed()
const newClass = async (more: Partial<ObjectClass> = {}): Promise<string> => {
  const name = `OWN_${randomUUID().slice(0, 8).toUpperCase()}`
  const body = { name, contentTypes: ['text/csv'], maxBytes: 1 * MiB, ...more }
  const made = await admin().call<ObjectClass>('POST', '/object-classes', { body })
  assert.equal(made.status, 201, JSON.stringify(made.body))
  return name
}
const owner = () => ({ ownerEntityType: 'User', ownerEntityId: randomUUID() })

test('O1 O11 O12 O13: three calls store an object, sealed at rest on a local target; a URL of this server reads it', async () => {
  const bytes = table(3 * MiB)
  const begun = await objects.initiate(asked(bytes))
  assert.equal(begun.status, 201)
  const { storedObject, uploadUrl, uploadMethod, uploadHeaders, uploadUrlExpiresAt } = begun.body
  const { id } = storedObject
  assert.equal(storedObject.storageKey, `tenants/${world.tenant.id}/User/usr_123/${id}`)
  assert.deepEqual([storedObject.status, uploadMethod, storedObject.isCurrent], ['PENDING_UPLOAD', 'PUT', false])
  assert.deepEqual(uploadHeaders, { 'content-type': 'text/csv', 'content-length': String(bytes.length) })
  assert.ok(Math.abs(Date.parse(uploadUrlExpiresAt) - clock.now() - 300_000) < 5000)
  assert.ok(uploadUrl.startsWith(`${world.origin}/api/v1/uploads/${id}/content?`))
  assert.equal((await objects.put(begun.body, bytes)).status, 204)
  const completed = await objects.complete(id, { checksum: md5(bytes) })
  assert.deepEqual([completed.status, completed.body.status], [200, 'SCANNING'])
  const ready = await objects.settled(id)
  assert.deepEqual([ready.status, ready.isCurrent, ready.checksums.sha256, ready.protection], ['READY', true, sha256(bytes), 'sealed'])
  const stored = await readFile(join(world.dataDir, 'objects', storedObject.storageKey))
  assert.ok(!stored.includes('Ada,1') && stored.length > bytes.length)
  const url = (await objects.downloadUrl(id)).body
  assert.deepEqual([url.contentType, url.originalFilename, url.fileSize], ['text/csv', 'report.csv', String(bytes.length)])
  const down = await fetch(url.downloadUrl, { headers: { range: 'bytes=1000000-1999999' } })
  assert.equal(down.status, 206)
  assert.ok(Buffer.from(await down.arrayBuffer()).equals(bytes.subarray(1_000_000, 2_000_000)))
  assert.match(down.headers.get('content-disposition') ?? '', /^attachment/)
})

test('O14: each step is in the log with actor, request id and result; no entry holds a signed URL', async () => {
  const { id } = await objects.store(table())
  await objects.downloadUrl(id)
  assert.equal((await world.api.call('DELETE', `/uploads/${id}`)).status, 204)
  const entries = await entriesOf(id)
  assert.deepEqual(
    entries.map(({ action }) => action),
    ['UPLOAD_INITIATED', 'UPLOAD_COMPLETED', 'SCAN_PASSED', 'DOWNLOAD_URL_ISSUED', 'OBJECT_DELETED'],
  )
  for (const { action, actor, requestId, result } of entries) {
    assert.equal(result, 'ok')
    if (action === 'SCAN_PASSED') continue
    assert.deepEqual([actor.kind, typeof requestId], ['token', 'string'])
  }
  assert.ok(!/signature=|X-Amz/i.test(JSON.stringify(entries)))
})

test('O13 O7: MD5 of another file is a 400; the object is gone, its bytes are free, the upload is over', async () => {
  const before = await world.instance.store.read.targets.find(world.tenant.id, world.tenant.targetId)
  const bytes = table()
  const { storedObject } = await objects.received(bytes)
  const wrong = await objects.complete(storedObject.id, { checksum: md5(Buffer.from('another file')) })
  assert.deepEqual([wrong.status, wrong.problem.code], [400, 'CHECKSUM_MISMATCH'])
  const { body } = await objects.get(storedObject.id)
  assert.deepEqual([body.status, body.retention], ['FAILED', 'FAILED_UPLOAD_7D'])
  assert.equal((await objects.complete(storedObject.id, { checksum: md5(bytes) })).status, 409)
  const folder = join(world.dataDir, 'objects', 'tenants', world.tenant.id, 'User', 'usr_123')
  const left: string[] = await readdir(folder).catch(() => [])
  assert.ok(!left.includes(storedObject.id))
  const now = await world.instance.store.read.targets.find(world.tenant.id, world.tenant.targetId)
  assert.deepEqual([now?.usedBytes, now?.reservedBytes], [before?.usedBytes, before?.reservedBytes])
  assert.equal((await entriesOf(storedObject.id)).at(-1)?.action, 'UPLOAD_FAILED')
})

test('O7: SHA-256 is checked where it is declared, at the beginning or at the end; two checksums that differ are refused', async () => {
  const bytes = table()
  const right = await objects.received(bytes)
  const both = { checksums: { sha256: sha256(bytes).toUpperCase(), md5: md5(bytes).toUpperCase() } }
  assert.equal((await objects.complete(right.storedObject.id, both)).body.status, 'SCANNING')
  assert.equal((await objects.complete(right.storedObject.id, both)).status, 200, 'repeatable')
  assert.equal((await objects.settled(right.storedObject.id)).status, 'READY')
  for (const checksums of [{ md5: md5(Buffer.from('x')) }, { sha256: sha256(Buffer.from('x')) }]) {
    const differing = await objects.complete(right.storedObject.id, { checksums })
    assert.deepEqual([differing.status, differing.problem.code], [409, 'CONFLICT'], 'not what was checked')
  }
  assert.equal((await objects.complete(right.storedObject.id)).status, 200)
  const wrong = await objects.received(bytes)
  const answer = await objects.complete(wrong.storedObject.id, { checksums: { sha256: sha256(Buffer.from('x')) } })
  assert.equal(answer.problem.code, 'CHECKSUM_MISMATCH')
  const two = await objects.received(bytes)
  const torn = await objects.complete(two.storedObject.id, { checksum: md5(bytes), checksums: { md5: md5(Buffer.from('x')) } })
  assert.equal(torn.problem.code, 'VALIDATION_ERROR')
  const bound = await objects.initiate(asked(bytes, { checksums: { sha256: sha256(Buffer.from('x')) } }))
  await objects.put(bound.body, bytes)
  assert.equal((await objects.complete(bound.body.storedObject.id)).problem.code, 'CHECKSUM_MISMATCH')
})

test('O5: a signed upload URL holds for its key, method, length and type, until it expires or the upload is over', async () => {
  const bytes = table()
  const { body: begun } = await objects.initiate(asked(bytes))
  const { body: sibling } = await objects.initiate(asked(bytes))
  const codeOf = async (answer: Promise<Response>) => {
    const response = await answer
    return [response.status, ((await response.json()) as { code: string }).code]
  }
  const changed = (name: string, value: string): Pick<ObjectInitiated, 'uploadUrl' | 'uploadHeaders'> => {
    const url = new URL(begun.uploadUrl)
    url.searchParams.set(name, value)
    return { ...begun, uploadUrl: url.href }
  }
  const longer = Buffer.concat([bytes, bytes])
  assert.deepEqual(await codeOf(objects.put(begun, longer)), [400, 'SIZE_MISMATCH'])
  assert.deepEqual(await codeOf(objects.put(changed('length', String(longer.length)), longer)), [403, 'URL_NOT_VALID'])
  assert.deepEqual(await codeOf(objects.put(begun, bytes, { 'content-type': 'text/html' })), [400, 'CONTENT_TYPE_MISMATCH'])
  assert.deepEqual(await codeOf(objects.put(changed('type', 'text/html'), bytes, { 'content-type': 'text/html' })), [403, 'URL_NOT_VALID'])
  assert.deepEqual(await codeOf(objects.put(changed('expires', '99999999999'), bytes)), [403, 'URL_NOT_VALID'])
  assert.deepEqual(await codeOf(objects.put(changed('tenant', randomUUID()), bytes)), [403, 'URL_NOT_VALID'])
  const elsewhere = { ...begun, uploadUrl: begun.uploadUrl.replace(begun.storedObject.id, sibling.storedObject.id) }
  assert.deepEqual(await codeOf(objects.put(elsewhere, bytes)), [403, 'URL_NOT_VALID'])
  const read = await fetch(begun.uploadUrl)
  assert.equal(read.status, 400, 'a URL to write is none to read')
  assert.equal((await objects.complete(begun.storedObject.id)).problem.code, 'OBJECT_NOT_RECEIVED')
  assert.equal((await objects.put(begun, bytes)).status, 204)
  assert.equal((await objects.put(begun, bytes)).status, 204, 'until it is completed')
  assert.equal((await objects.complete(begun.storedObject.id)).status, 200)
  assert.deepEqual(await codeOf(objects.put(begun, bytes)), [409, 'UPLOAD_CLOSED'])
  clock.advance(301_000)
  assert.deepEqual(await codeOf(objects.put(sibling, bytes)), [400, 'UPLOAD_URL_EXPIRED'])
  assert.equal((await objects.complete(sibling.storedObject.id)).problem.code, 'UPLOAD_URL_EXPIRED')
})

test('O5: a signed download URL expires and cannot be changed; inline is only what runs nothing', async () => {
  const { id } = await objects.store(table())
  const url = (await objects.downloadUrl(id, 'inline')).body.downloadUrl
  assert.equal(new URL(url).searchParams.get('disposition'), 'attachment', 'a table may be opened by a spreadsheet')
  const forced = new URL(url)
  forced.searchParams.set('disposition', 'inline')
  assert.equal((await fetch(forced)).status, 403)
  assert.equal((await fetch(url)).status, 200)
  clock.advance(901_000)
  const late = await fetch(url)
  assert.deepEqual([late.status, ((await late.json()) as { code: string }).code], [400, 'DOWNLOAD_URL_EXPIRED'])
})

test('O1: pages of other origins may send to a signed URL and read one', async () => {
  const { body: begun } = await objects.initiate(asked(table()))
  const preflight = await fetch(begun.uploadUrl, {
    method: 'OPTIONS',
    headers: { origin: 'https://app.example', 'access-control-request-method': 'PUT', 'access-control-request-headers': 'content-type' },
  })
  assert.deepEqual([preflight.status, preflight.headers.get('access-control-allow-origin')], [204, '*'])
  assert.match(preflight.headers.get('access-control-allow-methods') ?? '', /PUT/)
  const sent = await objects.put(begun, table(), { origin: 'https://app.example' })
  assert.equal(sent.headers.get('access-control-allow-origin'), '*')
})

test('O2 O13: a class decides types and size, and says what it takes', async () => {
  const type = await objects.initiate(asked(table(), { objectClass: 'STATEMENT' }))
  assert.deepEqual([type.status, type.problem.code, type.problem.allowedTypes], [400, 'TYPE_NOT_ALLOWED', ['application/pdf']])
  const large = await objects.initiate({ ...asked(table()), fileSize: 20 * MiB + 1 })
  assert.deepEqual([large.status, large.problem.code, large.problem.maxBytes], [400, 'FILE_TOO_LARGE', 20 * MiB])
  const unknown = await objects.initiate(asked(table(), { objectClass: 'NO_SUCH' }))
  assert.deepEqual([unknown.status, unknown.problem.errors?.[0]?.field], [400, 'objectClass'])
  const name = await objects.initiate(asked(table(), { originalFilename: '../../etc/passwd' }))
  assert.equal(name.status, 400)
  for (const ownerEntityId of ['..', 'a/b', '.x', '', 'a\u0000b']) {
    assert.equal((await objects.initiate(asked(table(), { ownerEntityId }))).problem.code, 'VALIDATION_ERROR', ownerEntityId)
  }
})

test('O4 O13: what validation refuses is REJECTED with reasons, kept for 7 days, and not handed out', async () => {
  const fake = Buffer.from('%PDF-1.7\nthis is no document')
  const rejected = await objects.store(fake, { contentType: 'application/pdf', originalFilename: 'a.pdf' })
  assert.deepEqual([rejected.status, rejected.isCurrent, rejected.retention], ['REJECTED', false, 'FAILED_UPLOAD_7D'])
  assert.ok((rejected.validation?.length ?? 0) > 0)
  const left = Date.parse(rejected.expiresAt ?? '') - clock.now()
  assert.ok(left > 6.9 * 86_400_000 && left <= 7 * 86_400_000)
  assert.equal((await objects.downloadUrl(rejected.id)).problem.code, 'OBJECT_REJECTED')
  assert.equal((await entriesOf(rejected.id)).at(-1)?.action, 'SCAN_FAILED')
})

test('O3: a class that is changed later does not change a running upload', async () => {
  const name = await newClass({ replaceable: true })
  const whose = owner()
  const { storedObject } = await objects.received(table(), { objectClass: name, ...whose })
  const changes = { contentTypes: ['application/pdf'], maxBytes: 1, replaceable: false, retention: 'TEMP_UPLOAD_24H' }
  assert.equal((await admin().call('PATCH', `/object-classes/${name}`, { body: changes })).status, 200)
  assert.equal((await objects.complete(storedObject.id)).status, 200)
  const ready = await objects.settled(storedObject.id)
  assert.deepEqual([ready.status, ready.retention, ready.expiresAt], ['READY', 'PERMANENT', null])
  assert.equal((await objects.initiate(asked(table(), { objectClass: name, ...whose }))).problem.code, 'TYPE_NOT_ALLOWED')
})

test('O9: a new READY object takes the place of the current one; a rejected one does not; documents stay several', async () => {
  const name = await newClass({ replaceable: true, contentTypes: ['text/csv', 'application/pdf'] })
  const whose = owner()
  const first = await objects.store(table(), { objectClass: name, ...whose })
  const rejected = await objects.store(Buffer.from('%PDF-1.7 no'), { objectClass: name, ...whose, contentType: 'application/pdf' })
  assert.equal(rejected.status, 'REJECTED')
  assert.equal((await objects.get(first.id)).body.isCurrent, true)
  const second = await objects.store(table(100), { objectClass: name, ...whose })
  const former = (await objects.get(first.id)).body
  assert.deepEqual([former.isCurrent, former.supersededBy, former.retention], [false, second.id, 'SUPERSEDED_30D'])
  assert.ok(Math.abs(Date.parse(former.expiresAt ?? '') - clock.now() - 30 * 86_400_000) < 60_000)
  const papers = owner()
  await objects.store(table(), papers)
  await objects.store(table(), papers)
  const query = `ownerEntityType=User&ownerEntityId=${papers.ownerEntityId}&isCurrent=true`
  assert.equal((await world.api.call<PageOf<StoredObject>>('GET', `/uploads?${query}`)).body.items.length, 2)
})

test('O11: lists filter and page, and a deleted object is in none', async () => {
  const name = await newClass()
  const whose = owner()
  const stored: StoredObject[] = []
  for (let index = 0; index < 5; index += 1) stored.push(await objects.store(table(), { objectClass: name, ...whose }))
  const seen: string[] = []
  for (let cursor = ''; ; ) {
    const page = await world.api.call<PageOf<StoredObject>>('GET', `/uploads?objectClass=${name}&limit=2${cursor && `&cursor=${cursor}`}`)
    seen.push(...page.body.items.map(({ id }) => id))
    if (page.body.nextCursor === null) break
    cursor = page.body.nextCursor
  }
  assert.deepEqual(seen, stored.map(({ id }) => id).reverse())
  await world.api.call('DELETE', `/uploads/${seen[0]}`)
  const listed = await world.api.call<PageOf<StoredObject>>('GET', `/uploads?objectClass=${name}&status=READY&isCurrent=true`)
  assert.equal(listed.body.items.length, 4)
  assert.equal((await objects.get(seen[0]!)).status, 404)
})

test('O6: to another tenant objects, their URLs and own classes do not exist', async () => {
  const other = objectsOf((await world.newTenant(`other-${randomUUID().slice(0, 6)}`)).api.admin)
  const name = await newClass()
  const { id } = await objects.store(table(), { objectClass: name })
  for (const answer of [await other.get(id), await other.complete(id), await other.downloadUrl(id)]) assert.equal(answer.status, 404)
  assert.equal((await other.initiate(asked(table(), { objectClass: name }))).status, 400)
})

test('O1: the same Idempotency-Key answers the same object, with a fresh URL also after the first has expired', async () => {
  const key = { 'idempotency-key': randomUUID() }
  const first = await objects.initiate(asked(table()), key)
  clock.advance(301_000)
  const again = await objects.initiate(asked(table()), key)
  assert.deepEqual([again.status, again.headers.get('idempotency-replayed')], [201, 'true'])
  assert.equal(again.body.storedObject.id, first.body.storedObject.id)
  assert.ok(again.body.uploadUrlExpiresAt > first.body.uploadUrlExpiresAt)
  assert.equal((await objects.put(again.body, table())).status, 204)
  assert.equal((await objects.complete(again.body.storedObject.id)).status, 200)
  assert.equal((await objects.initiate(asked(table()), key)).problem.code, 'UPLOAD_CLOSED')
  const kept = await world.instance.database.sql.selectFrom('idempotency_keys').selectAll().execute()
  assert.ok(!JSON.stringify(kept).includes('signature'), 'no signed URL is kept')
})

test('O6: uploads of objects are none of the upload sessions, and cannot be ended by their calls', async () => {
  const { body } = await objects.initiate(asked(table()))
  assert.equal((await world.api.call('GET', `/upload-sessions/${body.sessionId}`)).status, 404)
  assert.equal((await world.api.complete(body.sessionId)).status, 404)
  const { items } = (await world.api.call<{ items: { id: string }[] }>('GET', '/upload-sessions?limit=200')).body
  assert.ok(!items.some(({ id }) => id === body.sessionId))
})

test('T8: an object needs room in the quota of its target', async () => {
  const tenant = await world.newTenant(`full-${randomUUID().slice(0, 6)}`)
  await tenant.api.admin.call('PATCH', `/targets/${tenant.targetId}`, { body: { quotaBytes: 1000 } })
  const full = await objectsOf(tenant.api.examiner).initiate(asked(table(2000)))
  assert.deepEqual([full.status, full.problem.code, full.problem.quotaBytes], [507, 'QUOTA_FULL', 1000])
})

test('O2: classes are built in or own; built-in ones stay as they are', async () => {
  const { items } = (await admin().call<PageOf<ObjectClass>>('GET', '/object-classes')).body
  assert.equal(items.filter(({ source }) => source === 'builtin').length, 10)
  assert.equal((await admin().call('PATCH', '/object-classes/REPORT', { body: { maxBytes: 1 } })).status, 409)
  assert.equal((await admin().call('DELETE', '/object-classes/REPORT')).status, 409)
  const taken = { name: 'REPORT', contentTypes: ['text/csv'], maxBytes: 1 }
  assert.equal((await admin().call('POST', '/object-classes', { body: taken })).status, 409)
  const name = await newClass()
  assert.equal((await world.api.call('DELETE', `/object-classes/${name}`)).status, 403, 'an examiner changes no class')
  assert.equal((await admin().call('DELETE', `/object-classes/${name}`)).status, 204)
  assert.equal((await admin().call('GET', `/object-classes/${name}`)).status, 404)
})

test('X9 N1: a check finds nothing wrong with what these tests stored, sealed objects opened', async () => {
  await objects.initiate(asked(table(), ours))
  const report = await checkInstance(world.instance, { full: true, signal: new AbortController().signal })
  assert.deepEqual(report.findings, [])
  assert.ok(report.counts.opened > 8)
})
