import { closeSync, openSync } from 'node:fs'
import BetterSqlite from 'better-sqlite3'
import { CompiledQuery, type DatabaseConnection, Kysely, type SqliteDatabase, SqliteDialect, SqliteDriver, type Transaction } from 'kysely'
import { type Clock, systemClock } from '../core/clock.ts'
import { type Database, DatabaseConflict, DatabaseRefused } from './database.ts'
import { openTransactions } from './open-transaction.ts'
import type { Schema } from './schema.ts'
import { groupedTransactions } from './sqlite-groups.ts'
import { tenantScopes } from './tenant-scopes.ts'

/** Pages of 4 KiB in the write-ahead log before it is folded back: fewer, larger checkpoints double the rate of grouped inserts. */
const CHECKPOINT_PAGES = 8192
const JOURNAL_LIMIT_BYTES = 64 * 1024 * 1024
/** How long a write waits for another process (the command line beside a server) to finish its own. */
const BUSY_MILLISECONDS = 10_000
/** SQLite's own waiting stops the whole process, so it is short; after it the process goes on with other things and asks again. */
const BLOCKING_MILLISECONDS = 5
const ASK_AGAIN_MILLISECONDS = 20
const STATEMENTS_KEPT = 500

export type SqliteOptions = { readonly busyMilliseconds?: number; readonly clock?: Clock }

/**
 * Opens or creates the database file at `path`, `:memory:` for one that lives as long as the answer.
 * Rejects with `DatabaseRefused` where the file system cannot keep the promises of `Database`.
 */
export async function openSqlite(path: string, options: SqliteOptions = {}): Promise<Database> {
  const file = openWriter(path)
  const transactions = openTransactions()
  const { busyMilliseconds = BUSY_MILLISECONDS, clock = systemClock } = options
  const patience = { milliseconds: busyMilliseconds, clock, unfinished: () => file.inTransaction }
  const writer = kyselyOver(keepStatements(file, transactions.failed), patience)
  const grouped = groupedTransactions(writer, file)
  const sql = path === ':memory:' ? writer : readerOf(path)

  const transaction = <T>(work: (sql: Transaction<Schema>) => Promise<T>): Promise<T> =>
    transactions.alone(async () => {
      try {
        return await grouped((begun) => transactions.whole(() => work(begun)))
      } catch (error) {
        throw asConflict(error) ?? error
      }
    })

  return {
    kind: 'sqlite',
    scopes: tenantScopes(),
    holdsTenantsApart: false,
    sql,
    writer,
    transaction,
    // One process writes at a time as it is.
    exclusively: (_lock, work) => transaction(work),
    async [Symbol.asyncDispose]() {
      if (sql !== writer) await sql.destroy()
      await writer.destroy()
      file.close()
    },
  }
}

function openWriter(path: string): BetterSqlite.Database {
  // What it holds is for its owner alone; SQLite gives the files beside it the same mode.
  if (path !== ':memory:') closeSync(openSync(path, 'a', 0o600))
  const file = new BetterSqlite(path, { timeout: BUSY_MILLISECONDS })
  try {
    const journal = file.pragma('journal_mode = wal', { simple: true })
    if (path !== ':memory:' && journal !== 'wal') {
      throw new DatabaseRefused(
        `The file system of ${path} has no write-ahead log (journal mode ${journal}). Put the data folder on a local disk.`,
      )
    }
    file.pragma('synchronous = full')
    file.pragma('foreign_keys = on')
    file.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
    file.pragma(`journal_size_limit = ${JOURNAL_LIMIT_BYTES}`)
    // What was deleted, such as a shredded key, is overwritten; what is sorted stays in memory.
    file.pragma('secure_delete = on')
    file.pragma('temp_store = memory')
    file.pragma('trusted_schema = off')
    const FULL = 2
    if (file.pragma('synchronous', { simple: true }) !== FULL || file.pragma('foreign_keys', { simple: true }) !== 1) {
      throw new DatabaseRefused('This build of SQLite does not take synchronous=FULL and foreign keys. Install the dependencies again.')
    }
    file.pragma(`busy_timeout = ${BLOCKING_MILLISECONDS}`)
    return file
  } catch (error) {
    file.close()
    throw error
  }
}

function openReader(path: string): BetterSqlite.Database {
  const file = new BetterSqlite(path, { readonly: true, timeout: BUSY_MILLISECONDS })
  file.pragma('temp_store = memory')
  file.pragma('trusted_schema = off')
  return file
}

const readerOf = (path: string): Kysely<Schema> =>
  kyselyOver(
    keepStatements(openReader(path), () => {}),
    null,
  )

/** Prepared statements are kept by their text, since preparing one costs several times what running it does. */
function keepStatements(file: BetterSqlite.Database, failed: (error: unknown) => void): SqliteDatabase {
  const kept = new Map<string, ReturnType<SqliteDatabase['prepare']>>()
  const noting = <T>(run: () => T): T => {
    try {
      return run()
    } catch (error) {
      failed(error)
      throw error
    }
  }
  const prepare = (sql: string): ReturnType<SqliteDatabase['prepare']> => {
    const statement = file.prepare(sql)
    return {
      reader: statement.reader,
      all: (parameters) => noting(() => statement.all(parameters)),
      run: (parameters) => noting(() => statement.run(parameters)),
      // Rows that are iterated hold the statement, so this one is not shared.
      iterate: (parameters) => file.prepare(sql).iterate(parameters) as IterableIterator<unknown>,
    }
  }
  return {
    close: () => file.close(),
    prepare(sql) {
      const found = kept.get(sql)
      if (found) return found
      const prepared = noting(() => prepare(sql))
      if (kept.size === STATEMENTS_KEPT) kept.delete(kept.keys().next().value as string)
      kept.set(sql, prepared)
      return prepared
    },
  }
}

/** How a write waits while another process writes; `unfinished` tells whether a transaction is open. */
type Patience = { readonly milliseconds: number; readonly clock: Clock; readonly unfinished: () => boolean }

/** Takes the write lock at once: a transaction that began by reading could otherwise find its snapshot overtaken by another process. */
class ImmediateDriver extends SqliteDriver {
  readonly #patience: Patience | null
  #patient: DatabaseConnection | null = null

  constructor(database: SqliteDatabase, patience: Patience | null) {
    super({ database })
    this.#patience = patience
  }

  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'))
  }

  /** SQLite has undone the transaction by itself where the disk was full or failed. */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#patience?.unfinished()) await super.rollbackTransaction(connection)
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    const connection = await super.acquireConnection()
    if (this.#patient === connection || !this.#patience) return connection
    this.#patient = connection
    const execute = connection.executeQuery.bind(connection)
    const patience = this.#patience
    connection.executeQuery = (query) => askAgain(patience, () => execute(query))
    return connection
  }
}

/** A statement that found the database locked has done nothing, so it may be run again, unless it is part of something larger. */
async function askAgain<T>(patience: Patience, run: () => Promise<T>): Promise<T> {
  const { clock } = patience
  for (let deadline = Number.NaN; ; ) {
    try {
      return await run()
    } catch (error) {
      if (!(error instanceof BetterSqlite.SqliteError) || !error.code.startsWith('SQLITE_BUSY') || patience.unfinished()) throw error
      if (Number.isNaN(deadline)) deadline = clock.now() + patience.milliseconds
      if (clock.now() >= deadline) throw error
      await clock.sleep(Math.random() * ASK_AGAIN_MILLISECONDS)
    }
  }
}

class ImmediateDialect extends SqliteDialect {
  readonly #create: () => SqliteDriver
  constructor(database: SqliteDatabase, patience: Patience | null) {
    super({ database })
    this.#create = () => new ImmediateDriver(database, patience)
  }
  override createDriver(): SqliteDriver {
    return this.#create()
  }
}

const kyselyOver = (database: SqliteDatabase, patience: Patience | null): Kysely<Schema> =>
  new Kysely<Schema>({ dialect: new ImmediateDialect(database, patience) })

/** SQLite names the columns, `UNIQUE constraint failed: cases.tenant_id, cases.number`, of which our names are made. */
function asConflict(error: unknown): DatabaseConflict | null {
  if (!(error instanceof BetterSqlite.SqliteError)) return null
  switch (error.code) {
    case 'SQLITE_CONSTRAINT_UNIQUE':
    case 'SQLITE_CONSTRAINT_PRIMARYKEY': {
      const columns = error.message.slice(error.message.indexOf(': ') + 2).split(', ')
      const table = columns[0]?.split('.')[0]
      return new DatabaseConflict('unique', [table, ...columns.map((column) => column.split('.')[1])].join('_'), error)
    }
    case 'SQLITE_CONSTRAINT_FOREIGNKEY':
      return new DatabaseConflict('foreign-key', null, error)
    case 'SQLITE_CONSTRAINT_CHECK':
      return new DatabaseConflict('check', null, error)
    case 'SQLITE_CONSTRAINT_NOTNULL':
      return new DatabaseConflict('not-null', null, error)
    default:
      return null
  }
}
