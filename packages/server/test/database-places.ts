import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { asSuperuser, type PostgresServer, startPostgres } from '../../../test/servers/postgres.ts'
import { type Clock, systemClock } from '../src/core/clock.ts'
import { auditLog } from '../src/db/audit-log.ts'
import type { Database } from '../src/db/database.ts'
import { migrate } from '../src/db/migrate.ts'
import { openPostgres } from '../src/db/postgres.ts'
import { openSqlite } from '../src/db/sqlite.ts'
import { createStore, type Store } from '../src/db/store.ts'

/** An empty database. What is opened from it is closed with it. */
export interface Place extends AsyncDisposable {
  readonly kind: Database['kind']
  /** A path or URL by which another process finds it; null in memory. */
  readonly address: string | null
  /** A connection of its own, as another instance has; in memory there is but one. */
  open(): Promise<Database>
}

/** Makes the places of one test file. */
export interface Places {
  readonly name: string
  /** A place without rows. */
  create(): Promise<Place>
  /** One without tables either. */
  createBlank(): Promise<Place>
  end(): Promise<void>
}

type Connect = () => Promise<Database>

const place = (kind: Database['kind'], address: string | null, own: { connect: Connect; clean?: () => Promise<void> }): Place => {
  const opened: Database[] = []
  return {
    kind,
    address,
    async open() {
      const database = await own.connect()
      opened.push(database)
      return database
    },
    async [Symbol.asyncDispose]() {
      for (const database of new Set(opened)) await database[Symbol.asyncDispose]()
      await own.clean?.()
    },
  }
}

const createInMemory = async (): Promise<Place> => {
  const only = openSqlite(':memory:')
  return place('sqlite', null, { connect: () => only })
}
export const memoryPlaces: Places = { name: 'SQLite in memory', create: createInMemory, createBlank: createInMemory, end: async () => {} }

export function sqlitePlaces(): Places {
  const directories: string[] = []
  const create = async () => {
    const directory = await mkdtemp(join(tmpdir(), 'holdfast-db-'))
    directories.push(directory)
    const path = join(directory, 'holdfast.db')
    return place('sqlite', path, { connect: () => openSqlite(path) })
  }
  return {
    name: 'SQLite',
    create,
    createBlank: create,
    async end() {
      for (const directory of directories) await rm(directory, { recursive: true })
    },
  }
}

/** Each place is a schema of one database. Making the tables takes PostgreSQL far longer than emptying them, so they are used again. */
export function postgresPlaces(): Places {
  let server: Promise<PostgresServer> | null = null
  let schemas = 0
  const emptied: string[] = []
  const run = async (url: string, statement: string) => {
    await using database = await openPostgres(url, { connections: 1 })
    await sql.raw(statement).execute(database.writer)
  }
  const at = (address: string, clean?: () => Promise<void>) =>
    place('postgres', address, { connect: () => openPostgres(address, { connections: 8 }), ...(clean ? { clean } : {}) })
  const blank = async () => {
    server ??= startPostgres()
    const { url } = await server
    schemas += 1
    await run(url, `create schema place_${schemas}`)
    return `${url}?options=${encodeURIComponent(`-c search_path=place_${schemas}`)}`
  }
  return {
    name: 'PostgreSQL',
    async create() {
      const address = emptied.pop() ?? (await blank())
      return at(address, async () => {
        // Without triggers, which is for a superuser to ask for.
        await run(asSuperuser(address), emptyTables)
        emptied.push(address)
      })
    },
    createBlank: async () => at(await blank()),
    async end() {
      await (await server)?.stop()
    },
  }
}

const emptyTables = `do $$ declare found text; begin
  set local session_replication_role = replica;
  for found in select tablename from pg_tables where schemaname = current_schema() and tablename <> 'holdfast_migrations' loop
    execute format('delete from %I', found);
  end loop;
end $$`

export const TEST_VERSION = '0.1.0'

export const storeOn = (database: Database, clock: Clock = systemClock): Store =>
  createStore(database, { clock, auditLog: (sql) => auditLog(sql, { clock }) })

export const migrated = async (place: Place): Promise<Database> => {
  const database = await place.open()
  await migrate(database, { clock: systemClock, version: TEST_VERSION })
  return database
}
