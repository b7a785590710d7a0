import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { sql } from 'kysely'
import { systemClock } from '../src/core/clock.ts'
import { type Database, DatabaseRefused } from '../src/db/database.ts'
import { migrate } from '../src/db/migrate.ts'
import { migrations } from '../src/db/migrations/index.ts'
import type { Migration } from '../src/db/migrations/migration.ts'
import { migrated, type Places, TEST_VERSION } from './database-places.ts'
import { startChild } from './database-process.ts'

/** How a database gets its layout (N1). */
export function migrateContract(places: Places, own: { processes: boolean }): void {
  suite(`migrations on ${places.name}`, () => {
    running(places)
    refusing(places)
    if (own.processes) crashing(places)
  })
}

const one: Migration = { name: '0001-one', statements: (t) => [`create table one (id ${t.id} primary key)`] }
const two: Migration = {
  name: '0002-two',
  statements: (t) => [`create table two (id ${t.id} primary key)`, `insert into two values ('x')`],
}
const broken: Migration = {
  name: '0002-broken',
  statements: (t) => [`create table two (id ${t.id} primary key)`, 'insert into nowhere values (1)'],
}

const run = (database: Database, list: readonly Migration[], version = TEST_VERSION) =>
  migrate(database, { clock: systemClock, version, migrations: list })
const refused = (work: Promise<unknown>, message: RegExp) =>
  assert.rejects(work, (error) => error instanceof DatabaseRefused && message.test(error.message))

/** Every table with its columns, and the record of what was applied: what must not change where a database is refused. */
async function layout(database: Database): Promise<unknown> {
  const tables = await database.sql.introspection.getTables({ withInternalKyselyTables: false })
  const applied = await sql`select * from holdfast_migrations order by position`.execute(database.sql).catch(() => null)
  return [tables.map((table) => [table.name, table.columns.map((column) => column.name).sort()]).sort(), applied?.rows]
}

function running(places: Places): void {
  test('N1: migrations run in order, once each, and are recorded with the version that ran them', async () => {
    await using place = await places.createBlank()
    const database = await place.open()
    assert.deepEqual(await run(database, [one], '0.1.0'), ['0001-one'])
    assert.deepEqual(await run(database, [one, two], '0.2.0'), ['0002-two'])
    assert.deepEqual(await run(database, [one, two], '0.2.0'), [])
    const record = await database.sql
      .selectFrom('holdfast_migrations')
      .select(['position', 'name', 'version'])
      .orderBy('position')
      .execute()
    assert.deepEqual(record, [
      { position: 1, name: '0001-one', version: '0.1.0' },
      { position: 2, name: '0002-two', version: '0.2.0' },
    ])
  })

  test('N1: instances that start at once run each migration once', async () => {
    await using place = await places.createBlank()
    const databases = await Promise.all([place.open(), place.open(), place.open()])
    const done = await Promise.all(databases.map((database) => migrate(database, { clock: systemClock, version: TEST_VERSION })))
    assert.deepEqual(
      done.flat().sort(),
      migrations.map(({ name }) => name),
    )
  })

  test('D14 N1: cases of before whose numbers differ by case alone keep them; no new one joins them', async () => {
    await using place = await places.createBlank()
    const database = await place.open()
    const before = migrations.findIndex(({ name }) => name === '0015-folded-case-numbers')
    await run(database, migrations.slice(0, before))
    const rows = ['CASE-1', 'case-1', 'Other'].map((number, index) => ({ id: `c${index}`, number }))
    const tenant = { id: 't', slug: 't', name: 'T', created_at: 1 }
    await database.exclusively('test', async (transaction) => {
      if (database.kind === 'postgres') await sql`select set_config('holdfast.tenant', '*', true)`.execute(transaction)
      await transaction.insertInto('tenants').values(tenant).execute()
      const more = { tenant_id: 't', title: 'T', description: '', created_by: 'u', created_at: 1, version: 1 }
      for (const row of rows)
        await transaction
          .insertInto('cases')
          .values({ ...more, ...row })
          .execute()
    })
    await run(database, migrations)
    const after = await database.exclusively('test', async (transaction) => {
      if (database.kind === 'postgres') await sql`select set_config('holdfast.tenant', '*', true)`.execute(transaction)
      return transaction.selectFrom('cases').select(['number', 'folded_number']).orderBy('id').execute()
    })
    assert.deepEqual(
      after.map((row) => [row.number, row.folded_number]),
      [
        ['CASE-1', 'case-1'],
        ['case-1', null],
        ['Other', 'other'],
      ],
    )
  })

  test('N1: a migration that fails leaves nothing of itself, and those before it stay', async () => {
    await using place = await places.createBlank()
    const database = await place.open()
    await assert.rejects(run(database, [one, broken]), /nowhere/)
    assert.deepEqual(await run(database, [one, two]), ['0002-two'])
  })
}

function refusing(places: Places): void {
  test('N1: a database of a newer version is refused with what to do, and nothing in it changes', async () => {
    await using place = await places.createBlank()
    const database = await place.open()
    await run(database, [one], '0.1.0')
    await run(database, [one, two], '0.9.0')
    const before = await layout(database)
    await refused(
      run(database, [one], '0.1.0'),
      /made by Holdfast 0\.9\.0, which is newer than this program \(0\.1\.0\)\. Start Holdfast 0\.9\.0 or later/,
    )
    assert.deepEqual(await layout(database), before)
  })

  test('N1: a migration that differs from the one recorded is refused, and nothing changes', async () => {
    await using place = await places.createBlank()
    const database = await place.open()
    await run(database, [one])
    const before = await layout(database)
    const edited: Migration = { ...one, statements: (t) => [`create table one (id ${t.id} primary key, more ${t.int})`] }
    await refused(run(database, [edited, two]), /0001-one.*is not the one/)
    await refused(run(database, [{ ...one, name: '0001-other' }, two]), /0001-one.*is not the one/)
    assert.deepEqual(await layout(database), before)
  })

  test('N1: a database with tables of another program is refused, and nothing changes', async () => {
    await using place = await places.createBlank()
    const database = await place.open()
    await sql`create table files (theirs integer)`.execute(database.writer)
    const before = await layout(database)
    await refused(migrate(database, { clock: systemClock, version: TEST_VERSION }), /another program/)
    assert.deepEqual(await layout(database), before)
  })

  test('N1: the newest layout has every table that the program knows', async () => {
    await using place = await places.create()
    const tables = await (await migrated(place)).sql.introspection.getTables()
    const names = tables.map(({ name }) => name)
    for (const expected of [
      'tenants',
      'files',
      'uploads',
      'upload_parts',
      'jobs',
      'audit_entries',
      'user',
      'session',
      'holdfast_migrations',
    ]) {
      assert.ok(names.includes(expected), expected)
    }
  })
}

function crashing(places: Places): void {
  for (const [point, left] of [
    ['migration.before-commit', migrations.map(({ name }) => name)],
    ['migration.after-commit', migrations.slice(1).map(({ name }) => name)],
  ] as const) {
    test(`N1: a process killed at ${point} leaves a database that the next start brings to the newest layout`, async () => {
      await using place = await places.createBlank()
      await using child = startChild('migrate', place.address!, point)
      assert.equal(await child.ended, 'SIGKILL')
      await using next = startChild('migrate', place.address!)
      assert.deepEqual(JSON.parse(await next.line()), left)
      assert.equal(await next.ended, 0)
    })
  }
}
