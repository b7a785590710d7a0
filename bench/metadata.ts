import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import BetterSqlite from 'better-sqlite3'
import pg from 'pg'
import { systemClock } from '../packages/server/src/core/clock.ts'
import type { Database } from '../packages/server/src/db/database.ts'
import { openPostgres } from '../packages/server/src/db/postgres.ts'
import { openSqlite } from '../packages/server/src/db/sqlite.ts'
import type { Store, Tx } from '../packages/server/src/db/store.ts'
import { startPostgres } from '../test/servers/postgres.ts'
import { bareStatements, fillFiles, type Home, initiate, newFile, prepare } from './metadata-rows.part.ts'

// The metadata store against the bare database: `node bench/metadata.ts [--rows N] [--rounds N] [--count N]`. Variants run in turn,
// round by round; ratios are taken within a round. The floor is the same rows in the same tables by prepared statements alone.

const { values } = parseArgs({ options: { rows: { type: 'string' }, rounds: { type: 'string' }, count: { type: 'string' } } })
const ROWS = Number(values.rows ?? 1_000_000)
const ROUNDS = Number(values.rounds ?? 15)
const COUNT = Number(values.count ?? 400)
const FEW = 1000

type Bare = { readonly home: Home; transact(): Promise<void> }
type Subject = {
  readonly name: string
  /** A database of its own with its tables. */
  open(name: string): Promise<Database>
  /** Floors for 1, 8 and 32 at once. */
  bare(name: string, home: Home, connections: number): Promise<Bare & AsyncDisposable>
  readonly floors: readonly number[]
}

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!
const say = (name: string, text: string) => process.stdout.write(`${name.padEnd(64)}${text}\n`)
const told = (target: string | null) => (target ? `  (target ${target})` : '')

/** Runs `act` `count` times, `atOnce` of them at a time; answers how many a second. */
async function rate(count: number, atOnce: number, act: () => Promise<unknown>): Promise<number> {
  const begun = performance.now()
  let left = count
  const lane = async () => {
    for (; left > 0; left--) await act()
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  return (count / (performance.now() - begun)) * 1000
}

/** Initiate with its audit entry, against two bare inserts in a transaction. */
async function transactions(subject: Subject): Promise<void> {
  await using database = await subject.open('ours')
  const { store, home } = await prepare(database)
  for (const atOnce of [1, 8, 32]) {
    const connections = Math.min(atOnce, Math.max(...subject.floors))
    await using bareDatabase = await subject.open(`bare${atOnce}`)
    const bare = await subject.bare(`bare${atOnce}`, (await prepare(bareDatabase)).home, connections)
    const floors: number[] = []
    const ours: number[] = []
    for (let round = 0; round <= ROUNDS; round++) {
      floors.push(await rate(COUNT, connections, () => bare.transact()))
      ours.push(await rate(COUNT, atOnce, () => store.transaction((tx) => initiate(tx, home))))
    }
    // The first round warms up.
    floors.shift()
    ours.shift()
    const ratio = median(ours.map((value, round) => value / floors[round]!))
    const figures = `${ratio.toFixed(2)} × bare (${median(ours).toFixed(0)} / ${median(floors).toFixed(0)} a second)`
    say(`${subject.name}: file + audit entry, ${atOnce} at once`, figures + told('≥ 0.80'))
  }
}

/** A page of 50 files of a case, newest first, from the middle: of many rows against few. */
async function pages(subject: Subject): Promise<void> {
  await using many = await subject.open('many')
  await using few = await subject.open('few')
  const [large, small] = [await prepare(many), await prepare(few)]
  const middles = [await fillFiles(many, large.home, ROWS), await fillFiles(few, small.home, FEW)] as const
  const kinds = { all: {}, 'of a case': { caseId: true }, 'of a status': { status: 'READY' as const } }
  for (const [kind, filter] of Object.entries(kinds)) {
    const page = (store: Store, home: Home, before: string) => () => {
      const wanted = { tenantId: home.tenantId, ...('status' in filter ? filter : 'caseId' in filter ? { caseId: home.caseId } : {}) }
      return store.read.files.list(wanted, { before, limit: 50 })
    }
    const [ofMany, ofFew] = [page(large.store, large.home, middles[0]), page(small.store, small.home, middles[1])]
    const times: [number, number][] = []
    for (let round = 0; round < ROUNDS + 1; round++) times.push([1e6 / (await rate(100, 1, ofMany)), 1e6 / (await rate(100, 1, ofFew))])
    times.shift()
    const ratio = median(times.map(([a, b]) => a / b))
    const figures = `${ratio.toFixed(2)} × of ${FEW} rows (${median(times.map(([a]) => a)).toFixed(0)} / ${median(times.map(([, b]) => b)).toFixed(0)} µs)`
    say(`${subject.name}: page of files ${kind} at ${ROWS} rows`, figures + told('≤ 1.20'))
  }
}

/** Claim and settle: workers that take one job at a time, as many as the server's default, and ones that take what they have room for. */
async function jobs(subject: Subject): Promise<void> {
  await using database = await subject.open('jobs')
  const { store } = await prepare(database)
  const enqueue = () =>
    store.transaction(async (tx) => {
      for (let index = 0; index < 500; index++) await tx.jobs.enqueue({ kind: 'bench', tenantId: null, payload: { fileId: index } })
    })
  for (const [workers, limit] of [
    [1, 1],
    [8, 1],
    [4, 16],
  ] as const) {
    const rates: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      for (let filled = 0; filled < COUNT; filled += 500) await enqueue()
      let claimed = 0
      const begun = performance.now()
      const work = async (owner: string) => {
        for (;;) {
          const leases = await store.leases.claim(owner, { kinds: ['bench'], limit, until: systemClock.now() + 60_000 })
          if (leases.length === 0) return
          claimed += leases.length
        }
      }
      await Promise.all(Array.from({ length: workers }, (_, index) => work(`worker ${index}`)))
      rates.push((claimed / (performance.now() - begun)) * 1000)
    }
    say(
      `${subject.name}: jobs claimed, ${workers} workers, up to ${limit} a claim`,
      `${median(rates).toFixed(0)} a second${told('≥ 2000')}`,
    )
  }
}

/** Rows added in groups, as Sync and migration do. */
async function groups(subject: Subject): Promise<void> {
  await using database = await subject.open('groups')
  const { store, home } = await prepare(database)
  const GROUP = 64
  const kinds = {
    'files alone': [(tx: Tx) => tx.files.insert(newFile(home)), 1],
    'files and entries': [(tx: Tx) => initiate(tx, home), 2],
  } as const
  for (const [kind, [add, rows]] of Object.entries(kinds)) {
    const group = () =>
      store.transaction(async (tx) => {
        for (let index = 0; index < GROUP; index++) await add(tx)
      })
    const rates: number[] = []
    for (let round = 0; round < ROUNDS; round++) rates.push((await rate(Math.ceil(COUNT / GROUP), 1, group)) * GROUP * rows)
    say(`${subject.name}: rows of ${kind} in groups of ${GROUP}`, `${median(rates).toFixed(0)} a second${told('≥ 20000 on SQLite')}`)
  }
}

async function sqliteSubject(directory: string): Promise<Subject> {
  const path = (name: string) => join(directory, `${name}.db`)
  return {
    name: 'SQLite',
    open: (name) => openSqlite(path(name)),
    floors: [1],
    async bare(name, home) {
      const file = new BetterSqlite(path(name))
      for (const pragma of ['synchronous = full', 'foreign_keys = on', 'wal_autocheckpoint = 8192']) file.pragma(pragma)
      const mark = () => '?'
      const prepared = bareStatements(home, mark).map(({ text }) => file.prepare(text))
      const [begin, commit] = [file.prepare('begin immediate'), file.prepare('commit')]
      return {
        home,
        async transact() {
          const rows = bareStatements(home, mark)
          begin.run()
          for (const [index, statement] of prepared.entries()) statement.run(rows[index]!.values)
          commit.run()
        },
        [Symbol.asyncDispose]: async () => void file.close(),
      }
    },
  }
}

async function postgresSubject(createDatabase: () => Promise<string>): Promise<Subject> {
  const urls = new Map<string, string>()
  return {
    name: 'PostgreSQL',
    async open(name) {
      urls.set(name, await createDatabase())
      return openPostgres(urls.get(name)!, { connections: 32 })
    },
    floors: [1, 8, 32],
    async bare(name, home, connections) {
      const pool = new pg.Pool({ connectionString: urls.get(name)!, max: connections })
      return {
        home,
        async transact() {
          const client = await pool.connect()
          await client.query('begin')
          const statements = bareStatements(home, (index) => `$${index}`)
          for (const [index, { text, values: row }] of statements.entries())
            await client.query({ name: `s${index}`, text, values: [...row] })
          await client.query('commit')
          client.release()
        },
        [Symbol.asyncDispose]: () => pool.end(),
      }
    },
  }
}

const directory = await mkdtemp(join(tmpdir(), 'holdfast-bench-'))
const server = await startPostgres()
try {
  for (const subject of [await sqliteSubject(directory), await postgresSubject(() => server.createDatabase())]) {
    await transactions(subject)
    await groups(subject)
    await jobs(subject)
    await pages(subject)
  }
} finally {
  await server.stop()
  await rm(directory, { recursive: true })
}
