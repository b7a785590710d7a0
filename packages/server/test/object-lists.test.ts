import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { CompiledQuery, type KyselyPlugin } from 'kysely'
import type { Sql } from '../src/db/database.ts'
import { type ObjectFilter, objectTable } from '../src/db/objects.ts'
import { migrated, sqlitePlaces } from './database-places.ts'

const places = sqlitePlaces()
after(() => places.end())

/** How the database goes about the one query of `run`. */
async function planOf(sql: Sql, run: (sql: Sql) => Promise<unknown>): Promise<string[]> {
  const asked: CompiledQuery[] = []
  const listener: KyselyPlugin = {
    transformQuery({ node, queryId }) {
      asked.push(sql.getExecutor().compileQuery(node, queryId))
      return node
    },
    transformResult: async ({ result }) => result,
  }
  await run(sql.withPlugin(listener) as Sql)
  const [query] = asked
  assert.ok(query && asked.length === 1)
  const { rows } = await sql.executeQuery<{ detail: string }>(CompiledQuery.raw(`explain query plan ${query.sql}`, [...query.parameters]))
  return rows.map(({ detail }) => detail)
}

const chosen = { objectClass: 'REPORT', status: 'READY', isCurrent: true } as const
const names = Object.keys(chosen) as (keyof typeof chosen)[]
const subsets = Array.from({ length: 2 ** names.length }, (_, bits) => names.filter((_name, at) => (bits >> at) % 2 === 1))

test('O11: a page of objects under any filters together is read off an index for just these, in its order', async () => {
  await using place = await places.create()
  const { sql } = await migrated(place)
  for (const some of subsets) {
    const filter: ObjectFilter = { tenantId: 'x', ...Object.fromEntries(some.map((name) => [name, chosen[name]])) }
    const plan = await planOf(sql, (over) => objectTable(over).list(filter, { before: 'x', limit: 50 }))
    const search = plan.find((step) => step.startsWith('SEARCH files '))
    assert.equal(search?.match(/=\?/g)?.length, 1 + some.length, `${some}: ${plan}`)
    assert.ok(search?.includes('id<?') && !plan.some((step) => step.includes('TEMP B-TREE')), `${some}: ${plan}`)
  }
})
