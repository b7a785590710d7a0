import {
  CompiledQuery,
  type DatabaseConnection,
  Kysely,
  PostgresDialect,
  type PostgresDialectConfig,
  PostgresDriver,
  sql,
  type Transaction,
} from 'kysely'
import pg from 'pg'
import { type Clock, systemClock } from '../core/clock.ts'
import { type Database, DatabaseConflict, DatabaseRefused } from './database.ts'
import { openTransactions } from './open-transaction.ts'
import type { Schema } from './schema.ts'

const CONNECTIONS = 10
const CONNECT_MILLISECONDS = 10_000
/** A transaction that stands still this long belongs to a process that hangs; its locks go back to the others. */
const IDLE_IN_TRANSACTION_MILLISECONDS = 60_000
const ATTEMPTS = 20
const OLDEST_VERSION = 140_000

export type PostgresOptions = {
  /** Connections that this process keeps at most. */
  readonly connections?: number
  readonly clock?: Clock
  /** Told of connections that broke while idle; they are replaced by themselves. */
  readonly onConnectionLost?: (error: Error) => void
}

/**
 * Connects to the database that `url` names (`postgres://user:password@host:port/name`; its session must be its own: no
 * transaction pooling in between). Rejects with `DatabaseRefused` where the server cannot keep the promises of `Database`.
 */
export async function openPostgres(url: string, options: PostgresOptions = {}): Promise<Database> {
  const pool = openPool(url, options)
  const transactions = openTransactions()
  const writer = new Kysely<Schema>({ dialect: new NotingDialect({ pool, onCreateConnection: prepareSession }, transactions.failed) })
  const oneByOne = turns()
  const clock = options.clock ?? systemClock

  const attempt = async <T>(level: 'serializable' | 'read committed', work: (sql: Transaction<Schema>) => Promise<T>): Promise<T> => {
    try {
      return await writer
        .transaction()
        .setIsolationLevel(level)
        .execute((begun) => transactions.whole(() => work(begun)))
    } catch (error) {
      throw asConflict(error) ?? error
    }
  }
  const retried = <T>(once: () => Promise<T>): Promise<T> =>
    transactions.alone(async () => {
      for (let attempts = 1; ; attempts++) {
        try {
          // Those that met one another go on in turn, or many of them on one row would keep failing each other.
          return await (attempts === 1 ? once() : oneByOne(once))
        } catch (error) {
          if (attempts === ATTEMPTS || !asksForRetry(error)) throw error
          await clock.sleep(Math.random() * Math.min(2 ** attempts, 100))
        }
      }
    })

  try {
    await refuseUnsafe(writer, url)
  } catch (error) {
    await writer.destroy()
    throw error
  }
  return {
    kind: 'postgres',
    sql: writer,
    writer,
    transaction: (work) => retried(() => attempt('serializable', work)),
    exclusively: (lock, work) =>
      retried(() =>
        // Each statement sees what was committed before it, thus after the lock is held all that its last holder did.
        attempt('read committed', async (begun) => {
          await sql`select pg_advisory_xact_lock(hashtextextended(${`holdfast.${lock}`}, 0))`.execute(begun)
          return await work(begun)
        }),
      ),
    [Symbol.asyncDispose]: () => writer.destroy(),
  }
}

function openPool(url: string, options: PostgresOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.connections ?? CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MILLISECONDS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MILLISECONDS,
    keepAlive: true,
    application_name: 'holdfast',
    types: { getTypeParser: (oid: number, format?: 'text' | 'binary') => numbers[oid] ?? pg.types.getTypeParser(oid, format as 'text') },
  })
  pool.on('error', (error) => options.onConnectionLost?.(error))
  return pool
}

/** bigint, and the numeric that a sum of bigints is, as numbers; one that a number cannot hold exactly is an error, never rounded. */
function toSafeNumber(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && !Number.isSafeInteger(number)) throw new RangeError('A number of the database is too large')
  return number
}
const numbers: Record<number, (text: string) => number> = {
  [pg.types.builtins.INT8]: toSafeNumber,
  [pg.types.builtins.NUMERIC]: toSafeNumber,
}

/** Commits wait for the disk whatever the server's default is; cheap index reads keep serializable transactions from locking whole tables. */
async function prepareSession(connection: DatabaseConnection): Promise<void> {
  await connection.executeQuery(
    CompiledQuery.raw(`select set_config('random_page_cost', '1.1', false),
      case when current_setting('synchronous_commit') = 'off' then set_config('synchronous_commit', 'on', false) end`),
  )
}

async function refuseUnsafe(writer: Kysely<Schema>, url: string): Promise<void> {
  const { rows } = await sql<{ version: number; fsync: string; encoding: string }>`
    select current_setting('server_version_num')::int as version, current_setting('fsync') as fsync,
      current_setting('server_encoding') as encoding`.execute(writer)
  const found = rows[0]
  const where = `The PostgreSQL server at ${new URL(url).host || 'the local socket'}`
  if (!found || found.version < OLDEST_VERSION) throw new DatabaseRefused(`${where} is older than version 14. Upgrade it.`)
  if (found.fsync !== 'on') throw new DatabaseRefused(`${where} runs with fsync off and would lose data in a power cut. Set fsync = on.`)
  if (found.encoding !== 'UTF8') {
    throw new DatabaseRefused(`The database at ${new URL(url).host} has the encoding ${found.encoding}. Create one with ENCODING 'UTF8'.`)
  }
}

class NotingDriver extends PostgresDriver {
  readonly #failed: (error: unknown) => void
  readonly #noted = new WeakSet<DatabaseConnection>()
  constructor(config: PostgresDialectConfig, failed: (error: unknown) => void) {
    super(config)
    this.#failed = failed
  }
  override async acquireConnection(): ReturnType<PostgresDriver['acquireConnection']> {
    const connection = await super.acquireConnection()
    if (this.#noted.has(connection)) return connection
    this.#noted.add(connection)
    const execute = connection.executeQuery.bind(connection)
    connection.executeQuery = async (query) => {
      try {
        return await execute(query)
      } catch (error) {
        this.#failed(error)
        throw error
      }
    }
    return connection
  }
}

class NotingDialect extends PostgresDialect {
  readonly #config: PostgresDialectConfig
  readonly #failed: (error: unknown) => void
  constructor(config: PostgresDialectConfig, failed: (error: unknown) => void) {
    super(config)
    this.#config = config
    this.#failed = failed
  }
  override createDriver(): PostgresDriver {
    return new NotingDriver(this.#config, this.#failed)
  }
}

/** Answers a function that runs what it is given one after the other, in order. */
function turns(): <T>(run: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (run) => {
    const next = last.then(run, run)
    last = next.catch(() => {})
    return next
  }
}

/** serialization_failure, deadlock_detected (PostgreSQL, Appendix A). */
const asksForRetry = (error: unknown): boolean => error instanceof pg.DatabaseError && (error.code === '40001' || error.code === '40P01')

const conflicts: Record<string, DatabaseConflict['kind']> = { 23505: 'unique', 23503: 'foreign-key', 23514: 'check', 23502: 'not-null' }

function asConflict(error: unknown): DatabaseConflict | null {
  const kind = error instanceof pg.DatabaseError ? conflicts[error.code ?? ''] : undefined
  return kind ? new DatabaseConflict(kind, (error as pg.DatabaseError).constraint ?? null, error) : null
}
