import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { newId } from '../packages/server/src/core/ids.ts'
import type { Database } from '../packages/server/src/db/database.ts'
import type { ObjectFilter } from '../packages/server/src/db/objects.ts'
import { openPostgres } from '../packages/server/src/db/postgres.ts'
import { openSqlite } from '../packages/server/src/db/sqlite.ts'
import type { Store } from '../packages/server/src/db/store.ts'
import { startPostgres } from '../test/servers/postgres.ts'
import { type Home, prepare } from './metadata-rows.part.ts'
import { fillObjects } from './object-rows.part.ts'

// A page of the files browser under each of its filters, of many objects against few: `node bench/lists.ts [--database sqlite|postgres]
// [--rows N] [--rounds N]`. Both have a full page of rows, or none at all. Ratios are taken within a round.

const { values } = parseArgs({ options: { database: { type: 'string' }, rows: { type: 'string' }, rounds: { type: 'string' } } })
const ROWS = Number(values.rows ?? 1_000_000)
const ROUNDS = Number(values.rounds ?? 15)
const FEW = 1000
const PAGES = 20
/** Few enough that the thousand rows have a full page for every filter that anything passes. */
const PAGE = 25

const filters: Record<string, Omit<ObjectFilter, 'tenantId'>> = {
  'of all': {},
  'of an owner': { ownerType: 'User', ownerId: 'usr_1' },
  'of a class': { objectClass: 'CLASS_1' },
  'of a status': { status: 'READY' },
  'of a rare status': { status: 'REJECTED' },
  current: { isCurrent: true },
  'not current': { isCurrent: false },
  held: { held: true },
  'not held': { held: false },
  'of an owner and a class': { ownerType: 'User', ownerId: 'usr_1', objectClass: 'CLASS_1' },
  'of an owner, current': { ownerType: 'User', ownerId: 'usr_1', isCurrent: true },
  'of a class, current': { objectClass: 'CLASS_1', isCurrent: true },
  'of a class and a status': { objectClass: 'CLASS_1', status: 'READY' },
  'of a class, replaced': { objectClass: 'CLASS_1', isCurrent: false },
  'of a status, current': { status: 'READY', isCurrent: true },
  'rejected and current (none)': { status: 'REJECTED', isCurrent: true },
  'of a class that has none rejected (none)': { objectClass: 'CLASS_0', status: 'REJECTED' },
  'of a class that replaces nothing (none)': { objectClass: 'CLASS_0', isCurrent: false, status: 'READY' },
  'of a class, held': { objectClass: 'CLASS_1', held: true },
  'current, of a class, not held, ready': { objectClass: 'CLASS_1', status: 'READY', isCurrent: true, held: false },
}

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!

type Filled = { readonly store: Store; readonly home: Home }

async function fill(database: Database, rows: number): Promise<Filled> {
  const { store, home } = await prepare(database)
  await fillObjects(database, home, rows)
  return { store, home }
}

/** Microseconds a page. */
async function timed({ store, home }: Filled, filter: Omit<ObjectFilter, 'tenantId'>): Promise<number> {
  const begun = performance.now()
  const list = () => store.read.objects.list({ tenantId: home.tenantId, ...filter }, { before: null, limit: PAGE })
  for (let page = 0; page < PAGES; page += 1) await store.scopes.within(home.tenantId, list)
  return ((performance.now() - begun) / PAGES) * 1000
}

async function compare(name: string, open: () => Promise<Database>): Promise<void> {
  await using many = await open()
  await using few = await open()
  const [large, small] = [await fill(many, ROWS), await fill(few, FEW)]
  for (const [kind, filter] of Object.entries(filters)) {
    const times: [number, number][] = []
    for (let round = 0; round <= ROUNDS; round += 1) times.push([await timed(large, filter), await timed(small, filter)])
    // The first round warms up.
    times.shift()
    const [ratio, ofMany, ofFew] = [times.map(([a, b]) => a / b), times.map(([a]) => a), times.map(([, b]) => b)].map(median)
    const figures = `${ratio!.toFixed(2)} × of ${FEW} (${ofMany!.toFixed(0)} / ${ofFew!.toFixed(0)} µs)  (target ≤ 1.20)`
    process.stdout.write(`${`${name}: ${kind}`.padEnd(60)}${figures}\n`)
  }
}

if (values.database !== 'postgres') {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-bench-'))
  const open = () => openSqlite(join(directory, `${newId()}.db`))
  await compare('SQLite', open).finally(() => rm(directory, { recursive: true }))
}
if (values.database !== 'sqlite') {
  const server = await startPostgres()
  await compare('PostgreSQL', async () => openPostgres(await server.createDatabase())).finally(() => server.stop())
}
