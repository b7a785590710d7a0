import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { MIN_PART_PLAIN_BYTES, SECURE_TIER_MAX_BYTES, SEGMENT_PLAIN_BYTES } from '@holdfast/api'
import { type Api, contentDigest, type FileWorld, openFileWorld, sha256 } from './file-world.ts'

let world: FileWorld
let api: Api
before(async () => {
  world = await openFileWorld()
  api = world.api
})
after(() => world[Symbol.asyncDispose]())

const PART = MIN_PART_PLAIN_BYTES

test('S2 S5 S9: a file goes in by parts, is proven by reading back and comes out byte for byte', async () => {
  const { id: caseId } = await api.newCase()
  for (const size of [0, 1, SEGMENT_PLAIN_BYTES - 1, SEGMENT_PLAIN_BYTES, SEGMENT_PLAIN_BYTES + 1, PART, PART + 1, 2 * PART + 12_345]) {
    const content = randomBytes(size)
    const file = await api.upload(caseId, content, { name: `${size} bytes.bin` })
    assert.equal(file.status, 'READY')
    assert.equal(file.sha256, sha256(content))
    assert.equal(file.declaredSha256, sha256(content))
    const down = await api.bytes(file.id)
    assert.equal(down.status, 200)
    assert.ok(down.bytes.equals(content), `${size} bytes`)
  }
})

test('S4 R4: 4 GB and one byte is refused at once, without a word of what is off; 4 GB is taken', async () => {
  const { id: caseId } = await api.newCase()
  const refused = await api.call('POST', '/upload-sessions', { body: { caseId, name: 'huge.bin', size: SECURE_TIER_MAX_BYTES + 1 } })
  assert.equal(refused.status, 400)
  assert.equal(refused.problem.code, 'FILE_TOO_LARGE')
  assert.match(refused.problem.detail, /4096 MiB/)
  assert.doesNotMatch(JSON.stringify(refused.problem), /direct/i)
  const taken = await api.initiate({ caseId, name: 'largest.bin', size: SECURE_TIER_MAX_BYTES, partSize: 8 * PART })
  assert.equal(taken.partSize, 8 * PART)
  assert.equal((await api.abort(taken.id)).status, 204)
})

test('U2: an upload into another tenant, a foreign case, a missing item or a case that is gone is not found', async () => {
  const other = await world.newTenant('other')
  const foreign = await other.api.examiner.newCase()
  const own = await api.newCase()
  const item = await other.api.examiner.call<{ id: string }>('POST', `/cases/${foreign.id}/items`, { body: { label: 'A1', title: 'Disk' } })
  for (const body of [
    { caseId: foreign.id, name: 'a', size: 1 },
    { caseId: own.id, itemId: item.body.id, name: 'a', size: 1 },
    { caseId: own.id, itemId: own.id, name: 'a', size: 1 },
  ]) {
    assert.equal((await api.call('POST', '/upload-sessions', { body })).status, 404)
  }
  const theirs = await other.api.examiner.initiate({ caseId: foreign.id, name: 'theirs', size: 3 })
  const bytes = Buffer.from('abc')
  assert.equal((await api.call('GET', `/upload-sessions/${theirs.id}`)).status, 404)
  assert.equal((await api.put(theirs.id, 1, bytes)).status, 404)
  assert.equal((await api.complete(theirs.id)).status, 404)
  assert.equal((await api.abort(theirs.id)).status, 404)
  const listed = await api.call<{ items: { id: string }[] }>('GET', '/upload-sessions')
  assert.ok(!listed.body.items.some((session) => session.id === theirs.id))
  assert.equal((await other.api.examiner.put(theirs.id, 1, bytes)).status, 200)
})

test('S6 S9: bad names are refused, odd but honest ones are kept exactly', async () => {
  const { id: caseId } = await api.newCase()
  for (const name of ['a/b', '..', 'a\\b', 'nul\0', 'line\nfeed', 'x'.repeat(1025)]) {
    const { status, problem } = await api.call('POST', '/upload-sessions', { body: { caseId, name, size: 1 } })
    assert.equal(status, 400, JSON.stringify(name))
    assert.ok(['INVALID_FILE_NAME', 'VALIDATION_ERROR'].includes(problem.code), problem.code)
  }
  const content = randomBytes(10)
  for (const name of ['CON', 'aux.txt', 'invoice\u202Efdp.exe', '証拠 №1.zip', 'quote".txt', 'x'.repeat(300), 'semi;colon=1.txt']) {
    const file = await api.upload(caseId, content, { name })
    assert.equal(file.name, name)
    const { headers } = await api.bytes(file.id)
    assert.match(headers.get('content-disposition') ?? '', /^attachment; filename/)
  }
})

test('S9: a part of another size than planned is refused, both ways, and nothing of it is kept', async () => {
  const { id: caseId } = await api.newCase()
  const content = randomBytes(PART + 5)
  const session = await api.initiate({ caseId, name: 'sizes.bin', size: content.length })
  for (const [number, bytes] of [
    [1, content.subarray(0, PART - 1)],
    [2, content.subarray(0, 6)],
    [2, Buffer.alloc(0)],
  ] as const) {
    const { status, problem } = await api.put(session.id, number, bytes)
    assert.equal(status, 400)
    assert.equal(problem.code, 'SIZE_MISMATCH')
  }
  assert.deepEqual((await api.session(session.id)).receivedParts, [])
  for (const number of [0, 3, -1, 99_999]) {
    const { status, problem } = await api.put(session.id, number, Buffer.from('abc'))
    assert.equal(status, 400)
    assert.equal(problem.code, 'PART_OUT_OF_RANGE', String(number))
  }
  assert.equal((await api.call('PUT', `/upload-sessions/${session.id}/parts/1.5`, { body: Buffer.from('a') })).status, 400)
})

test('S9: a part whose digest is wrong or malformed is not recorded, and the right one then is', async () => {
  const { id: caseId } = await api.newCase()
  const content = randomBytes(1000)
  const session = await api.initiate({ caseId, name: 'digest.bin', size: content.length })
  const wrong = await api.put(session.id, 1, content, { 'content-digest': contentDigest(randomBytes(4)) })
  assert.equal(wrong.status, 400)
  assert.equal(wrong.problem.code, 'DIGEST_MISMATCH')
  assert.equal((await api.put(session.id, 1, content, { 'content-digest': 'sha-256=:abc:' })).status, 400)
  assert.deepEqual((await api.session(session.id)).receivedParts, [])
  const right = await api.put(session.id, 1, content, { 'content-digest': `md5=:AAAA:, ${contentDigest(content)}` })
  assert.equal(right.status, 200)
  assert.equal(right.body.sha256, sha256(content))
})

test('S9: a part sent again with other bytes: the last acknowledged wins; a wrong or cut one leaves the good one alone', async () => {
  const { id: caseId } = await api.newCase()
  const first = randomBytes(PART + 77)
  const second = Buffer.concat([randomBytes(PART), first.subarray(PART)])
  const session = await api.initiate({ caseId, name: 'twice.bin', size: first.length })
  const part = (content: Buffer) => content.subarray(0, PART)
  assert.equal((await api.put(session.id, 1, part(first))).status, 200)
  assert.equal((await api.put(session.id, 1, part(second))).status, 200)
  assert.equal((await api.put(session.id, 1, part(first), { 'content-digest': contentDigest(Buffer.from('x')) })).status, 400)
  const { receivedParts } = await api.session(session.id)
  assert.deepEqual(
    receivedParts.map(({ number, sha256: digest }) => ({ number, digest })),
    [{ number: 1, digest: sha256(part(second)) }],
  )
  const file = await api.sendAll(session, second)
  assert.equal((await api.settled(file.id)).sha256, sha256(second))
})

test('S9: the same part with the digest that is stored is checked and not written again', async () => {
  const { id: caseId } = await api.newCase()
  const content = randomBytes(5000)
  const session = await api.initiate({ caseId, name: 'again.bin', size: content.length })
  const digest = contentDigest(content)
  const first = await api.put(session.id, 1, content, { 'content-digest': digest })
  const again = await api.put(session.id, 1, content, { 'content-digest': digest })
  assert.deepEqual(again.body, first.body)
  const liar = await api.put(session.id, 1, randomBytes(5000), { 'content-digest': digest })
  assert.equal(liar.problem.code, 'DIGEST_MISMATCH')
  assert.equal((await api.session(session.id)).receivedParts.length, 1)
})

test('S9: completing with parts missing names them; completing twice answers the same file', async () => {
  const { id: caseId } = await api.newCase()
  const content = randomBytes(2 * PART + 9)
  const session = await api.initiate({ caseId, name: 'missing.bin', size: content.length })
  assert.equal((await api.put(session.id, 2, content.subarray(PART, 2 * PART))).status, 200)
  const early = await api.complete(session.id)
  assert.equal(early.status, 409)
  assert.equal(early.problem.code, 'PARTS_MISSING')
  assert.deepEqual(early.problem.missingParts, [1, 3])
  const file = await api.sendAll(session, content)
  const [again, third] = await Promise.all([api.complete(session.id, sha256(content)), api.complete(session.id)])
  assert.equal(again.status, 200)
  assert.equal(again.body.id, file.id)
  assert.equal(third.body.id, file.id)
  const late = await api.put(session.id, 1, content.subarray(0, PART))
  assert.equal(late.status, 409)
  assert.equal(late.problem.code, 'UPLOAD_CLOSED')
  assert.equal((await api.abort(session.id)).problem.code, 'UPLOAD_CLOSED')
  assert.equal((await api.settled(file.id)).sha256, sha256(content))
})

test('S9: of cancel and complete exactly one wins', async () => {
  const { id: caseId } = await api.newCase()
  const outcomes = new Set<string>()
  for (let round = 0; round < 12; round += 1) {
    const content = randomBytes(100)
    const session = await api.initiate({ caseId, name: 'race.bin', size: content.length })
    await api.put(session.id, 1, content)
    const first = round % 2 === 0 ? api.complete(session.id) : api.abort(session.id)
    const second = round % 2 === 0 ? api.abort(session.id) : api.complete(session.id)
    const [one, two] = await Promise.all([first, second])
    const [completed, cancelled] = round % 2 === 0 ? [one, two] : [two, one]
    assert.notEqual(completed.status === 200, cancelled.status === 204, `${completed.status} and ${cancelled.status}`)
    const { status } = await api.session(session.id)
    outcomes.add(status)
    if (completed.status === 200) assert.equal((await api.settled(session.fileId)).status, 'READY')
    else assert.equal((await api.call('GET', `/files/${session.fileId}`)).status, 404)
  }
  assert.ok(outcomes.size >= 1)
})

test('S9 T8: cancelling frees the reservation, closes the upload and leaves nothing in the data folder', async () => {
  const { id: caseId } = await api.newCase()
  const before = await world.instance.store.read.targets.find(world.tenant.id, world.tenant.targetId)
  const session = await api.initiate({ caseId, name: 'cancel.bin', size: PART + 1 })
  await api.put(session.id, 2, Buffer.from('x'))
  const during = await world.instance.store.read.targets.find(world.tenant.id, world.tenant.targetId)
  assert.ok((during?.reservedBytes ?? 0) > (before?.reservedBytes ?? 0) + PART)
  assert.equal((await api.abort(session.id)).status, 204)
  assert.equal((await api.abort(session.id)).status, 204)
  assert.equal((await api.put(session.id, 1, randomBytes(PART))).problem.code, 'UPLOAD_CLOSED')
  const after = await world.instance.store.read.targets.find(world.tenant.id, world.tenant.targetId)
  assert.equal(after?.reservedBytes, before?.reservedBytes)
})

test('D8 S9: an eleventh open upload of one person is told to wait; another person is not', async () => {
  const tenant = await world.newTenant('caps')
  const mine = tenant.api.examiner
  const { id: caseId } = await mine.newCase()
  const open = []
  for (let n = 0; n < 10; n += 1) open.push(await mine.initiate({ caseId, name: `${n}.bin`, size: 1 }))
  const refused = await mine.call('POST', '/upload-sessions', { body: { caseId, name: 'eleventh', size: 1 } })
  assert.equal(refused.status, 429)
  assert.equal(refused.problem.code, 'TOO_MANY_UPLOADS')
  assert.ok(Number(refused.headers.get('retry-after')) > 0)
  await tenant.api.admin.initiate({ caseId, name: 'admin.bin', size: 1 })
  await mine.abort(open[0]!.id)
  await mine.initiate({ caseId, name: 'eleventh', size: 1 })
})

test('T8: a quota refuses what does not fit beside what is stored and on its way, and names the numbers', async () => {
  const tenant = await world.newTenant('quota')
  const { id: caseId } = await tenant.api.examiner.newCase()
  const target = await tenant.api.admin.call<{ version: number }>('GET', `/targets/${tenant.targetId}`)
  await tenant.api.admin.call('PATCH', `/targets/${tenant.targetId}`, {
    body: { quotaBytes: 3000 },
    headers: { 'if-match': `"${target.body.version}"` },
  })
  const one = await tenant.api.examiner.initiate({ caseId, name: 'one', size: 1500 })
  const two = await tenant.api.examiner.call('POST', '/upload-sessions', { body: { caseId, name: 'two', size: 1500 } })
  assert.equal(two.status, 507)
  assert.equal(two.problem.code, 'QUOTA_FULL')
  assert.equal(two.problem.quotaBytes, 3000)
  assert.ok(Number(two.problem.neededBytes) > 1500)
  const content = randomBytes(1500)
  const file = await tenant.api.examiner.sendAll(one, content)
  await tenant.api.examiner.settled(file.id)
  assert.equal((await tenant.api.examiner.call('POST', '/upload-sessions', { body: { caseId, name: 'two', size: 1500 } })).status, 507)
  assert.ok((await tenant.api.examiner.bytes(file.id)).bytes.equals(content), 'a full target stays readable')
  assert.equal((await tenant.api.examiner.call('DELETE', `/files/${file.id}`)).status, 204)
  await tenant.api.examiner.initiate({ caseId, name: 'two', size: 1500 })
})

test('S9: only who began an upload goes on with it; an administrator may cancel it', async () => {
  const { admin, examiner, viewer } = world.tenant.api
  const { id: caseId } = await examiner.newCase()
  const session = await examiner.initiate({ caseId, name: 'mine.bin', size: 3 })
  assert.equal((await admin.put(session.id, 1, Buffer.from('abc'))).status, 403)
  assert.equal((await viewer.put(session.id, 1, Buffer.from('abc'))).status, 403)
  assert.equal((await admin.complete(session.id)).status, 403)
  assert.equal((await admin.abort(session.id)).status, 204)
})

test('S9: bytes that are not those declared for the whole file: FAILED, object removed, bytes free again', async () => {
  const tenant = await world.newTenant('mismatch')
  const mine = tenant.api.examiner
  const { id: caseId } = await mine.newCase()
  const session = await mine.initiate({ caseId, name: 'wrong.bin', size: 4000 })
  await mine.put(session.id, 1, randomBytes(4000))
  await mine.complete(session.id, 'AB'.repeat(32))
  const file = await mine.settled(session.fileId, 'FAILED')
  assert.match(file.statusReason ?? '', /SHA-256/)
  assert.equal(file.declaredSha256, 'ab'.repeat(32))
  assert.equal((await mine.bytes(file.id)).status, 409)
  const target = await world.instance.store.read.targets.find(tenant.id, tenant.targetId)
  assert.deepEqual([target?.usedBytes, target?.reservedBytes], [0, 0])
})

test('A1: an upload and its verification are in the log with what an outsider needs', async () => {
  const tenant = await world.newTenant('audited')
  const { id: caseId } = await tenant.api.examiner.newCase()
  const content = randomBytes(321)
  const file = await tenant.api.examiner.upload(caseId, content, { name: 'told.bin' })
  await tenant.api.examiner.bytes(file.id)
  type Entry = { action: string; details: Record<string, unknown>; actor: { kind: string } }
  const { body } = await tenant.api.admin.call<{ items: Entry[] }>('GET', `/audit/entries?fileId=${file.id}`)
  const byAction = new Map(body.items.map((entry) => [entry.action, entry]))
  assert.deepEqual([...byAction.keys()].sort(), ['DOWNLOAD', 'SHA256_COMPUTED', 'UPLOAD_COMPLETED', 'UPLOAD_INITIATED'])
  assert.equal(byAction.get('UPLOAD_COMPLETED')?.details.declaredSha256, sha256(content))
  assert.equal(byAction.get('SHA256_COMPUTED')?.details.sha256, sha256(content))
  assert.equal(byAction.get('SHA256_COMPUTED')?.actor.kind, 'system')
  assert.equal(byAction.get('DOWNLOAD')?.details.sha256, sha256(content))
})
