import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { GetObjectLegalHoldCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3'
import type { Case, File, Hold, Target } from '@holdfast/api'
import { checkInstance } from '../src/check-instance.ts'
import { type FileWorld, openFileWorld } from './file-world.ts'
import { type S3World, s3World } from './s3-world.ts'

let s3: S3World
let world: FileWorld
let bucket: string
let vault: Target
before(async () => {
  s3 = await s3World('minio')
  world = await openFileWorld()
  bucket = await s3.bucket({ objectLock: true })
  const { endpoint, region, accessKeyId, secretAccessKey } = s3.server
  const fields = { kind: 's3', name: 'Vault', place: { endpoint, region, bucket }, credentials: { accessKeyId, secretAccessKey } }
  vault = (await world.tenant.api.admin.call<Target>('POST', '/targets', { body: fields })).body
  await world.tenant.api.admin.call('POST', `/targets/${vault.id}/test`, { body: {} })
  await bind(vault.id)
})
after(async () => {
  await world?.[Symbol.asyncDispose]()
  await s3?.[Symbol.asyncDispose]()
})

const admin = () => world.tenant.api.admin
const bind = async (targetId: string) =>
  assert.equal((await admin().call('PUT', '/roles/encrypted', { body: { targetId, staged: false } })).status, 200)
const place = async (on: object) => (await admin().call<Hold>('POST', '/holds', { body: { ...on, reason: 'Litigation' } })).body
const release = (hold: Hold) => admin().call('POST', `/holds/${hold.id}/release`, { body: { reason: 'Settled' } })
const keyOf = async (file: File) => (await world.instance.store.read.files.findAny(world.tenant.id, file.id))?.objectKey ?? ''

async function lockOf(hold: Hold, state: Hold['lock']['state']): Promise<Hold['lock']> {
  for (;;) {
    const { lock } = (await admin().call<Hold>('GET', `/holds/${hold.id}`)).body
    if (lock.state === state) return lock
    await sleep(20)
  }
}

async function legalHold(file: File): Promise<string> {
  const answer = await s3.admin.send(new GetObjectLegalHoldCommand({ Bucket: bucket, Key: await keyOf(file) })).catch(() => null)
  return answer?.LegalHold?.Status ?? 'OFF'
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(20)
}

const purged = (file: File) =>
  until(async () => (await world.instance.store.read.files.findAny(world.tenant.id, file.id))?.purgedAt !== null)

test('O10: at a target with Object Lock the hold is on the object too, and lifted with the last one', { timeout: 60_000 }, async () => {
  const { id: caseId } = await world.api.newCase()
  const file = await world.api.upload(caseId, randomBytes(100))
  assert.equal(file.target.id, vault.id)
  const [onFile, onCase] = [await place({ fileId: file.id }), await place({ caseId })]
  assert.deepEqual(await lockOf(onFile, 'set'), { state: 'set', locked: 1, failed: 0, error: null })
  await lockOf(onCase, 'set')
  assert.equal(await legalHold(file), 'ON')
  const later = await world.api.upload(caseId, randomBytes(100))
  await until(async () => (await legalHold(later)) === 'ON')
  await release(onFile)
  assert.deepEqual(await lockOf(onFile, 'lifted'), { state: 'lifted', locked: 1, failed: 0, error: null })
  assert.equal(await legalHold(file), 'ON', 'the hold on the case covers it still')
  await release(onCase)
  await lockOf(onCase, 'lifted')
  assert.deepEqual([await legalHold(file), await legalHold(later)], ['OFF', 'OFF'])
})

test('O10: a file that is deleted just after its release leaves no locked object behind', { timeout: 60_000 }, async () => {
  const { id: caseId } = await world.api.newCase()
  const file = await world.api.upload(caseId, randomBytes(100))
  const hold = await place({ fileId: file.id })
  await lockOf(hold, 'set')
  const key = await keyOf(file)
  // As if the lifting had not come yet: the row is released, the object locked.
  await world.instance.database.writer
    .updateTable('holds')
    .set({ released_at: 1, released_by: 'x', released_by_id: 'x', release_reason: 'x' })
    .where('id', '=', hold.id)
    .execute()
  assert.equal((await world.api.call('DELETE', `/files/${file.id}`)).status, 204)
  await purged(file)
  const { Versions = [] } = await s3.admin.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: key }))
  assert.deepEqual(Versions, [])
})

test('O10 R5: a held file that moves away is held where it is, and its old object goes', { timeout: 60_000 }, async () => {
  const { id: caseId } = await world.api.newCase()
  const file = await world.api.upload(caseId, randomBytes(100))
  const hold = await place({ fileId: file.id })
  await lockOf(hold, 'set')
  const key = await keyOf(file)
  await bind(world.tenant.targetId)
  const between = { fromTargetId: vault.id, toTargetId: world.tenant.targetId }
  assert.equal((await admin().call('POST', '/migrations', { body: between })).status, 201)
  await until(async () => (await world.api.file(file.id)).target.id === world.tenant.targetId)
  const left = async () => (await s3.admin.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: key }))).Versions?.length ?? 0
  await until(async () => (await left()) === 0)
  assert.equal((await world.api.call('DELETE', `/files/${file.id}`)).status, 403)
  const back = { fromTargetId: world.tenant.targetId, toTargetId: vault.id }
  await until(async () => (await admin().call('POST', '/migrations', { body: back })).status === 201)
  await until(async () => (await legalHold(file)) === 'ON')
  await bind(vault.id)
})

test('O10: a target that is away makes the lock fail visibly, and it is set once the target is back', { timeout: 120_000 }, async () => {
  const { id: caseId } = await world.api.newCase()
  const file = await world.api.upload(caseId, randomBytes(100))
  await s3.server.kill()
  const hold = await place({ fileId: file.id })
  const lock = await lockOf(hold, 'failed')
  assert.equal(lock.failed, 1)
  assert.match(lock.error ?? '', /\S/)
  assert.equal((await world.api.call('DELETE', `/files/${file.id}`)).status, 403, 'the hold itself waits for no target')
  await s3.server.restart()
  await lockOf(hold, 'set')
  assert.equal(await legalHold(file), 'ON')
})

test('O10 T9: a target with held files says so before it is deleted', { timeout: 60_000 }, async () => {
  await bind(world.tenant.targetId)
  const { problem } = await admin().call<Case>('DELETE', `/targets/${vault.id}`)
  assert.equal(problem.code, 'CONFLICT')
  assert.ok(Number(problem.heldCount) >= 1, JSON.stringify(problem))
  assert.match(problem.detail, /under a legal hold/)
  const report = await checkInstance(world.instance, { full: true, signal: new AbortController().signal })
  assert.deepEqual(report.findings, [])
})
