import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql as raw } from 'kysely'
import { newId } from '../src/core/ids.ts'
import { DatabaseConflict, type Sql } from '../src/db/database.ts'
import { migrated, type Places } from './database-places.ts'

/** What every metadata store keeps of the rows themselves: constraints, values, order. */
export function valuesContract(places: Places): void {
  conflicts(places)
  values(places)
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
      for (const key of keys) await sql.insertInto('meta').values({ key, value: '' }).execute()
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
