import { CompiledQuery, type DatabaseConnection, Kysely, PostgresDialect, sql, type Transaction } from 'kysely'
import pg from 'pg'
import { type Clock, systemClock } from '../core/clock.ts'
import { type Database, DatabaseConflict, DatabaseRefused } from './database.ts'
import { openTransactions } from './open-transaction.ts'
import { isStale, openPool } from './postgres-pool.ts'
import type { Schema } from './schema.ts'
import { tenantScopes } from './tenant-scopes.ts'

const CONNECTIONS = 10
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
  const transactions = openTransactions()
  const { connections = CONNECTIONS, onConnectionLost = () => {} } = options
  const scopes = tenantScopes()
  const pool = openPool(url, { connections, onConnectionLost, failed: transactions.failed, tenant: scopes.current })
  const writer = new Kysely<Schema>({ dialect: new PostgresDialect({ pool, onCreateConnection: prepareSession }) })
  const retried = retrying(options.clock ?? systemClock)
  const attempt = async <T>(level: 'serializable' | 'read committed', work: (sql: Transaction<Schema>) => Promise<T>): Promise<T> => {
    try {
      const begin = writer.transaction().setIsolationLevel(level)
      return await begin.execute((begun) => transactions.whole(() => work(begun)))
    } catch (error) {
      throw asConflict(error) ?? error
    }
  }

  let holdsTenantsApart: boolean
  try {
    await refuseUnsafe(writer, url)
    holdsTenantsApart = await isHeldToPolicies(writer)
  } catch (error) {
    await writer.destroy()
    throw error
  }
  return {
    kind: 'postgres',
    scopes,
    holdsTenantsApart,
    sql: writer,
    writer,
    transaction: (work) => transactions.alone(() => retried(() => attempt('serializable', work))),
    exclusively(lock, work) {
      const locked = async (begun: Transaction<Schema>) => {
        await sql`select pg_advisory_xact_lock(hashtextextended(${`holdfast.${lock}`}, 0))`.execute(begun)
        return await work(begun)
      }
      // Each statement sees what was committed before it, thus after the lock is held all that its last holder did.
      return transactions.alone(() => retried(() => attempt('read committed', locked)))
    },
    [Symbol.asyncDispose]: () => writer.destroy(),
  }
}

/** Commits wait for the disk whatever the server's default is; cheap index reads keep serializable transactions from locking whole tables. */
async function prepareSession(connection: DatabaseConnection): Promise<void> {
  await connection.executeQuery(
    CompiledQuery.raw(`select set_config('random_page_cost', '1.1', false),
      case when current_setting('synchronous_commit') = 'off' then set_config('synchronous_commit', 'on', false) end`),
  )
}

/** Superusers and roles with BYPASSRLS see every row whatever the policies say. */
async function isHeldToPolicies(writer: Kysely<Schema>): Promise<boolean> {
  const { rows } = await sql<{ exempt: boolean }>`
    select rolsuper or rolbypassrls as exempt from pg_roles where rolname = current_user`.execute(writer)
  return rows[0]?.exempt === false
}

async function refuseUnsafe(writer: Kysely<Schema>, url: string): Promise<void> {
  const { rows } = await sql<{ version: number; fsync: string; encoding: string }>`
    select current_setting('server_version_num')::int as version, current_setting('fsync') as fsync,
      current_setting('server_encoding') as encoding`.execute(writer)
  const found = rows[0]
  const where = `The PostgreSQL server${URL.canParse(url) ? ` at ${new URL(url).host || 'the local socket'}` : ''}`
  if (!found || found.version < OLDEST_VERSION) throw new DatabaseRefused(`${where} is older than version 14. Upgrade it.`)
  if (found.fsync !== 'on') throw new DatabaseRefused(`${where} runs with fsync off and would lose data in a power cut. Set fsync = on.`)
  if (found.encoding !== 'UTF8') {
    throw new DatabaseRefused(`${where} has a database of the encoding ${found.encoding}. Create one with ENCODING 'UTF8'.`)
  }
}

/**
 * Answers a function that runs a transaction again while the database asks for it, at most `ATTEMPTS` times in all. Those that met
 * one another go on in turn, or many of them on one row would keep failing each other.
 */
function retrying(clock: Clock): <T>(once: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(once: () => Promise<T>): Promise<T> => {
    const next = last.then(once, once)
    last = next
    return next
  }
  return async (once) => {
    for (let attempts = 1; ; attempts++) {
      try {
        return await (attempts === 1 ? once() : inTurn(once))
      } catch (error) {
        if (attempts === ATTEMPTS || !asksForRetry(error)) throw error
        await clock.sleep(Math.random() * Math.min(2 ** attempts, 100))
      }
    }
  }
}

/** serialization_failure, deadlock_detected (PostgreSQL, Appendix A), and what another connection will not meet. */
const asksForRetry = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && (error.code === '40001' || error.code === '40P01' || isStale(error))

const conflicts: Record<string, DatabaseConflict['kind']> = { 23505: 'unique', 23503: 'foreign-key', 23514: 'check', 23502: 'not-null' }

function asConflict(error: unknown): DatabaseConflict | null {
  const kind = error instanceof pg.DatabaseError ? conflicts[error.code ?? ''] : undefined
  return kind ? new DatabaseConflict(kind, (error as pg.DatabaseError).constraint ?? null, error) : null
}
