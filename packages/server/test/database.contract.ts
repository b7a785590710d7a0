import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { systemClock } from '../src/core/clock.ts'
import { type Database, DatabaseConflict, type Sql } from '../src/db/database.ts'
import { migrated, type Places } from './database-places.ts'
import { startChild } from './database-process.ts'
import { valuesContract } from './database-values.contract.ts'

/** What every metadata store keeps (N1). */
export function databaseContract(places: Places, own: { concurrentReads: boolean; processes: boolean }): void {
  suite(`metadata store on ${places.name}`, () => {
    transactions(places)
    valuesContract(places)
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

  test('N1: whoever hears of a conflict finds what it conflicts with: it is committed by then', async () => {
    await using place = await places.create()
    const database = await migrated(place)
    const found = Array.from({ length: 12 }, async (_, index) => {
      try {
        await database.transaction((sql) => put(sql, 'one', String(index)))
        return 'mine'
      } catch (error) {
        assert.ok(error instanceof DatabaseConflict)
        return await get(database.sql, 'one')
      }
    })
    const all = await Promise.all(found)
    const first = String(all.indexOf('mine'))
    assert.deepEqual(
      all.filter((each) => each !== 'mine'),
      all.slice(1).map(() => first),
    )
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
