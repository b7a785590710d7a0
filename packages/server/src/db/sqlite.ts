import BetterSqlite from 'better-sqlite3'
import { CompiledQuery, type DatabaseConnection, Kysely, type SqliteDatabase, SqliteDialect, SqliteDriver, type Transaction } from 'kysely'
import { type Database, DatabaseConflict, DatabaseRefused } from './database.ts'
import { openTransactions } from './open-transaction.ts'
import type { Schema } from './schema.ts'

/** Pages of 4 KiB in the write-ahead log before it is folded back: fewer, larger checkpoints double the rate of grouped inserts. */
const CHECKPOINT_PAGES = 8192
const JOURNAL_LIMIT_BYTES = 64 * 1024 * 1024
/** How long a write waits for another process (the command line beside a server) to finish its own. */
const BUSY_MILLISECONDS = 5000
const STATEMENTS_KEPT = 500

export type SqliteOptions = { readonly busyMilliseconds?: number }

/**
 * Opens or creates the database file at `path`, `:memory:` for one that lives as long as the answer.
 * Rejects with `DatabaseRefused` where the file system cannot keep the promises of `Database`.
 */
export async function openSqlite(path: string, options: SqliteOptions = {}): Promise<Database> {
  const file = openWriter(path, options)
  const transactions = openTransactions()
  const writer = kyselyOver(keepStatements(file, transactions.failed))
  const sql = path === ':memory:' ? writer : kyselyOver(keepStatements(openReader(path, options), () => {}))

  const transaction = <T>(work: (sql: Transaction<Schema>) => Promise<T>): Promise<T> =>
    transactions.alone(async () => {
      try {
        return await writer.transaction().execute((begun) => transactions.whole(() => work(begun)))
      } catch (error) {
        throw asConflict(error) ?? error
      }
    })

  return {
    kind: 'sqlite',
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

function openWriter(path: string, options: SqliteOptions): BetterSqlite.Database {
  const file = new BetterSqlite(path, { timeout: options.busyMilliseconds ?? BUSY_MILLISECONDS })
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
    return file
  } catch (error) {
    file.close()
    throw error
  }
}

function openReader(path: string, options: SqliteOptions): BetterSqlite.Database {
  const file = new BetterSqlite(path, { readonly: true, timeout: options.busyMilliseconds ?? BUSY_MILLISECONDS })
  file.pragma('temp_store = memory')
  file.pragma('trusted_schema = off')
  return file
}

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
      const found = kept.get(sql) ?? noting(() => prepare(sql))
      kept.delete(sql)
      kept.set(sql, found)
      if (kept.size > STATEMENTS_KEPT) kept.delete(kept.keys().next().value as string)
      return found
    },
  }
}

/** Takes the write lock at once: a transaction that began by reading could otherwise find its snapshot overtaken by another process. */
class ImmediateDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'))
  }
}

class ImmediateDialect extends SqliteDialect {
  readonly #database: SqliteDatabase
  constructor(database: SqliteDatabase) {
    super({ database })
    this.#database = database
  }
  override createDriver(): SqliteDriver {
    return new ImmediateDriver({ database: this.#database })
  }
}

const kyselyOver = (database: SqliteDatabase): Kysely<Schema> => new Kysely<Schema>({ dialect: new ImmediateDialect(database) })

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
