import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import type { FileStatus } from '@holdfast/api'
import { startPostgres } from '../../../test/servers/postgres.ts'
import { checkInstance } from '../src/check-instance.ts'
import { newId } from '../src/core/ids.ts'
import type { FileRow } from '../src/db/file-rows.ts'
import { expireFiles } from '../src/services/expiry.ts'
import { type FileWorld, openFileWorld } from './file-world.ts'

const options = { signal: new AbortController().signal, progress: async () => {} }

async function template(world: FileWorld): Promise<FileRow> {
  const { id } = await world.api.upload((await world.api.newCase()).id, randomBytes(10))
  const row = await world.instance.store.read.files.findAny(world.tenant.id, id)
  assert.ok(row)
  return row
}

/** Rows of files that expire then; what was at their target is gone already, so that nothing else is left to do. */
async function addFiles(world: FileWorld, like: FileRow, files: readonly { status: FileStatus; expiresAt: number | null }[]) {
  const rows = files.map(({ status, expiresAt }) => {
    const id = newId()
    const owner = { tier: 'object' as const, objectClass: 'IMPORT_FILE', ownerType: 'User', ownerId: 'usr_1', caseId: null }
    return {
      ...like,
      ...owner,
      id,
      objectKey: `tenants/${id}`,
      status,
      expiresAt,
      retention: 'IMPORT_ARTIFACT_90D' as const,
      purgedAt: 1,
      objectSize: 0,
    }
  })
  await world.instance.store.transaction(async (tx) => {
    for (const row of rows) await tx.files.insert(row)
  })
  return rows.map(({ id }) => id)
}

async function expiresOnce(world: FileWorld): Promise<void> {
  const { instance, tenant } = world
  const like = await template(world)
  const now = instance.clock.now()
  const due = await addFiles(
    world,
    like,
    Array.from({ length: 230 }, (_, index) => ({
      status: (['READY', 'REJECTED', 'FAILED', 'DAMAGED'] as const)[index % 4]!,
      expiresAt: now - index,
    })),
  )
  const kept = await addFiles(world, like, [
    { status: 'READY', expiresAt: now + 3_600_000 },
    { status: 'READY', expiresAt: null },
    { status: 'SCANNING', expiresAt: 1 },
    { status: 'PENDING_UPLOAD', expiresAt: 1 },
  ])
  const counts = await Promise.all(Array.from({ length: 3 }, () => expireFiles(instance, options)))
  assert.equal(
    counts.reduce((sum, count) => sum + count, 0),
    due.length,
    'each by one of those that run at once',
  )
  const find = (id: string) => instance.store.read.files.findAny(tenant.id, id)
  for (const id of due) assert.equal((await find(id))?.status, 'DELETED')
  for (const id of kept) assert.notEqual((await find(id))?.status, 'DELETED')
  const entries = await instance.store.read.audit.list(tenant.id, { action: 'OBJECT_EXPIRED' }, { limit: 1000 })
  assert.deepEqual(new Set(entries.map(({ fileId }) => fileId)).size, due.length)
  assert.equal(entries.length, due.length)
  assert.equal(JSON.parse(entries[0]!.details).retention, 'IMPORT_ARTIFACT_90D')
  assert.equal(await expireFiles(instance, options), 0)
}

test('O8: on SQLite each expired file is deleted once, by whichever of several runs', { timeout: 60_000 }, async () => {
  await using world = await openFileWorld()
  await expiresOnce(world)
})

test('O8: on PostgreSQL each expired file is deleted once, by whichever of several runs', { timeout: 60_000 }, async () => {
  const server = await startPostgres()
  try {
    await using world = await openFileWorld({ databaseUrl: server.url })
    await expiresOnce(world)
  } finally {
    await server.stop()
  }
})

test('O8: the object and the bytes of an expired file go with it', { timeout: 60_000 }, async () => {
  await using world = await openFileWorld()
  const { instance, tenant } = world
  const row = await template(world)
  await instance.database.writer.updateTable('files').set({ expires_at: 1, retention: 'SUPERSEDED_30D' }).where('id', '=', row.id).execute()
  assert.equal(await expireFiles(instance, options), 1)
  const gone = await instance.store.read.files.findAny(tenant.id, row.id)
  assert.deepEqual([gone?.status, gone?.wrappedKey], ['DELETED', null])
  while ((await instance.store.read.files.findAny(tenant.id, row.id))?.purgedAt === null)
    await new Promise((resolve) => setTimeout(resolve, 20))
  const report = await checkInstance(instance, { full: true, signal: options.signal })
  assert.deepEqual([report.findings, report.counts.objects], [[], 0])
})
