import type { PostgresPool, PostgresPoolClient } from 'kysely'
import pg from 'pg'

/** Statements that each connection keeps prepared. Those that come after are run without, so that texts of changing length fill no memory. */
const STATEMENTS_KEPT = 300

export type PoolOptions = {
  readonly connections: number
  readonly onConnectionLost: (error: Error) => void
  /** Told of the error of each statement that fails, while it fails. */
  readonly failed: (error: unknown) => void
  /** Whose rows what is run now may reach, see `TenantScopes`. */
  readonly tenant: () => string
}

/** Connections as Kysely uses them, with prepared statements: PostgreSQL parses a text once per connection. */
export function openPool(url: string, options: PoolOptions): PostgresPool {
  const pool = new pg.Pool({ ...settings, connectionString: url, max: options.connections })
  pool.on('error', options.onConnectionLost)
  const names = new Map<string, string>()
  const nameOf = (text: string): string | undefined => {
    if (!names.has(text) && names.size < STATEMENTS_KEPT) names.set(text, `holdfast_${names.size}`)
    return names.get(text)
  }
  const clients = new WeakMap<pg.PoolClient, PostgresPoolClient>()
  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect()
      const known = clients.get(client) ?? preparing(client, nameOf, options)
      clients.set(client, known)
      return known
    },
  }
}

const settings: pg.PoolConfig = {
  connectionTimeoutMillis: 30_000,
  // A transaction that stands still this long belongs to a process that hangs; its locks go back to the others.
  idle_in_transaction_session_timeout: 60_000,
  keepAlive: true,
  keepAliveInitialDelayMillis: 10_000,
  application_name: 'holdfast',
  types: { getTypeParser: (oid: number, format?: 'text' | 'binary') => numbers[oid] ?? pg.types.getTypeParser(oid, format as 'text') },
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

function preparing(
  client: pg.PoolClient,
  nameOf: (text: string) => string | undefined,
  { failed, tenant }: PoolOptions,
): PostgresPoolClient {
  const reach = tenantSetting(client, tenant)
  let stale = false
  let inTransaction = false
  const run = async (text: string, values: unknown[]) => {
    const inside = inTransaction
    if (values.length === 0) {
      const begins = isBegin(text)
      inTransaction = begins || (inTransaction && !/^(commit|rollback)$/.test(text))
      if (begins) return await reach.begin(text)
    }
    if (!inside) await reach.set()
    if (values.length === 0) return await client.query(text)
    const name = stale ? undefined : nameOf(text)
    try {
      return await client.query({ text, values, ...(name ? { name } : {}) })
    } catch (error) {
      if (!isStale(error)) throw error
      stale = true
      if (inTransaction) throw error
      return await client.query(text, values)
    }
  }
  const query = async (text: string, parameters: readonly unknown[]) => {
    try {
      return await run(text, [...parameters])
    } catch (error) {
      failed(error)
      throw error
    }
  }
  return {
    query: query as unknown as PostgresPoolClient['query'],
    release: (destroy) => client.release(destroy || stale),
  }
}

const isBegin = (text: string): boolean => /^(begin|start transaction)/.test(text)

/**
 * Tells PostgreSQL whose rows the statements of a connection may reach. A transaction is told in the message that begins it and keeps that to
 * its end; for statements outside of one the session is told wherever that differs from what it was told last.
 */
function tenantSetting(client: pg.PoolClient, tenant: () => string) {
  let told: string | null = null
  const setting = (words: 'set' | 'set local', value: string) => `${words} holdfast.tenant to ${pg.escapeLiteral(value)}`
  return {
    async begin(text: string) {
      const results: unknown = await client.query(`${text}; ${setting('set local', tenant())}`)
      return (results as pg.QueryResult[])[0]!
    },
    async set(): Promise<void> {
      const wanted = tenant()
      if (told === wanted) return
      told = null
      await client.query(setting('set', wanted))
      told = wanted
    },
  }
}

/** A newer instance has changed a table under a prepared statement: this connection cannot run it any more, a fresh one can. */
export const isStale = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && error.code === '0A000' && error.routine === 'RevalidateCachedQuery'
