import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { sql } from 'kysely'
import { openSqlite } from '../src/db/sqlite.ts'
import { databaseContract } from './database.contract.ts'
import { accountsContract } from './database-accounts.contract.ts'
import { memoryPlaces, sqlitePlaces } from './database-places.ts'
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

test('N1: a SQLite file is written with a write-ahead log, full synchronisation and foreign keys, and read by a connection that cannot write', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-db-'))
  {
    await using database = await openSqlite(join(directory, 'holdfast.db'))
    const pragma = async (name: string) => Object.values((await sql.raw<object>(`pragma ${name}`).execute(database.writer)).rows[0]!)[0]
    const found = [await pragma('journal_mode'), await pragma('synchronous'), await pragma('foreign_keys'), await pragma('secure_delete')]
    assert.deepEqual(found, ['wal', 2, 1, 1])
    await assert.rejects(sql`create table t (a integer)`.execute(database.sql), /readonly/)
  }
  await rm(directory, { recursive: true })
})
