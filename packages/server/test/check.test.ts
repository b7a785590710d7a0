import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { appendFile, copyFile, mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { MIN_PART_PLAIN_BYTES } from '@holdfast/api'
import { checkInstance } from '../src/check-instance.ts'
import type { CheckInvariant } from '../src/services/check/check-store.ts'
import { type FileWorld, openFileWorld } from './file-world.ts'

const PART = MIN_PART_PLAIN_BYTES
const signal = new AbortController().signal
const pathOf = (world: FileWorld, caseId: string, fileId: string): string =>
  join(world.dataDir, 'objects', 'attachments', world.tenant.id, caseId, `${fileId}.bin`)

async function found(world: FileWorld, full: boolean): Promise<CheckInvariant[]> {
  const report = await checkInstance(world.instance, { full, signal })
  return [...new Set(report.findings.map((finding) => finding.invariant))].sort()
}

test('N1: a store in use, with files, open uploads and deleted ones, holds every invariant', async () => {
  await using world = await openFileWorld()
  const { api } = world
  const { id: caseId } = await api.newCase()
  const kept = await api.upload(caseId, randomBytes(PART + 3))
  await api.upload(caseId, Buffer.alloc(0))
  const gone = await api.upload(caseId, randomBytes(10))
  await api.call('DELETE', `/files/${gone.id}`)
  const open = await api.initiate({ caseId, name: 'open.bin', size: PART + 9 })
  await api.put(open.id, 2, randomBytes(9))
  await api.abort((await api.initiate({ caseId, name: 'aborted.bin', size: 5 })).id)
  const report = await checkInstance(world.instance, { full: true, signal })
  assert.deepEqual(report.findings, [])
  assert.equal(report.ok, true)
  assert.deepEqual([report.counts.files, report.counts.opened, report.counts.uploads], [2, 2, 1])
  assert.equal(report.counts.bytes, kept.size)
  assert.ok(report.counts.auditEntries > 5)
})

test('N1: check finds an object that is missing, cut, changed, foreign or unknown', async () => {
  await using world = await openFileWorld()
  const { api } = world
  const { id: caseId } = await api.newCase()
  const [missing, cut, changed, other] = [
    await api.upload(caseId, randomBytes(100)),
    await api.upload(caseId, randomBytes(100)),
    await api.upload(caseId, randomBytes(100)),
    await api.upload(caseId, randomBytes(100)),
  ]
  assert.deepEqual(await found(world, true), [])
  await rm(pathOf(world, caseId, missing!.id))
  assert.deepEqual(await found(world, false), ['file-object'])
  await truncate(pathOf(world, caseId, cut!.id), 90)
  assert.deepEqual(await found(world, false), ['file-object'])
  const path = pathOf(world, caseId, changed!.id)
  const bytes = await readFile(path)
  bytes[120]! ^= 1
  await writeFile(path, bytes)
  assert.deepEqual(await found(world, true), ['file-object', 'file-opens'])
  await copyFile(pathOf(world, caseId, other!.id), path)
  assert.deepEqual(await found(world, true), ['file-object', 'file-opens'])
  await writeFile(pathOf(world, caseId, 'stranger'), 'not ours')
  assert.deepEqual(await found(world, false), ['file-object', 'object-row'])
})

test('N1: check finds sums that do not add up, a job that was lost and a log that was changed', async () => {
  await using world = await openFileWorld({ working: false })
  const { api, instance } = world
  const { id: caseId } = await api.newCase()
  const session = await api.initiate({ caseId, name: 'a.bin', size: 4 })
  await api.sendAll(session, Buffer.from('abcd'))
  assert.deepEqual(await found(world, true), [])
  const { database } = instance
  await database.writer.updateTable('targets').set({ used_bytes: 1 }).execute()
  assert.deepEqual(await found(world, false), ['quota-sum'])
  await database.writer.deleteFrom('jobs').execute()
  assert.deepEqual(await found(world, false), ['job-lost', 'quota-sum'])
  await instance.sequencer.sequenceNow()
  await database.writer.updateTable('audit_entries').set({ details: '{}' }).where('action', '=', 'UPLOAD_COMPLETED').execute()
  assert.deepEqual(await found(world, false), ['audit-log', 'job-lost', 'quota-sum'])
})

test('N1 S6: check finds a row without its digest, a key that is not of its case, a key that does not open, and what lies in no place', async () => {
  await using world = await openFileWorld()
  const { api, instance, tenant } = world
  const { id: caseId } = await api.newCase()
  const [first, second] = [await api.upload(caseId, randomBytes(100)), await api.upload(caseId, randomBytes(100))]
  const { writer } = instance.database
  const row = (id: string) => writer.selectFrom('files').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
  const [sound, other] = [await row(first.id), await row(second.id)]
  const change = async (values: { sha256?: null; case_id?: string; wrapped_key?: Uint8Array | null }): Promise<CheckInvariant[]> => {
    await writer.updateTable('files').set(values).where('id', '=', first.id).execute()
    const seen = await found(world, true)
    const { sha256, case_id, wrapped_key } = sound
    await writer.updateTable('files').set({ sha256, case_id, wrapped_key }).where('id', '=', first.id).execute()
    return seen
  }
  assert.deepEqual(await change({ sha256: null }), ['file-row'])
  assert.deepEqual(await change({ case_id: (await api.newCase()).id }), ['file-row'])
  assert.deepEqual(await change({ wrapped_key: null }), ['file-opens'])
  assert.deepEqual(await change({ wrapped_key: other.wrapped_key }), ['file-opens'])
  assert.deepEqual(await found(world, true), [])
  for (const place of ['attachments/loose.bin', 'notes/loose.txt', `attachments/${randomUUID()}/${caseId}/loose.bin`]) {
    const path = join(world.dataDir, 'objects', place)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, 'in the open')
    assert.deepEqual(await found(world, false), ['object-row'], place)
    await rm(path)
  }
  assert.equal(tenant.id, sound.tenant_id)
})

test('S5: a file that a check found damaged is healed by its backup and another verification', async () => {
  await using world = await openFileWorld()
  const { api } = world
  const { id: caseId } = await api.newCase()
  const content = randomBytes(PART + 1)
  const file = await api.upload(caseId, content)
  const path = pathOf(world, caseId, file.id)
  const sound = await readFile(path)
  await appendFile(path, 'x')
  assert.equal((await api.call('POST', `/files/${file.id}/verify`)).status, 202)
  for (;;) if ((await api.file(file.id)).status === 'DAMAGED') break
  assert.deepEqual(await found(world, true), ['file-flagged'])
  assert.equal((await api.bytes(file.id)).status, 409)
  await writeFile(path, sound)
  await api.call('POST', `/files/${file.id}/verify`)
  for (;;) if ((await api.file(file.id)).status === 'READY') break
  assert.ok((await api.bytes(file.id)).bytes.equals(content))
  assert.deepEqual(await found(world, true), [])
})
