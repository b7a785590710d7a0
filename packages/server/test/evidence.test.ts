import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { access, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Hold, MiB, type PageOf } from '@holdfast/api'
import { checkInstance } from '../src/check-instance.ts'
import { EXPIRE_FILES } from '../src/services/expiry.ts'
import { asked, type Evidence, evidenceOf, quarantineCleared, record, rowOf } from './evidence-kit.ts'
import { type FileWorld, openFileWorld, sha256 } from './file-world.ts'
import { movableClock, type TestClock } from './http-world.ts'

let world: FileWorld
let clock: TestClock
let evidence: Evidence
before(async () => {
  clock = movableClock()
  world = await openFileWorld({ clock })
  evidence = evidenceOf(world.api)
})
after(() => world?.[Symbol.asyncDispose]())

const HOUR = 3_600_000
const text = (): Buffer => Buffer.from(`A receipt. ${randomUUID()}`)
const admin = () => world.tenant.api.admin
const found = async () => (await checkInstance(world.instance, { full: true, signal: new AbortController().signal })).findings
const place = (key: string): string => join(world.dataDir, 'objects', key)
const isThere = (key: string): Promise<boolean> =>
  access(place(key)).then(
    () => true,
    () => false,
  )

test('C2 C3: an intent, its bytes and its completion make an asset, which is promoted out of quarantine once it is verified', async () => {
  const bytes = randomBytes(3 * MiB)
  const { asset, intent, replayed } = await evidence.received(bytes, {
    contentType: 'application/octet-stream',
    filename: 'Beleg März.bin',
  })
  assert.deepEqual(
    [asset.status, asset.scanStatus, asset.checksum, intent.status, replayed],
    ['pending_upload', 'pending', null, 'pending', false],
  )
  const begun = await rowOf(world, asset.id)
  const [year, month] = asset.createdAt.split('-')
  const key = `orgs/${world.tenant.id}/companies/acme/ledger/${year}/${month}/receipt/${asset.id}/Beleg-Marz.bin`
  assert.deepEqual([begun.quarantineKey, begun.finalKey, begun.file.objectKey], [`quarantine/${key}`, key, `quarantine/${key}`])
  const done = await evidence.complete(intent.id, sha256(bytes))
  assert.deepEqual([done.status, done.body.asset.status, done.body.intent.status], [200, 'uploaded', 'completed'])
  const verified = await evidence.settled(asset.id)
  assert.deepEqual([verified.status, verified.scanStatus, verified.checksum], ['verified', 'skipped', sha256(bytes)])
  assert.deepEqual([verified.filename, verified.checksumAlgorithm, verified.size], ['Beleg März.bin', 'sha256', bytes.length])
  await quarantineCleared(world, asset.id)
  assert.deepEqual(
    [await isThere(key), await isThere(`quarantine/${key}`), (await rowOf(world, asset.id)).file.objectKey],
    [true, false, key],
  )
  assert.ok(!(await readFile(place(key))).includes(bytes.subarray(0, 64)), 'sealed at rest')
  const again = await evidence.complete(intent.id)
  assert.deepEqual([again.status, again.body.asset.status], [200, 'verified'])
  assert.deepEqual(await found(), [])
})

test('C2 C5: a verified asset is linked, signed, downloaded, verified and unlinked; each is an access event of the log', async () => {
  const bytes = text()
  const { id } = await evidence.store(bytes)
  const link = await evidence.link(id)
  const same = await evidence.link(id)
  assert.deepEqual([link.status, same.status, same.body.id], [201, 200, link.body.id])
  const other = await evidence.link(id, { ...record, kind: 'copy' })
  assert.notEqual(other.body.id, link.body.id)
  assert.equal((await evidence.links(id)).body.items.length, 2)
  const signed = (await evidence.sign(id)).body
  assert.deepEqual([signed.filename, signed.size, signed.checksum], ['receipt.txt', bytes.length, sha256(bytes)])
  assert.ok(Math.abs(Date.parse(signed.expiresAt) - clock.now() - 15 * 60_000) < 5000)
  const down = await fetch(signed.url)
  assert.ok(Buffer.from(await down.arrayBuffer()).equals(bytes))
  const checked = (await evidence.verify(id)).body
  assert.deepEqual([checked.ok, checked.diagnostics, checked.asset.id], [true, [], id])
  assert.equal((await evidence.unlink(id, link.body.id)).status, 204)
  assert.equal((await evidence.unlink(id, link.body.id)).status, 404)
  const { body } = await evidenceOf(admin()).events(id)
  const kinds = body.items.map(({ kind }) => kind).filter((kind) => kind !== 'read')
  assert.deepEqual(kinds, ['unlink', 'verify', 'download', 'sign', 'link', 'link', 'verify'])
  assert.ok(body.items.some(({ kind }) => kind === 'read'))
  assert.ok(!/signature=|X-Amz|orgs\//i.test(JSON.stringify(body)), 'neither signed URLs nor keys')
  const { items } = (await admin().call<PageOf<{ id: string }>>('GET', `/audit/entries?fileId=${id}&limit=200`)).body
  for (const event of body.items) assert.ok(items.some((entry) => entry.id === event.id))
  assert.equal((await evidence.events(id)).status, 403, 'apps do not see who looked')
})

test('C3: what is not verified, or was deleted, is neither linked nor downloaded, and the problem says why', async () => {
  const bytes = text()
  const { asset, intent } = await evidence.received(bytes)
  const refused = async (code: string, status: number): Promise<void> => {
    for (const answer of [await evidence.link(asset.id), await evidence.sign(asset.id)]) {
      assert.deepEqual([answer.status, answer.problem.code], [status, code])
      assert.ok(answer.problem.detail.length > 20)
    }
  }
  await refused('FILE_NOT_READY', 409)
  await evidence.complete(intent.id)
  await evidence.settled(asset.id)
  assert.equal((await evidence.link(asset.id)).status, 201)
  assert.equal((await evidence.remove(asset.id)).status, 204)
  assert.equal((await evidence.remove(asset.id)).status, 204)
  await refused('FILE_NOT_READY', 409)
  assert.equal((await evidence.get(asset.id)).body.status, 'deleted')
  assert.equal((await evidence.links(asset.id)).body.items.length, 1)
  const events = await evidenceOf(admin()).events(asset.id)
  assert.ok(
    events.body.items.some(({ kind }) => kind === 'link'),
    'events survive the asset',
  )
  const verdict = await admin().call<{ ok: boolean }>('GET', '/audit/verification')
  assert.equal(verdict.body.ok, true)
})

test('C2: an archived asset is read and not linked any more', async () => {
  const { id, version } = await evidence.store(text())
  const archived = await evidence.archive(id)
  assert.deepEqual([archived.status, archived.body.status, archived.body.version], [200, 'archived', version + 1])
  assert.deepEqual((await evidence.archive(id)).body.version, version + 1)
  assert.equal((await evidence.link(id)).problem.code, 'FILE_NOT_READY')
  assert.equal((await evidence.sign(id)).status, 200)
  assert.equal((await evidence.verify(id)).body.ok, true)
  const { body } = await world.api.call<PageOf<{ id: string }>>('GET', '/evidence/assets?status=archived')
  assert.ok(body.items.some((asset) => asset.id === id))
})

test('C2: what is wrong with a stored object is told by diagnostics; it is flagged, and counts again once it is right again', async () => {
  const { id } = await evidence.store(text())
  const { file } = await rowOf(world, id)
  const whole = await readFile(place(file.objectKey))
  const flipped = Buffer.from(whole)
  flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1
  for (const [bytes, diagnostic] of [
    [flipped, 'checksum_mismatch'],
    [whole.subarray(1), `size_mismatch:${whole.length}:${whole.length - 1}`],
    [null, 'object_missing'],
  ] as const) {
    if (bytes === null) await rm(place(file.objectKey))
    else await writeFile(place(file.objectKey), bytes)
    const { body } = await evidence.verify(id)
    assert.deepEqual([body.ok, body.diagnostics, body.asset.status], [false, [diagnostic], 'uploaded'])
    assert.equal((await evidence.link(id)).problem.code, 'FILE_DAMAGED')
    assert.equal((await evidence.sign(id)).problem.code, 'FILE_DAMAGED')
    await writeFile(place(file.objectKey), whole)
    const right = (await evidence.verify(id)).body
    assert.deepEqual([right.ok, right.diagnostics, right.asset.status], [true, [], 'verified'])
  }
})

test('C6: retention and legal hold are kept by an asset and enforced: a held one is not deleted, by its id or by its company', async () => {
  const { id, retention, expiresAt, createdAt } = await evidence.store(text(), { companyId: 'held-co', retention: 'IMPORT_ARTIFACT_90D' })
  assert.equal(retention, 'IMPORT_ARTIFACT_90D')
  assert.ok(Math.abs(Date.parse(expiresAt ?? '') - Date.parse(createdAt) - 90 * 24 * HOUR) < 60_000)
  for (const on of [{ fileId: id }, { ownerEntityType: 'Company', ownerEntityId: 'held-co' }]) {
    const { body: hold } = await admin().call<Hold>('POST', '/holds', { body: { ...on, reason: 'Litigation' } })
    assert.equal((await evidence.get(id)).body.legalHold, true)
    const refused = await evidence.remove(id)
    assert.deepEqual([refused.status, refused.problem.code], [403, 'LEGAL_HOLD'])
    await admin().call('POST', `/holds/${hold.id}/release`, { body: { reason: 'Settled' } })
    assert.equal((await evidence.get(id)).body.legalHold, false)
  }
  const open = (await evidence.intend(asked(text(), { companyId: 'held-co-2' }))).body
  await admin().call('POST', '/holds', { body: { ownerEntityType: 'Company', ownerEntityId: 'held-co-2', reason: 'Litigation' } })
  assert.equal((await evidence.cancel(open.intent.id)).problem.code, 'LEGAL_HOLD')
  assert.equal((await evidence.get(open.asset.id)).body.status, 'pending_upload')
  assert.equal((await evidence.remove(id)).status, 204)
})

test('C6: an asset whose retention is over is deleted by the hourly job, a held one is not', async () => {
  const [gone, kept] = [
    await evidence.store(text(), { retention: 'TEMP_UPLOAD_24H' }),
    await evidence.store(text(), { retention: 'TEMP_UPLOAD_24H' }),
  ]
  await admin().call('POST', '/holds', { body: { fileId: kept.id, reason: 'Litigation' } })
  clock.advance(25 * HOUR)
  await world.instance.store.transaction((tx) => tx.jobs.enqueue({ kind: EXPIRE_FILES, tenantId: null, payload: {} }))
  while ((await rowOf(world, gone.id)).file.purgedAt === null) await sleep(10)
  assert.deepEqual([(await evidence.get(gone.id)).body.status, (await evidence.get(kept.id)).body.status], ['deleted', 'verified'])
  assert.equal(await isThere((await rowOf(world, gone.id)).finalKey), false)
  assert.equal((await evidence.verify(kept.id)).body.ok, true)
  assert.deepEqual(await found(), [])
})

test('C2 O6: another tenant’s asset, intent and link do not exist, whatever is asked of them', async () => {
  const stranger = evidenceOf((await world.newTenant(`other-${randomUUID().slice(0, 6)}`)).api.admin)
  const { id } = await evidence.store(text())
  const link = (await evidence.link(id)).body
  const { intent } = (await evidence.intend(asked(text()))).body
  const answers = await Promise.all([
    ...[stranger.get(id), stranger.link(id), stranger.links(id), stranger.unlink(id, link.id), stranger.sign(id), stranger.verify(id)],
    ...[stranger.events(id), stranger.archive(id), stranger.remove(id), stranger.complete(intent.id), stranger.cancel(intent.id)],
  ])
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([404]))
  assert.equal((await evidence.links(id)).body.items.length, 1)
})

test('C10: the report holds aggregates alone', async () => {
  const { id } = await evidence.store(text(), { app: 'reported', companyId: 'secret-company' })
  const { status, body } = await world.api.call<{ groups: { status: string; assets: number; bytes: number }[] }>('GET', '/evidence/report')
  assert.equal(status, 200)
  const told = JSON.stringify(body)
  for (const hidden of [id, 'secret-company', 'reported', 'receipt.txt', 'orgs/', world.tenant.id])
    assert.ok(!told.includes(hidden), hidden)
  const verified = body.groups.filter((group) => group.status === 'verified')
  assert.ok(verified.reduce((sum, group) => sum + group.assets, 0) > 0)
  const listed = await world.api.call<PageOf<{ size: number }>>('GET', '/evidence/assets?status=verified&limit=200')
  assert.equal(
    verified.reduce((sum, group) => sum + group.bytes, 0),
    listed.body.items.reduce((sum, { size }) => sum + size, 0),
  )
})

test('C9: hostile names are refused or kept as metadata, and never shape the key', async () => {
  for (const filename of ['../../etc/passwd', '..', 'a\\..\\b', 'nul\u0000', '/etc/passwd']) {
    assert.equal((await evidence.intend(asked(text(), { filename }))).problem.code, 'INVALID_FILE_NAME', filename)
  }
  for (const filename of ['..quarantine', 'CON.txt', 'x'.repeat(255), '‮fdp.exe', '.hf-part', '%2e%2e', '日本語']) {
    const { id, filename: kept } = await evidence.store(text(), { filename })
    assert.equal(kept, filename)
    assert.match(
      (await rowOf(world, id)).finalKey,
      new RegExp(`^orgs/${world.tenant.id}/companies/acme/ledger/\\d{4}/\\d{2}/receipt/${id}/[\\w-][\\w.-]{0,99}$`),
    )
  }
  for (const wrong of [{ app: '..' }, { kind: '../x' }, { companyId: '_global' }, { app: 'a/b' }, { size: 0 }, { checksum: 'x' }]) {
    assert.equal((await evidence.intend(asked(text(), wrong))).problem.code, 'VALIDATION_ERROR', JSON.stringify(wrong))
  }
  assert.deepEqual(await found(), [])
})
