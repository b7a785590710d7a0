import type { Kysely, Transaction } from 'kysely'
import type { Schema } from './schema.ts'

/** What the table files take: inside a transaction or, for reads, outside. */
export type Sql = Kysely<Schema> | Transaction<Schema>

/**
 * The metadata store. Both implementations (`openSqlite`, `openPostgres`) pass `test/database.contract.ts`.
 *
 * `transaction` runs `work` alone against a consistent state and resolves once its changes survive a power cut;
 * it rolls back when `work` rejects, and runs `work` again (up to a bound) where the database asks for it
 * (serialization failure, deadlock), so `work` has no effect outside `sql`. No I/O but the database inside it.
 */
export interface Database extends AsyncDisposable {
  readonly kind: 'sqlite' | 'postgres'
  /** For reads outside a transaction. */
  readonly sql: Kysely<Schema>
  transaction<T>(work: (sql: Transaction<Schema>) => Promise<T>): Promise<T>
}
