import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { MIN_PART_PLAIN_BYTES } from '@holdfast/api'
import { checkInstance } from '../src/check-instance.ts'
import { driverPart, planOfUpload } from '../src/core/upload-plan.ts'
import { openCipher } from '../src/services/ingest/session.ts'
import { type Api, apiOf, openFileWorld, sha256 } from './file-world.ts'
import { slowPart } from './slow-part.ts'

const PART = MIN_PART_PLAIN_BYTES
const whole = { full: true, signal: new AbortController().signal }

/** Waits until `holds` answers true; the test's own timeout ends it otherwise. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(10)
}

const partsOf = async (api: Api, uploadId: string) =>
  (await api.session(uploadId)).receivedParts.map(({ number, sha256: digest }) => ({ number, digest }))

test('S9: a part that two connections send at once is one of the two, never a mixture', { timeout: 60_000 }, async () => {
  await using world = await openFileWorld()
  const { api } = world
  const { id: caseId } = await api.newCase()
  for (let round = 0; round < 3; round += 1) {
    const contents = [randomBytes(2 * PART), randomBytes(2 * PART), randomBytes(2 * PART)]
    const session = await api.initiate({ caseId, name: 'race.bin', size: 2 * PART, partSize: 2 * PART })
    const answers = await Promise.all(contents.map((content) => api.put(session.id, 1, content)))
    const statuses = answers.map((answer) => answer.status)
    assert.ok(statuses.includes(200), statuses.join())
    for (const status of statuses) assert.ok(status === 200 || status === 409)
    const [stored] = await partsOf(api, session.id)
    const winner = contents.find((content) => sha256(content) === stored?.digest)!
    const { id } = await api.sendAll(session, winner)
    assert.equal((await api.settled(id)).sha256, sha256(winner))
  }
  assert.deepEqual((await checkInstance(world.instance, whole)).findings, [])
})

test('S9: a newer attempt takes the part over from one that hangs', { timeout: 60_000 }, async () => {
  await using world = await openFileWorld()
  const { api } = world
  const { id: caseId } = await api.newCase()
  const content = randomBytes(2 * PART)
  const session = await api.initiate({ caseId, name: 'hang.bin', size: content.length, partSize: 2 * PART })
  const hanging = slowPart(api, { uploadId: session.id, number: 1, length: content.length })
  await hanging.send(randomBytes(PART + 1000))
  const answer = await api.put(session.id, 1, content)
  assert.equal(answer.status, 200)
  const old = await hanging.answer
  assert.equal(old?.status, 409)
  assert.equal(old?.body.code, 'CONFLICT')
  const { id } = await api.sendAll(session, content)
  assert.equal((await api.settled(id)).sha256, sha256(content))
})

test('S9: a connection that breaks in the middle of a part leaves an earlier receipt true or takes it away', {
  timeout: 60_000,
}, async () => {
  await using world = await openFileWorld()
  const { api } = world
  const { id: caseId } = await api.newCase()
  const content = randomBytes(2 * PART)
  const session = await api.initiate({ caseId, name: 'cut.bin', size: content.length, partSize: 2 * PART })
  assert.equal((await api.put(session.id, 1, content)).status, 200)
  const early = slowPart(api, { uploadId: session.id, number: 1, length: content.length })
  await early.send(randomBytes(PART / 2))
  await sleep(50)
  early.cut()
  assert.equal(await early.answer, null)
  assert.deepEqual(await partsOf(api, session.id), [{ number: 1, digest: sha256(content) }])
  const late = slowPart(api, { uploadId: session.id, number: 1, length: content.length })
  await late.send(randomBytes(PART + PART / 2))
  await until(async () => (await partsOf(api, session.id)).length === 0)
  late.cut()
  assert.equal((await api.complete(session.id)).problem.code, 'PARTS_MISSING')
  const { id } = await api.sendAll(session, content)
  assert.equal((await api.settled(id)).sha256, sha256(content))
  assert.deepEqual((await checkInstance(world.instance, whole)).findings, [])
})

test('S9: cancelling ends a part that is arriving', { timeout: 60_000 }, async () => {
  await using world = await openFileWorld()
  const { api } = world
  const { id: caseId } = await api.newCase()
  const session = await api.initiate({ caseId, name: 'stop.bin', size: 2 * PART, partSize: 2 * PART })
  const arriving = slowPart(api, { uploadId: session.id, number: 1, length: 2 * PART })
  await arriving.send(randomBytes(PART + 5))
  await until(async () => (await world.instance.store.read.uploads.find(world.tenant.id, session.id))?.writeId != null)
  assert.equal((await api.abort(session.id)).status, 204)
  const answer = await arriving.answer
  assert.equal(answer?.body.code, 'UPLOAD_CLOSED')
  await until(async () => (await checkInstance(world.instance, whole)).counts.writes === 0)
  assert.deepEqual((await checkInstance(world.instance, whole)).findings, [])
})

test('D8: a twenty-first part at once is told to come back; when one ends there is room', { timeout: 60_000 }, async () => {
  await using world = await openFileWorld()
  const { examiner, admin } = world.tenant.api
  const { id: caseId } = await examiner.newCase()
  const slow = []
  for (let n = 0; n < 20; n += 1) {
    const api = n < 10 ? examiner : admin
    const session = await api.initiate({ caseId, name: `${n}.bin`, size: 1000 })
    const part = slowPart(api, { uploadId: session.id, number: 1, length: 1000 })
    await part.send(Buffer.alloc(10))
    slow.push({ part, api, session })
  }
  const other = await world.newTenant('late')
  const lateCase = await other.api.examiner.newCase()
  const session = await other.api.examiner.initiate({ caseId: lateCase.id, name: 'late.bin', size: 3 })
  await until(async () => (await other.api.examiner.put(session.id, 1, Buffer.from('abc'))).status === 429)
  const refused = await other.api.examiner.put(session.id, 1, Buffer.from('abc'))
  assert.equal(refused.problem.code, 'TOO_MANY_UPLOADS')
  assert.ok(Number(refused.headers.get('retry-after')) > 0)
  slow[0]!.part.cut()
  await until(async () => (await other.api.examiner.put(session.id, 1, Buffer.from('abc'))).status === 200)
  for (const { part } of slow) part.cut()
})

test('S9 N1: an attempt that hangs at another instance loses the part to a newer one here', { timeout: 60_000 }, async () => {
  await using first = await openFileWorld()
  await using second = await openFileWorld({ dataDir: first.dataDir, secrets: first.secrets, working: false, keep: true })
  const api = first.api
  const there = apiOf(second.origin, api.token)
  const { id: caseId } = await api.newCase()
  const content = randomBytes(2 * PART)
  const session = await api.initiate({ caseId, name: 'instances.bin', size: content.length, partSize: 2 * PART })
  const stale = slowPart(api, { uploadId: session.id, number: 1, length: content.length })
  const other = randomBytes(2 * PART)
  await stale.send(other.subarray(0, PART + 100))
  await until(async () => (await first.instance.store.read.uploads.find(first.tenant.id, session.id))?.writeId != null)
  assert.equal((await there.put(session.id, 1, content)).status, 200)
  await stale.send(other.subarray(PART + 100))
  stale.end()
  assert.equal((await stale.answer)?.body.code, 'CONFLICT')
  assert.deepEqual(await partsOf(api, session.id), [{ number: 1, digest: sha256(content) }])
  const { id } = await there.sendAll(session, content)
  assert.equal((await api.settled(id)).sha256, sha256(content))
  assert.ok((await there.bytes(id)).bytes.equals(content))
})

test('S9: bytes that reach the target after another attempt was acknowledged are found when the object is read back', {
  timeout: 60_000,
}, async () => {
  await using world = await openFileWorld()
  const { api, instance, tenant } = world
  const { id: caseId } = await api.newCase()
  const content = randomBytes(PART)
  const session = await api.initiate({ caseId, name: 'late-write.bin', size: content.length })
  assert.equal((await api.put(session.id, 1, content)).status, 200)
  const upload = (await instance.store.read.uploads.find(tenant.id, session.id))!
  const cipher = await openCipher(instance.keys, upload, upload.header)
  const { storedLength } = driverPart(planOfUpload(upload), 1)
  const bytes = new Uint8Array(storedLength)
  bytes.set(cipher.header)
  // A stale writer's own sealing of other plaintext: authentic under the file's key, so only the receipt can tell.
  for (let index = 0; index < 8; index += 1) {
    const at = cipher.header.length + index * cipher.segmentLength
    cipher.sealSegmentInto(bytes.subarray(at), { index, isLast: index === 7 }, [Buffer.alloc(cipher.segmentLength - 32, index)])
  }
  await using lease = await instance.targets.lease(tenant.id, tenant.targetId)
  await lease.target.writePart(upload.objectKey, upload.writeId!, { number: 1, offset: 0, bytes })
  assert.equal((await api.complete(session.id)).status, 200)
  const file = await api.settled(session.fileId, 'FAILED')
  assert.match(file.statusReason ?? '', /Part 1 is not the one that was acknowledged/)
})

test('S9: a whole file in one body is stored by the parts of its plan, with a receipt for each', { timeout: 60_000 }, async () => {
  await using world = await openFileWorld()
  const { api } = world
  const { id: caseId } = await api.newCase()
  const content = randomBytes(3 * PART + 777)
  const session = await api.initiate({ caseId, name: 'whole.bin', size: content.length })
  const short = await api.call('PUT', `/upload-sessions/${session.id}/content`, { body: content.subarray(1) })
  assert.equal(short.problem.code, 'SIZE_MISMATCH')
  const answer = await api.call<{ receivedParts: { sha256: string }[] }>('PUT', `/upload-sessions/${session.id}/content`, { body: content })
  assert.equal(answer.status, 200)
  const digests = [0, 1, 2, 3].map((n) => sha256(content.subarray(n * PART, (n + 1) * PART)))
  assert.deepEqual(
    answer.body.receivedParts.map((part) => part.sha256),
    digests,
  )
  assert.equal((await api.complete(session.id, sha256(content))).status, 200)
  assert.equal((await api.settled(session.fileId)).sha256, sha256(content))
})

test('S9: where one body breaks off, its first parts stay and single parts go on from there', { timeout: 60_000 }, async () => {
  await using world = await openFileWorld()
  const { api } = world
  const { id: caseId } = await api.newCase()
  const content = randomBytes(4 * PART)
  const session = await api.initiate({ caseId, name: 'broken.bin', size: content.length })
  const body = slowPart(api, { uploadId: session.id, number: 'content', length: content.length })
  await body.send(content.subarray(0, 2 * PART + 5))
  await until(async () => (await partsOf(api, session.id)).length === 2)
  body.cut()
  const { id } = await api.sendAll(session, content)
  assert.equal((await api.settled(id)).sha256, sha256(content))
  assert.deepEqual((await checkInstance(world.instance, whole)).findings, [])
})
