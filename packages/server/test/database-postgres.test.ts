import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sql } from 'kysely'
import { asSuperuser } from '../../../test/servers/postgres.ts'
import { systemClock } from '../src/core/clock.ts'
import { DatabaseRefused, type Sql } from '../src/db/database.ts'
import { openPostgres } from '../src/db/postgres.ts'
import { databaseContract } from './database.contract.ts'
import { accountsContract } from './database-accounts.contract.ts'
import { migrated, postgresPlaces } from './database-places.ts'
import { jobQueueContract } from './job-queue.contract.ts'
import { migrateContract } from './migrate.contract.ts'
import { workerContract } from './worker.contract.ts'

const places = postgresPlaces()
after(() => places.end())
databaseContract(places, { concurrentReads: true, processes: true })
migrateContract(places, { processes: true })
jobQueueContract(places)
workerContract(places, { processes: true })
accountsContract(places)

test('N1: PostgreSQL runs the work again where another transaction came between', async () => {
  await using place = await places.create()
  const [database, other] = [await migrated(place), await place.open()]
  await database.writer.insertInto('meta').values({ key: 'counter', value: '1' }).execute()
  const seen: string[] = []
  await database.transaction(async (begun) => {
    const { value } = await begun.selectFrom('meta').select('value').where('key', '=', 'counter').executeTakeFirstOrThrow()
    seen.push(value)
    if (seen.length === 1) await other.writer.updateTable('meta').set({ value: '10' }).where('key', '=', 'counter').execute()
    await begun
      .updateTable('meta')
      .set({ value: String(Number(value) + 1) })
      .where('key', '=', 'counter')
      .execute()
  })
  assert.deepEqual(seen, ['1', '10'])
  assert.deepEqual(await database.sql.selectFrom('meta').select('value').execute(), [{ value: '11' }])
})

test('N1: work that keeps colliding ends with its error after a bounded number of attempts', async () => {
  await using place = await places.create()
  const [database, other] = [await migrated(place), await place.open()]
  await database.writer.insertInto('meta').values({ key: 'counter', value: '0' }).execute()
  let attempts = 0
  const colliding = database.transaction(async (begun) => {
    attempts += 1
    await begun.selectFrom('meta').selectAll().execute()
    await other.writer
      .updateTable('meta')
      .set({ value: `other ${attempts}` })
      .execute()
    await begun.updateTable('meta').set({ value: 'mine' }).execute()
  })
  await assert.rejects(colliding, { code: '40001' })
  assert.equal(attempts, 20)
})

test('N1: commits wait for the disk even where the server is set not to', async () => {
  await using place = await places.create()
  const database = await place.open()
  const name = new URL(place.address!).pathname.slice(1)
  await sql.raw(`alter database ${name} set synchronous_commit = off`).execute(database.writer)
  await using careful = await openPostgres(place.address!)
  const { rows } = await sql`show synchronous_commit`.execute(careful.writer)
  await sql.raw(`alter database ${name} reset synchronous_commit`).execute(database.writer)
  assert.deepEqual(rows, [{ synchronous_commit: 'on' }])
})

test('N1: a server that does not flush to its disk is refused with what to do', async () => {
  await using place = await places.create()
  await using database = await openPostgres(asSuperuser(place.address!), { connections: 1 })
  const flush = async (setting: string) => {
    await sql.raw(`alter system set fsync = ${setting}`).execute(database.writer)
    await sql`select pg_reload_conf()`.execute(database.writer)
    const found = async () => (await sql<{ fsync: string }>`show fsync`.execute(database.writer)).rows[0]?.fsync
    for (let turn = 0; turn < 500 && (await found()) !== setting; turn++) await systemClock.sleep(10)
    assert.equal(await found(), setting)
  }
  await flush('off')
  const opening = openPostgres(place.address!)
  await assert
    .rejects(opening, (error) => error instanceof DatabaseRefused && /Set fsync = on/.test(error.message))
    .finally(() => flush('on'))
})

test('N1: a number that JavaScript cannot hold is an error, never rounded', async () => {
  await using place = await places.create()
  const database = await place.open()
  await assert.rejects(sql`select 9007199254740993::bigint as n`.execute(database.sql), /too large/)
})

test('N1: an instance goes on while a newer one changes the tables under its prepared statements', async () => {
  await using place = await places.createBlank()
  const [database, newer] = [await migrated(place), await place.open()]
  const found = (begun: Sql) => begun.selectFrom('meta').selectAll().where('key', '=', 'a').execute()
  const everywhere = async () => [await found(database.sql), await database.transaction(found)]
  // More often than there are connections, so that each has it prepared.
  for (let round = 0; round < 3; round++) await Promise.all(Array.from({ length: 8 }, everywhere))
  await sql`alter table meta add column more text`.execute(newer.writer)
  await database.writer.insertInto('meta').values({ key: 'a', value: 'x' }).execute()
  const rows = [{ key: 'a', value: 'x', more: null }]
  for (const answer of await Promise.all(Array.from({ length: 8 }, everywhere))) assert.deepEqual(answer, [rows, rows])
})
