import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keptQuery } from '../src/db/kept-query.ts'
import { openSqlite } from '../src/db/sqlite.ts'

test('N1: a kept query takes the values of each call, one in two places and constants beside them too, inside a transaction and outside', async () => {
  await using database = await openSqlite(':memory:')
  await database.writer.schema.createTable('meta').addColumn('key', 'text').addColumn('value', 'text').execute()
  let built = 0
  const insert = keptQuery((sql, row: { key: string; value: string }) => sql.insertInto('meta').values({ key: row.key, value: row.value }))
  const keysOf = keptQuery((sql, { text }: { text: string }) => {
    built += 1
    return sql
      .selectFrom('meta')
      .select('key')
      .where((either) => either.or([either('key', '=', text), either('value', '=', text)]))
      .where('key', '!=', 'left out')
      .orderBy('key')
  })
  await database.transaction(async (sql) => {
    await insert(sql, { key: 'a', value: 'b' })
    await insert(sql, { key: 'b', value: 'c' })
    await insert(sql, { key: 'left out', value: 'b' })
    assert.deepEqual((await keysOf(sql, { text: 'b' })).rows, [{ key: 'a' }, { key: 'b' }])
  })
  assert.deepEqual((await keysOf(database.sql, { text: 'c' })).rows, [{ key: 'b' }])
  assert.deepEqual((await keysOf(database.sql, { text: 'd' })).rows, [])
  assert.equal(built, 1)
})
