import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Case, PageOf } from '@holdfast/api'
import { sql } from 'kysely'
import { asSuperuser } from '../../../test/servers/postgres.ts'
import { systemClock } from '../src/core/clock.ts'
import { noCrashPoints } from '../src/core/crash-point.ts'
import type { Sql } from '../src/db/database.ts'
import { openPostgres } from '../src/db/postgres.ts'
import { createLogger } from '../src/http/request-log.ts'
import { createWorker } from '../src/jobs/worker.ts'
import { type Place, postgresPlaces } from './database-places.ts'
import { type FileWorld, openFileWorld, type TestTenant } from './file-world.ts'

// What PostgreSQL itself keeps from statements that name no tenant, or the wrong one.

const places = postgresPlaces()
let place: Place
let world: FileWorld
let other: TestTenant
before(async () => {
  place = await places.create()
  world = await openFileWorld({ databaseUrl: place.address ?? '' })
  other = await world.newTenant('other')
  await world.api.newCase('MINE')
  await other.api.examiner.newCase('THEIRS')
})
after(async () => {
  await world?.[Symbol.asyncDispose]()
  await place?.[Symbol.asyncDispose]()
  await places.end()
})

/** The query of somebody who forgot whose cases were asked for. */
const everyCase = async (over: Sql): Promise<string[]> =>
  (await sql<{ number: string }>`select number from cases where id <> ${'x'} order by number`.execute(over)).rows.map((row) => row.number)

test('O6: a query that forgets its tenant gets rows of the tenant that the work is for, and none where it is for nobody', async () => {
  const { database } = world.instance
  const { scopes } = database
  assert.deepEqual(await everyCase(database.sql), ['MINE', 'THEIRS'], "the program's own work")
  for (const look of [() => everyCase(database.sql), () => database.transaction(everyCase)]) {
    assert.deepEqual(await scopes.within(world.tenant.id, look), ['MINE'])
    assert.deepEqual(await scopes.within(other.id, look), ['THEIRS'])
    assert.deepEqual(await scopes.nobody(look), [])
    assert.deepEqual(await scopes.within(other.id, () => scopes.within(null, look)), ['MINE', 'THEIRS'])
  }
})

test('O6: statements and transactions of many tenants at once over few connections see each their own', async () => {
  await using few = await openPostgres(place.address ?? '', { connections: 2 })
  const asked = Array.from({ length: 200 }, (_, index) => {
    const [tenant, number] = index % 2 === 0 ? [world.tenant.id, 'MINE'] : [other.id, 'THEIRS']
    const broken = (begun: Sql) => everyCase(begun).then(() => Promise.reject(new Error('given up')))
    return few.scopes.within(tenant, async () => {
      if (index % 5 === 0) await assert.rejects(few.transaction(broken), /given up/)
      return [await (index % 3 === 0 ? few.transaction(everyCase) : everyCase(few.sql)), number] as const
    })
  })
  for (const [seen, own] of await Promise.all(asked)) assert.deepEqual(seen, [own])
})

test('O6: a connection that names no tenant sees nothing, and no row can be written for another tenant', async () => {
  const { database } = world.instance
  const unset = await database.transaction(async (begun) => {
    await sql`set local holdfast.tenant to default`.execute(begun)
    return everyCase(begun)
  })
  assert.deepEqual(unset, [])
  const steal = (begun: Sql) => sql`update cases set tenant_id = ${world.tenant.id} where number = 'THEIRS'`.execute(begun)
  const give = (begun: Sql) => sql`update cases set tenant_id = ${other.id} where number = 'MINE'`.execute(begun)
  await database.scopes.within(world.tenant.id, () => database.transaction(steal))
  await assert.rejects(
    database.scopes.within(world.tenant.id, () => database.transaction(give)),
    /row-level security/,
  )
  assert.deepEqual(await database.scopes.within(other.id, () => everyCase(database.sql)), ['THEIRS'])
})

test('O6: a route whose service forgets its tenant answers nothing of another one, with a body and without', async () => {
  const { services } = world.app
  const { database } = world.instance
  const forgetful = { list: services.cases.list, create: services.cases.create }
  const seen: string[][] = []
  const look = async () => {
    seen.push(await everyCase(database.sql), await database.transaction(everyCase))
  }
  Object.assign(services.cases, {
    list: (...args: Parameters<typeof forgetful.list>) => look().then(() => forgetful.list(...args)),
    create: (...args: Parameters<typeof forgetful.create>) => look().then(() => forgetful.create(...args)),
  })
  try {
    for (const api of [world.api, other.api.examiner]) await api.call<PageOf<Case>>('GET', '/cases')
    await other.api.examiner.newCase('THEIRS-2')
  } finally {
    Object.assign(services.cases, forgetful)
  }
  assert.deepEqual(seen, [['MINE'], ['MINE'], ['THEIRS'], ['THEIRS'], ['THEIRS'], ['THEIRS']])
})

test('O6: the job of a tenant reaches its rows alone, the job of the system those of all', async () => {
  const { store, database } = world.instance
  const seen = new Map<string | null, number>()
  const handler = {
    kind: 'look',
    async handle({ tenantId }: { tenantId: string | null }) {
      seen.set(
        tenantId,
        new Set((await sql<{ id: string }>`select tenant_id as id from cases`.execute(database.sql)).rows.map(({ id }) => id)).size,
      )
    },
  }
  await using worker = createWorker({
    ...{ store, clock: systemClock, points: noCrashPoints, logger: createLogger({ level: 'fatal' }), handlers: [handler] },
  })
  worker.start()
  const jobs = [world.tenant.id, other.id, null].map((tenantId) => ({ kind: 'look', tenantId, payload: {} }))
  await store.transaction(async (tx) => {
    for (const job of jobs) await tx.jobs.enqueue(job)
  })
  while (seen.size < jobs.length) await systemClock.sleep(10)
  assert.deepEqual([...seen.values()].toSorted(), [1, 1, 2])
})

test('O6: every table that knows a tenant is held to it, for its owner too', async () => {
  const { rows } = await sql<{ name: string; enforced: boolean; policies: number }>`
    select c.relname as name, c.relrowsecurity and c.relforcerowsecurity as enforced,
      (select count(*)::int from pg_policy p where p.polrelid = c.oid) as policies
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r'
      and (a.attname = 'tenant_id' or (c.relname = 'tenants' and a.attname = 'id')) order by 1`.execute(world.instance.database.sql)
  assert.ok(rows.some(({ name }) => name === 'files') && rows.some(({ name }) => name === 'tenants'))
  assert.deepEqual(
    rows.filter(({ enforced, policies }) => !enforced || policies !== 1),
    [],
  )
})

test('O6: a role that PostgreSQL holds to no policy is known', async () => {
  assert.equal(world.instance.database.holdsTenantsApart, true)
  await using exempt = await openPostgres(asSuperuser(place.address ?? ''), { connections: 1 })
  assert.equal(exempt.holdsTenantsApart, false)
})
