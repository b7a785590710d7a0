import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { sql as raw } from 'kysely'
import { systemClock } from '../src/core/clock.ts'
import { newId } from '../src/core/ids.ts'
import { type Database, DatabaseConflict, type Sql } from '../src/db/database.ts'
import { migrated, type Places } from './database-places.ts'
import { startChild } from './database-process.ts'

/** What every metadata store keeps (N1). */
export function databaseContract(places: Places, own: { concurrentReads: boolean; processes: boolean }): void {
  suite(`metadata store on ${places.name}`, () => {
    transactions(places)
    conflicts(places)
    values(places)
    if (own.concurrentReads) reads(places)
    if (own.processes) processes(places)
  })
}

const put = (sql: Sql, key: string, value: string) => sql.insertInto('meta').values({ key, value }).execute()
const get = async (sql: Sql, key: string) =>
  (await sql.selectFrom('meta').select('value').where('key', '=', key).executeTakeFirst())?.value ?? null
const set = (sql: Sql, key: string, value: string) => sql.updateTable('meta').set({ value }).where('key', '=', key).execute()

async function increment(database: Database, key = 'counter'): Promise<void> {
  await database.transaction(async (sql) => {
    const value = Number(await get(sql, key))
    await set(sql, key, String(value + 1))
  })
}

/** A tenant with what its rows refer to; answers its id. */
async function addTenant(sql: Sql): Promise<string> {
  const id = newId()
  await sql.insertInto('tenants').values({ id, slug: id, name: 'Lab', created_at: 1 }).execute()
  return id
}
const caseRow = (tenantId: string, number: string) => ({
  id: newId(),
  tenant_id: tenantId,
  number,
  title: 'T',
  description: '',
  created_by: 'u',
  created_at: 1,
  version: 1,
})

function transactions(places: Places): void {
  test('N1: a transaction that rejects leaves nothing, one that resolves leaves all', async () => {
    await using place = await places.create()
    const database = await migrated(place)
    const failure = new Error('no')
    const failing = database.transaction(async (sql) => {
      await put(sql, 'a', '1')
      throw failure
    })
    await assert.rejects(failing, failure)
    assert.equal(await get(database.sql, 'a'), null)
    const answer = await database.transaction(async (sql) => {
      await put(sql, 'a', '1')
      await put(sql, 'b', '2')
      return 'done'
    })
    assert.equal(answer, 'done')
    assert.deepEqual([await get(database.sql, 'a'), await get(database.sql, 'b')], ['1', '2'])
  })

  test('N1: counters that many transactions read and write at once lose no count', async () => {
    await using place = await places.create()
    const [database, other] = [await migrated(place), await place.open()]
    await put(database.writer, 'counter', '0')
    const counting = Array.from({ length: 12 }, async (_, index) => {
      for (let round = 0; round < 10; round++) await increment(index % 2 ? database : other)
    })
    await Promise.all(counting)
    assert.equal(await get(database.sql, 'counter'), '120')
  })

  test('T8 N1: two transactions that each look before they take cannot together take more than there is', async () => {
    await using place = await places.create()
    const [database, other] = [await migrated(place), await place.open()]
    const take = (from: Database, key: string) =>
      from.transaction(async (sql) => {
        const taken = await sql.selectFrom('meta').select('key').execute()
        if (taken.length < 1) await put(sql, key, 'taken')
      })
    await Promise.all([take(database, 'a'), take(other, 'b'), take(database, 'c'), take(other, 'd')])
    assert.equal((await database.sql.selectFrom('meta').selectAll().execute()).length, 1)
  })

  test('N1: of transactions that wait together each is kept or undone by itself', async () => {
    await using place = await places.create()
    const database = await migrated(place)
    const put3 = (index: number) =>
      database.transaction(async (sql) => {
        await put(sql, `first${index}`, 'x')
        if (index % 3 === 0) throw new Error(`no ${index}`)
        await put(sql, index % 3 === 1 ? 'taken by one' : `second${index}`, 'x')
        return index
      })
    const ended = await Promise.allSettled(Array.from({ length: 30 }, (_, index) => put3(index)))
    const resolved = ended.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
    const thatTook = resolved.filter((index) => index % 3 === 1)
    assert.equal(thatTook.length, 1)
    const twos = Array.from({ length: 30 }, (_, index) => index).filter((index) => index % 3 === 2)
    assert.deepEqual(
      resolved,
      [...thatTook, ...twos].sort((a, b) => a - b),
    )
    const keys = (await database.sql.selectFrom('meta').select('key').execute()).map((row) => row.key)
    const expected = [...resolved.map((index) => `first${index}`), ...twos.map((index) => `second${index}`), 'taken by one']
    assert.deepEqual(keys.sort(), expected.sort())
  })

  test('N1: what a transaction wrote is there for every connection once it resolves, also when many commit together', async () => {
    await using place = await places.create()
    const [database, other] = [await migrated(place), await place.open()]
    const write = async (index: number) => {
      await database.transaction((sql) => put(sql, `row${index}`, 'x'))
      assert.equal(await get(other.sql, `row${index}`), 'x')
    }
    await Promise.all(Array.from({ length: 20 }, (_, index) => write(index)))
  })

  test('N1: an error that the work swallows still fails the whole transaction', async () => {
    await using place = await places.create()
    const database = await migrated(place)
    const swallowing = database.transaction(async (sql) => {
      await put(sql, 'before', '1')
      await put(sql, 'before', '2').catch(() => {})
      await put(sql, 'after', '3').catch(() => {})
    })
    await assert.rejects(swallowing, DatabaseConflict)
    assert.deepEqual(await database.sql.selectFrom('meta').selectAll().execute(), [])
  })

  test('N1: a transaction inside another one is refused instead of waiting for ever', async () => {
    await using place = await places.create()
    const database = await migrated(place)
    const nested = database.transaction(async (sql) => {
      await put(sql, 'outer', '1')
      await database.transaction((inner) => put(inner, 'inner', '1'))
    })
    await assert.rejects(nested, /inside another/)
    assert.deepEqual(await database.sql.selectFrom('meta').selectAll().execute(), [])
    await increment(database).catch(() => {})
    await database.transaction((sql) => put(sql, 'later', '1'))
    assert.equal(await get(database.sql, 'later'), '1')
  })

  test('N1: exclusive work never overlaps, and sees what the one before it committed', async () => {
    await using place = await places.create()
    const [database, other] = [await migrated(place), await place.open()]
    await put(database.writer, 'counter', '0')
    let inside = 0
    const work = async (sql: Sql) => {
      inside += 1
      assert.equal(inside, 1)
      const value = Number(await get(sql, 'counter'))
      await set(sql, 'counter', String(value + 1))
      inside -= 1
    }
    await Promise.all(Array.from({ length: 10 }, (_, index) => (index % 2 ? database : other).exclusively('step', work)))
    assert.equal(await get(database.sql, 'counter'), '10')
  })
}

function conflicts(places: Places): void {
  const rejected = async (work: Promise<unknown>): Promise<DatabaseConflict> => {
    const error = await work.then(
      () => assert.fail('It was not rejected'),
      (reason: unknown) => reason,
    )
    assert.ok(error instanceof DatabaseConflict, String(error))
    return error
  }

  test('O6 N1: a broken unique constraint says which one, alike on both databases', async () => {
    await using place = await places.create()
    const database = await migrated(place)
    const tenantId = await addTenant(database.writer)
    const add = (row: ReturnType<typeof caseRow>) => database.transaction((sql) => sql.insertInto('cases').values(row).execute())
    const first = caseRow(tenantId, 'CASE-1')
    await add(first)
    const byNumber = await rejected(add(caseRow(tenantId, 'CASE-1')))
    assert.deepEqual([byNumber.kind, byNumber.constraint], ['unique', 'cases_tenant_id_number'])
    assert.equal((await rejected(add({ ...caseRow(tenantId, 'CASE-2'), id: first.id }))).constraint, 'cases_id')
    await add(caseRow(await addTenant(database.writer), 'CASE-1'))
    const binding = { tenant_id: tenantId, role: 'encrypted' as const, target_id: newId(), staged: 0 as const, bound_at: 1 }
    const target = { id: binding.target_id, tenant_id: tenantId, name: 'L', kind: 'local' as const, place: '{}', builtin: 1 as const }
    const usage = { used_bytes: 0, reserved_bytes: 0, created_at: 1, version: 1 }
    await database.transaction((sql) =>
      sql
        .insertInto('targets')
        .values({ ...target, ...usage })
        .execute(),
    )
    const bind = () => database.transaction((sql) => sql.insertInto('role_bindings').values(binding).execute())
    await bind()
    assert.equal((await rejected(bind())).constraint, 'role_bindings_tenant_id_role')
  })

  test('O6 N1: links to nothing, links into another tenant, nulls and negative usage are refused', async () => {
    await using place = await places.create()
    const database = await migrated(place)
    const [one, two] = [await addTenant(database.writer), await addTenant(database.writer)]
    const there = caseRow(one, 'CASE-1')
    await database.transaction((sql) => sql.insertInto('cases').values(there).execute())
    const item = (tenantId: string, caseId: string) => ({
      ...{ id: newId(), tenant_id: tenantId, case_id: caseId, label: newId(), title: 'T', created_by: 'u', created_at: 1, version: 1 },
    })
    const add = (row: ReturnType<typeof item>) => database.transaction((sql) => sql.insertInto('items').values(row).execute())
    await add(item(one, there.id))
    assert.equal((await rejected(add(item(one, newId())))).kind, 'foreign-key')
    assert.equal((await rejected(add(item(two, there.id)))).kind, 'foreign-key')
    const nothing = database.transaction((sql) =>
      sql
        .insertInto('cases')
        .values({ ...there, id: newId(), number: null as unknown as string })
        .execute(),
    )
    assert.equal((await rejected(nothing)).kind, 'not-null')
    const target = {
      id: newId(),
      tenant_id: one,
      name: 'L',
      kind: 'local' as const,
      place: '{}',
      builtin: 1 as const,
      created_at: 1,
      version: 1,
    }
    const negative = database.transaction((sql) =>
      sql
        .insertInto('targets')
        .values({ ...target, used_bytes: -1, reserved_bytes: 0 })
        .execute(),
    )
    assert.equal((await rejected(negative)).kind, 'check')
  })
}

function values(places: Places): void {
  test('N1: large integers, sums, bytes and any text come back as they went in', async () => {
    await using place = await places.create()
    const database = await migrated(place)
    const tenantId = await addTenant(database.writer)
    const text = 'Beweis „Ä“ \u202e 证据 👩🏽‍🔬 \\ \' " % _'
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index)
    const target = { id: newId(), tenant_id: tenantId, name: text, kind: 'local' as const, place: '{}', builtin: 1 as const, version: 1 }
    const large = Number.MAX_SAFE_INTEGER
    await database.transaction((sql) =>
      sql
        .insertInto('targets')
        .values({ ...target, credentials: bytes, used_bytes: large - 1, reserved_bytes: 1, created_at: large })
        .execute(),
    )
    const row = await database.sql.selectFrom('targets').selectAll().executeTakeFirstOrThrow()
    assert.deepEqual([row.name, row.created_at, row.builtin, row.quota_bytes], [text, large, 1, null])
    assert.ok(row.credentials instanceof Uint8Array)
    assert.deepEqual([...row.credentials], [...bytes])
    const sums = await database.sql
      .selectFrom('targets')
      .select(({ fn }) => [fn.sum<number>('used_bytes').as('sum'), fn.countAll<number>().as('count')])
      .select(raw<number>`used_bytes + reserved_bytes`.as('both'))
      .groupBy(['used_bytes', 'reserved_bytes'])
      .executeTakeFirstOrThrow()
    assert.deepEqual(sums, { sum: large - 1, count: 1, both: large })
  })

  test('N1: ids and keys are ordered byte by byte on both databases', async () => {
    await using place = await places.create()
    const database = await migrated(place)
    const keys = ['a', 'B', 'a-b', 'ab', 'A', '_', '0', 'é', 'z', 'Z']
    await database.transaction(async (sql) => {
      for (const key of keys) await put(sql, key, '')
    })
    const rows = await database.sql.selectFrom('meta').select('key').orderBy('key').execute()
    const bytewise = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    assert.deepEqual(
      rows.map((row) => row.key),
      bytewise,
    )
    const afterA = await database.sql.selectFrom('meta').select('key').where('key', '>', 'a').orderBy('key').execute()
    assert.deepEqual(
      afterA.map((row) => row.key),
      bytewise.slice(bytewise.indexOf('a') + 1),
    )
  })
}

function reads(places: Places): void {
  test('N1: a read beside a transaction sees what was committed, at once', async () => {
    await using place = await places.create()
    const database = await migrated(place)
    await put(database.writer, 'a', 'old')
    await database.transaction(async (sql) => {
      await set(sql, 'a', 'new')
      assert.equal(await get(database.sql, 'a'), 'old')
    })
    assert.equal(await get(database.sql, 'a'), 'new')
  })
}

function processes(places: Places): void {
  test('N1: two processes count on one database and lose no count', async () => {
    await using place = await places.create()
    const database = await migrated(place)
    await put(database.writer, 'counter', '0')
    await using child = startChild('count', place.address!, '100')
    for (let left = 100; left > 0; left--) {
      await increment(database)
      await systemClock.sleep(1)
    }
    assert.equal(await child.ended, 0)
    assert.equal(await get(database.sql, 'counter'), '200')
  })

  test('N1: what a killed process had committed is there, what it had not is not', async () => {
    await using place = await places.create()
    const database = await migrated(place)
    await using inserting = startChild('insert', place.address!)
    let last = ''
    while (Number(last) < 20) last = await inserting.line()
    await inserting.kill()
    await using hanging = startChild('hang', place.address!)
    await hanging.line()
    await hanging.kill()
    for (let index = 0; index <= Number(last); index++) assert.equal(await get(database.sql, `row${index}`), 'x')
    assert.equal(await get(database.sql, 'unfinished'), null)
    await database.transaction((sql) => put(sql, 'unfinished', 'free'))
    assert.equal(await get(database.sql, 'unfinished'), 'free')
  })
}
