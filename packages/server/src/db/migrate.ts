import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import type { Clock } from '../core/clock.ts'
import { type CrashPoints, noCrashPoints } from '../core/crash-point.ts'
import { type Database, DatabaseRefused, type Sql } from './database.ts'
import { migrations as released } from './migrations/index.ts'
import { type Migration, postgresWords, sqliteWords, type Words } from './migrations/migration.ts'

export type MigrateDeps = {
  readonly clock: Clock
  /** Of this program, e.g. '0.1.0': recorded with each migration, to be named to an older program. */
  readonly version: string
  readonly points?: CrashPoints
  readonly migrations?: readonly Migration[]
}

type Applied = { readonly position: number; readonly name: string; readonly checksum: string; readonly version: string }

/**
 * Brings the database to the newest layout, one transaction a migration, and answers the names of those it ran.
 * Any number of instances may call it at once: each migration runs once. A database that a newer program made, or
 * whose recorded migrations are not those of this program, rejects with `DatabaseRefused` and stays as it was.
 */
export async function migrate(database: Database, deps: MigrateDeps): Promise<string[]> {
  const done: string[] = []
  for (;;) {
    const name = await database.exclusively('migrate', (transaction) => applyNext(transaction, database.kind, deps))
    if (name === null) return done
    deps.points?.reach('migration.after-commit')
    done.push(name)
  }
}

async function applyNext(transaction: Sql, kind: Database['kind'], deps: MigrateDeps): Promise<string | null> {
  const words = kind === 'sqlite' ? sqliteWords : postgresWords
  const known = deps.migrations ?? released
  const applied = await readApplied(transaction, words)
  refuseForeign(applied, known, { words, version: deps.version })
  const next = known[applied.length]
  if (!next) return null
  if (applied.length === 0) await createRecord(transaction, words)
  for (const statement of next.statements(words)) await sql.raw(statement).execute(transaction)
  const row = { position: applied.length + 1, name: next.name, checksum: checksumOf(next, words) }
  await transaction
    .insertInto('holdfast_migrations')
    .values({ ...row, version: deps.version, applied_at: deps.clock.now() })
    .execute()
  ;(deps.points ?? noCrashPoints).reach('migration.before-commit')
  return next.name
}

async function readApplied(transaction: Sql, words: Words): Promise<Applied[]> {
  const tables = await tableNames(transaction, words)
  if (tables.includes('holdfast_migrations')) {
    return await transaction.selectFrom('holdfast_migrations').selectAll().orderBy('position').execute()
  }
  if (tables.includes('tenants') || tables.includes('files')) {
    throw new DatabaseRefused('This database holds tables of another program. Give Holdfast an empty database of its own.')
  }
  return []
}

async function tableNames(transaction: Sql, words: Words): Promise<string[]> {
  const query =
    words.kind === 'sqlite'
      ? sql<{ name: string }>`select name from sqlite_master where type = 'table'`
      : sql<{ name: string }>`select tablename as name from pg_tables where schemaname = current_schema()`
  return (await query.execute(transaction)).rows.map((row) => row.name)
}

async function createRecord(transaction: Sql, t: Words): Promise<void> {
  await sql
    .raw(
      `create table holdfast_migrations (
        position ${t.int} not null, name ${t.id} not null, checksum ${t.id} not null, version ${t.id} not null, applied_at ${t.int} not null,
        constraint holdfast_migrations_position primary key (position)) ${t.table}`,
    )
    .execute(transaction)
}

function refuseForeign(applied: readonly Applied[], known: readonly Migration[], own: { words: Words; version: string }): void {
  for (const [index, row] of applied.entries()) {
    const migration = known[index]
    if (!migration) {
      const maker = applied.at(-1)?.version ?? row.version
      throw new DatabaseRefused(
        `This database was made by Holdfast ${maker}, which is newer than this program (${own.version}). ` +
          `Start Holdfast ${maker} or later, or restore a backup that ${own.version} made. Nothing was changed.`,
      )
    }
    if (migration.name !== row.name || checksumOf(migration, own.words) !== row.checksum) {
      throw new DatabaseRefused(
        `Migration ${row.position} of this database (${row.name}, applied by Holdfast ${row.version}) is not the one that ` +
          `Holdfast ${own.version} knows (${migration.name}). Start the program that made it. Nothing was changed.`,
      )
    }
  }
}

const checksumOf = (migration: Migration, words: Words): string =>
  createHash('sha256')
    .update(JSON.stringify([migration.name, ...migration.statements(words)]))
    .digest('hex')
