import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { CreateMultipartUploadCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import { type DirectState, MIN_PART_PLAIN_BYTES, type Target } from '@holdfast/api'
import { type Clock, systemClock } from '../src/core/clock.ts'
import { purgeKey } from '../src/services/ingest/job-kinds.ts'
import { sweepTargets, sweepUploads } from '../src/services/sweep.ts'
import { withFaults } from '../src/storage/wrap.ts'
import { bindDirect, directApi, entriesOf, findingsOf, keyOf, s3Fields, withTarget } from './direct-world.ts'
import { type FileWorld, openFileWorld, sha256 } from './file-world.ts'
import { type S3World, s3World } from './s3-world.ts'

const PART = MIN_PART_PLAIN_BYTES
const HOUR = 3_600_000

describe('the direct tier on a bucket, when something is wrong', () => {
  let s3: S3World
  before(async () => {
    s3 = await s3World('minio')
  })
  after(() => s3?.[Symbol.asyncDispose]())

  async function open(options: Parameters<typeof openFileWorld>[0] = {}): Promise<FileWorld & { target: Target; bucket: string }> {
    const world = await openFileWorld(options)
    const bucket = await s3.bucket()
    return Object.assign(world, { bucket, target: await bindDirect(world, s3Fields(s3, bucket)) })
  }
  const theWrites = async (bucket: string): Promise<string[]> =>
    ((await s3.admin.send(new ListMultipartUploadsCommand({ Bucket: bucket }))).Uploads ?? []).map(({ Key = '' }) => Key)
  const purged = async (world: FileWorld, fileId: string) => {
    while ((await world.instance.store.read.files.findAny(world.tenant.id, fileId))?.purgedAt === null) await sleep(10)
  }

  test('R4: while Direct is off nothing says that it exists, and an upload to it is refused as any other nonsense', async () => {
    await using world = await openFileWorld()
    const { id: caseId } = await world.api.newCase()
    const { status, problem } = await directApi(world.api).begin({ caseId, name: 'a', size: 1 })
    assert.deepEqual([status, problem.code, problem.errors], [400, 'VALIDATION_ERROR', [{ field: 'tier', message: 'is not available' }]])
    const { body } = await world.api.call<DirectState>('GET', '/direct')
    const { bound, hashWarnBytes: _, ...rest } = body
    assert.equal(bound, false)
    assert.deepEqual([...new Set(Object.values(rest))], [null])
  })

  test('D1: what the bucket encrypts an object with is recorded with its file, in both tiers, and the log tells it', async () => {
    await using world = await openFileWorld()
    const { admin } = world.tenant.api
    const { id: caseId } = await world.api.newCase()
    const fields = s3Fields(s3, await s3.bucket())
    const sealed = await bindDirect(world, fields, 'SSE-S3')
    const plain = await directApi(world.api).upload({ caseId, name: 'a.bin' }, Buffer.from('a'))
    assert.equal((await admin.call('PUT', '/roles/encrypted', { body: { targetId: sealed.id, staged: false } })).status, 200)
    const secure = await world.api.upload(caseId, Buffer.from('b'))
    const kms = { ...fields, place: { ...fields.place, prefix: 'kms', kmsKeyId: 'holdfast-key' } }
    await bindDirect(world, kms, 'SSE-KMS')
    const under = await directApi(world.api).upload({ caseId, name: 'c.bin' }, randomBytes(PART + 1))
    assert.deepEqual([plain.atRest, secure.atRest, under.atRest], ['sse-s3', 'sse-s3', 'sse-kms'])
    assert.equal((await entriesOf(world, under.id, 'DIRECT_UPLOAD_COMPLETE'))[0]?.details.atRest, 'sse-kms')
  })

  test('D2: a part that the bucket does not have as reported is named, the others stay', async () => {
    await using world = await open()
    const direct = directApi(world.api)
    const { id: caseId } = await world.api.newCase()
    const content = randomBytes(3 * PART)
    const session = await direct.started({ caseId, name: 'gaps.bin', size: content.length })
    for (const number of [1, 3]) await direct.sendPart(session, number, content)
    const digest = sha256(content.subarray(PART, 2 * PART))
    assert.equal(
      (await direct.receipts(session.id, [{ number: 2, etag: '"0123456789abcdef0123456789abcdef"', sha256: digest }])).status,
      200,
    )
    const { status, problem } = await world.api.complete(session.id, sha256(content))
    assert.deepEqual([status, problem.code, problem.missingParts], [409, 'PARTS_MISSING', [2]])
    assert.deepEqual(
      (await world.api.session(session.id)).receivedParts.map((part) => part.number),
      [1, 3],
    )
    await direct.sendPart(session, 2, content)
    assert.equal((await world.api.complete(session.id, sha256(content))).status, 200)
    assert.equal((await world.api.settled(session.fileId)).sha256, sha256(content))
    assert.deepEqual(await findingsOf(world), [])
  })

  test('D2: parts of a presigned upload are not taken by this server, nor receipts that fit no part, nor tags that are none', async () => {
    await using world = await open()
    const direct = directApi(world.api)
    const { id: caseId } = await world.api.newCase()
    const session = await direct.started({ caseId, name: 'a.bin', size: PART + 1 })
    const codeOf = async (answer: Promise<{ problem: { code: string } }>) => (await answer).problem.code
    assert.equal(await codeOf(world.api.put(session.id, 2, Buffer.from('x'))), 'CONFLICT')
    assert.equal(await codeOf(world.api.call('PUT', `/upload-sessions/${session.id}/content`, { body: randomBytes(PART + 1) })), 'CONFLICT')
    const digest = sha256(Buffer.from('x'))
    assert.equal(await codeOf(direct.receipts(session.id, [{ number: 3, etag: 'x', sha256: digest }])), 'PART_OUT_OF_RANGE')
    for (const etag of ['a b', '"', 'x\u0000', '<x>ü']) {
      assert.equal(await codeOf(direct.receipts(session.id, [{ number: 1, etag, sha256: digest }])), 'VALIDATION_ERROR', etag)
    }
    for (const bad of ['abc', `${digest}00`, digest.replace(/^./, 'g')]) {
      assert.equal(await codeOf(direct.receipts(session.id, [{ number: 1, etag: 'x', sha256: bad }])), 'VALIDATION_ERROR', bad)
      assert.equal(await codeOf(world.api.complete(session.id, bad)), 'VALIDATION_ERROR')
    }
    assert.equal(await codeOf(direct.urls(session.id, [1, 3])), 'PART_OUT_OF_RANGE')
    assert.equal(await codeOf(directApi(world.tenant.api.admin).urls(session.id, [1])), 'FORBIDDEN')
    assert.equal((await world.api.session(session.id)).receivedBytes, 0)
    const secure = await world.api.initiate({ caseId, name: 'b', size: 1 })
    assert.equal(await codeOf(direct.urls(secure.id, [1])), 'CONFLICT')
  })

  test('D2: a signed request that has expired is refused by the bucket, and a fresh one for the same part goes through', async () => {
    let behind = 0
    const clock: Clock = { now: () => systemClock.now() - behind, sleep: systemClock.sleep }
    await using world = await open({ clock })
    const direct = directApi(world.api)
    const { id: caseId } = await world.api.newCase()
    const session = await direct.started({ caseId, name: 'a.bin', size: 3 })
    behind = 16 * 60_000
    const { body } = await direct.urls(session.id, [1])
    const answer = await fetch(body.parts[0]?.url ?? '', { method: 'PUT', body: 'abc' })
    assert.equal(answer.status, 403)
    behind = 0
    await direct.sendPart(session, 1, Buffer.from('abc'))
    assert.equal((await world.api.complete(session.id, sha256(Buffer.from('abc')))).status, 200)
    await world.api.settled(session.fileId)
  })

  test('D11: an object that others changed between completion and the look at it is kept as stale, and nobody is blamed', async () => {
    await using world = await open({ working: false })
    const direct = directApi(world.api)
    const { id: caseId } = await world.api.newCase()
    const content = randomBytes(5000)
    const session = await direct.sent({ caseId, name: 'changed.bin' }, content)
    assert.equal((await world.api.complete(session.id, sha256(content))).status, 200)
    await withTarget(world, world.target.id, async (target) =>
      target.put(await keyOf(world, session.fileId), Buffer.from('something else')),
    )
    world.app.worker.start()
    const file = await world.api.settled(session.fileId)
    assert.deepEqual([file.status, file.hashState, file.declaredSha256, file.size], ['READY', 'stale', sha256(content), 14])
    assert.match(file.statusReason ?? '', /changed on the storage/)
    assert.equal((await entriesOf(world, file.id, 'DIRECT_HASH_MISMATCH')).length, 0)
    assert.equal((await entriesOf(world, file.id, 'SHA256_INVALIDATED')).length, 1)
    assert.deepEqual(await findingsOf(world), [])
  })

  test('D12: an object that is gone behind our back is told as that, and so is one of another size; what is known stays', async () => {
    await using world = await open()
    const direct = directApi(world.api)
    const { id: caseId } = await world.api.newCase()
    const file = await direct.upload({ caseId, name: 'gone.bin' }, randomBytes(5000))
    const key = await keyOf(world, file.id)
    await withTarget(world, world.target.id, (target) => target.put(key, Buffer.from('short')))
    const changed = await world.api.call('GET', `/files/${file.id}/content`)
    assert.deepEqual([changed.status, changed.problem.code], [409, 'CONFLICT'])
    await withTarget(world, world.target.id, (target) => target.delete(key))
    for (const answer of [await world.api.call('GET', `/files/${file.id}/content`), await direct.downloadUrl(file.id)]) {
      assert.deepEqual([answer.status, answer.problem.code], [410, 'OBJECT_MISSING'])
    }
    assert.equal((await world.api.call('HEAD', `/files/${file.id}/content`)).status, 410)
    assert.deepEqual([(await world.api.file(file.id)).status, (await world.api.file(file.id)).sha256], ['READY', file.sha256])
    assert.deepEqual(
      (await findingsOf(world)).map((finding) => finding.invariant),
      ['file-object'],
    )
  })

  test('D12: without a hash there is no download; what others put there needs none', async () => {
    await using world = await open({ directVerifyMaxBytes: 10 })
    const direct = directApi(world.api)
    const { id: caseId } = await world.api.newCase()
    const unknown = await direct.upload({ caseId, name: 'unknown.bin' }, randomBytes(11), null)
    assert.deepEqual([unknown.status, unknown.hashState, unknown.sha256], ['READY', 'none', null])
    const refused = await world.api.call('GET', `/files/${unknown.id}/content`)
    assert.deepEqual([refused.status, refused.problem.code], [409, 'FILE_NOT_READY'])
    assert.match(refused.problem.detail, /Calculate/)
    const content = randomBytes(11)
    const declared = await direct.upload({ caseId, name: 'declared.bin' }, content)
    assert.deepEqual([declared.status, declared.hashState, declared.declaredSha256], ['READY', 'declared', sha256(content)])
    assert.ok((await world.api.bytes(declared.id)).bytes.equals(content))
    assert.equal((await entriesOf(world, declared.id, 'DOWNLOAD'))[0]?.details.sha256, sha256(content))
    const small = await direct.upload({ caseId, name: 'small.bin' }, randomBytes(10), null)
    assert.equal(small.hashState, 'computed')
  })

  test('T9 D11: a target that is deleted meanwhile ends the upload with that, not with an error of the server', async () => {
    await using world = await open()
    const direct = directApi(world.api)
    const { admin } = world.tenant.api
    const { id: caseId } = await world.api.newCase()
    const session = await direct.sent({ caseId, name: 'a.bin' }, Buffer.from('abc'))
    const done = await direct.upload({ caseId, name: 'b.bin' }, Buffer.from('abc'))
    assert.equal((await admin.call('PUT', '/roles/direct', { body: { targetId: null } })).status, 200)
    assert.equal((await admin.call('DELETE', `/targets/${world.target.id}?confirm=Direct`)).status, 204)
    for (const answer of [await direct.urls(session.id, [1]), await world.api.complete(session.id), await direct.downloadUrl(done.id)]) {
      assert.deepEqual([answer.status, answer.problem.code], [410, 'TARGET_REMOVED'])
    }
    assert.equal((await direct.begin({ caseId, name: 'c', size: 1 })).problem.code, 'VALIDATION_ERROR')
    assert.equal((await world.api.abort(session.id)).status, 204)
    assert.equal((await admin.call('DELETE', `/files/${done.id}`)).status, 204)
    const gone = [session.fileId, done.id]
    for (const id of gone) while (await world.instance.store.read.jobs.isActive(purgeKey(id))) await sleep(10)
    await bindDirect(world, s3Fields(s3, world.bucket))
    for (const id of gone) await purged(world, id)
    assert.deepEqual(
      [await theWrites(world.bucket), await findingsOf(world)],
      [[], []],
      'taken back, it is rid of what was deleted meanwhile',
    )
  })

  test('T8: direct uploads reserve their bytes, a full target says so with its numbers, and deleting frees', async () => {
    await using world = await open()
    const direct = directApi(world.api)
    const { admin } = world.tenant.api
    await admin.call('PATCH', `/targets/${world.target.id}`, { body: { quotaBytes: 1000 } })
    const { id: caseId } = await world.api.newCase()
    const session = await direct.started({ caseId, name: 'a.bin', size: 600 })
    const { status, problem } = await direct.begin({ caseId, name: 'b.bin', size: 401 })
    assert.deepEqual(
      [status, problem.code, problem.usedBytes, problem.quotaBytes, problem.neededBytes],
      [507, 'QUOTA_FULL', 600, 1000, 401],
    )
    await world.api.abort(session.id)
    const file = await direct.upload({ caseId, name: 'b.bin' }, randomBytes(1000))
    const state = async () => (await world.api.call<DirectState>('GET', '/direct')).body
    assert.deepEqual([Number((await state()).usedBytes), Number((await state()).reservedBytes)], [1000, 0])
    assert.equal((await admin.call('DELETE', `/files/${file.id}`)).status, 204)
    assert.equal(Number((await state()).usedBytes), 0)
  })

  test('U2: deleting a case removes its direct files and cancels its direct uploads, and a failed removal comes back', async () => {
    let failing = true
    const wrap = (target: Parameters<typeof withFaults>[0]) =>
      withFaults(target, ({ operation }) => (failing && operation === 'delete' ? 'before' : null))
    await using world = await open({ wrap })
    const direct = directApi(world.api)
    const { admin } = world.tenant.api
    const { id: caseId } = await world.api.newCase()
    const file = await direct.upload({ caseId, name: 'a.bin' }, randomBytes(10))
    const open_ = await direct.sent({ caseId, name: 'b.bin' }, randomBytes(10))
    assert.equal((await admin.call('DELETE', `/cases/${caseId}`)).status, 204)
    await purged(world, open_.fileId)
    failing = false
    await purged(world, file.id)
    await withTarget(world, world.target.id, async (target) => {
      for await (const object of target.list('direct/')) assert.fail(object.key)
    })
    assert.deepEqual(await theWrites(world.bucket), [])
    assert.deepEqual(await findingsOf(world), [])
  })

  test('D8: more uploads than a person may have open are put off, whatever the other tier has', async () => {
    await using world = await open({ directUploadsPerUser: 2 })
    const direct = directApi(world.api)
    const { id: caseId } = await world.api.newCase()
    const first = await direct.started({ caseId, name: 'a', size: 1 })
    await direct.started({ caseId, name: 'b', size: 1 })
    const refused = await direct.begin({ caseId, name: 'c', size: 1 })
    assert.deepEqual([refused.status, refused.problem.code], [429, 'TOO_MANY_UPLOADS'])
    assert.ok(Number(refused.headers.get('retry-after')) > 0)
    await world.api.initiate({ caseId, name: 'secure', size: 1 })
    await world.api.abort(first.id)
    await direct.started({ caseId, name: 'c', size: 1 })
  })

  test('D7: after 24 h without a sign an upload is ended and its multipart upload removed; what others have under way stays', async () => {
    let ahead = 0
    const clock: Clock = { now: () => systemClock.now() + ahead, sleep: systemClock.sleep }
    await using world = await open({ clock, working: false })
    const direct = directApi(world.api)
    const { id: caseId, number } = await world.api.newCase()
    const scope = `direct/${world.tenant.id}/${number}/`
    const idle = await direct.started({ caseId, name: 'idle.bin', size: PART + 1 })
    await direct.urls(idle.id, [1])
    const lost = await direct.started({ caseId, name: 'lost.bin', size: 5 })
    // What a crash between the begin of a write and its row leaves behind.
    await withTarget(world, world.target.id, async (target) => void (await target.beginWrite(`${scope}lost.bin`, 5)))
    const theirs = [`${scope}big copy.E01`, 'direct/another-tenant/x.bin', 'elsewhere/y.bin']
    for (const Key of theirs) await s3.admin.send(new CreateMultipartUploadCommand({ Bucket: world.bucket, Key }))
    const quiet = { signal: new AbortController().signal, onError: (error: unknown) => assert.fail(String(error)) }
    const deps = ingestOf(world)
    await sweepTargets(deps, quiet)
    assert.equal((await theWrites(world.bucket)).length, 5, 'all is fresh')
    ahead = 25 * HOUR
    await sweepUploads(deps, quiet)
    assert.equal((await world.api.session(idle.id)).status, 'aborted')
    assert.equal((await entriesOf(world, idle.fileId, 'DIRECT_UPLOAD_ABORT'))[0]?.details.reason, 'idle')
    world.app.worker.start()
    for (const { fileId } of [idle, lost]) await purged(world, fileId)
    assert.equal(await sweepTargets(deps, quiet), 1)
    assert.deepEqual((await theWrites(world.bucket)).sort(), theirs.sort())
    assert.deepEqual(await findingsOf(world), [])
  })
})

function ingestOf(world: FileWorld) {
  const { store, clock, keys, targets, points } = world.instance
  const none = undefined as never
  const limits = { uploadsPerUser: 1, partsAtOnce: 1, directUploadsPerUser: 1, directPartsAtOnce: 1 }
  return { store, clock, keys, targets, points, limits, digests: none, memory: none, attempts: none, completions: none }
}
