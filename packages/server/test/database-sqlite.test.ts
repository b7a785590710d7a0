import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { sql } from 'kysely'
import { openSqlite } from '../src/db/sqlite.ts'
import { databaseContract } from './database.contract.ts'
import { accountsContract } from './database-accounts.contract.ts'
import { memoryPlaces, migrated, sqlitePlaces } from './database-places.ts'
import { jobQueueContract } from './job-queue.contract.ts'
import { migrateContract } from './migrate.contract.ts'
import { workerContract } from './worker.contract.ts'

databaseContract(memoryPlaces, { concurrentReads: false, processes: false })
migrateContract(memoryPlaces, { processes: false })
jobQueueContract(memoryPlaces)
workerContract(memoryPlaces, { processes: false })

const places = sqlitePlaces()
after(() => places.end())
databaseContract(places, { concurrentReads: true, processes: true })
migrateContract(places, { processes: true })
jobQueueContract(places)
workerContract(places, { processes: true })
accountsContract(places)

test('N1: a SQLite file is written with a write-ahead log, full synchronisation and foreign keys, read by a connection that cannot write, and its files are its owner’s alone', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-db-'))
  {
    await using database = await openSqlite(join(directory, 'holdfast.db'))
    const pragma = async (name: string) => Object.values((await sql.raw<object>(`pragma ${name}`).execute(database.writer)).rows[0]!)[0]
    const found = [await pragma('journal_mode'), await pragma('synchronous'), await pragma('foreign_keys'), await pragma('secure_delete')]
    assert.deepEqual(found, ['wal', 2, 1, 1])
    await assert.rejects(sql`create table t (a integer)`.execute(database.sql), /readonly/)
    await sql`create table t (a integer)`.execute(database.writer)
    for (const name of await readdir(directory)) assert.equal((await stat(join(directory, name))).mode & 0o777, 0o600, name)
  }
  await rm(directory, { recursive: true })
})

test('N1: where the disk is full, what was answered is there and what was refused is not; afterwards it goes on', async () => {
  await using place = await places.create()
  const database = await migrated(place)
  const limit = async (pages: number) => void (await sql.raw(`pragma max_page_count = ${pages}`).execute(database.writer))
  const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(database.writer)
  await limit(rows[0]!.page_count + 60)
  const put = (key: string, bytes: number) =>
    database.transaction((begun) =>
      begun
        .insertInto('meta')
        .values({ key, value: 'x'.repeat(bytes) })
        .execute(),
    )
  const ended = await Promise.allSettled(Array.from({ length: 40 }, (_, index) => put(`row${String(index).padStart(2, '0')}`, 10_000)))
  const kept = ended.flatMap((each, index) => (each.status === 'fulfilled' ? [`row${String(index).padStart(2, '0')}`] : []))
  for (const each of ended) if (each.status === 'rejected') assert.equal(each.reason.code, 'SQLITE_FULL')
  assert.ok(kept.length < 40)
  const keys = async () => (await database.sql.selectFrom('meta').select('key').orderBy('key').execute()).map(({ key }) => key)
  assert.deepEqual(await keys(), kept)
  await limit(1_000_000)
  await put('after', 10_000)
  assert.deepEqual(await keys(), ['after', ...kept])
})

test('N1: transactions that callbacks of one turn of the event loop begin share a commit', async () => {
  await using place = await places.create()
  const database = await migrated(place)
  const rows = async () => (await database.sql.selectFrom('meta').select('key').where('key', 'like', 'turn%').execute()).length
  const seen: number[] = []
  const begin = (key: string) =>
    new Promise<void>((resolve, reject) => {
      setImmediate(() => {
        const done = database.transaction(async (begun) => {
          await begun.insertInto('meta').values({ key, value: '' }).execute()
          seen.push(await rows())
        })
        done.then(resolve, reject)
      })
    })
  await Promise.all(['turn1', 'turn2', 'turn3'].map(begin))
  assert.deepEqual(seen, [0, 0, 0], 'what is read outside shows none before all are committed')
  assert.equal(await rows(), 3)
})
