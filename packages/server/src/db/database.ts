import type { Kysely, Transaction } from 'kysely'
import type { Schema, UniqueConstraint } from './schema.ts'
import type { TenantScopes } from './tenant-scopes.ts'

/** What the table files take: inside a transaction or, for reads, outside. */
export type Sql = Kysely<Schema> | Transaction<Schema>

/**
 * The metadata store. Both implementations (`openSqlite`, `openPostgres`) pass `test/database.contract.ts`.
 *
 * `transaction` runs `work` as if alone (serializable) and resolves once its changes survive a power cut;
 * it rolls back when `work` rejects, and runs `work` again (up to a bound) where the database asks for it
 * (serialization failure, deadlock), so `work` has no effect outside `sql`. No I/O but the database inside it,
 * and no second transaction: that one rejects at once. A statement that failed fails the whole transaction,
 * even where `work` swallows its error; a broken constraint rejects with `DatabaseConflict`.
 */
export interface Database extends AsyncDisposable {
  readonly kind: 'sqlite' | 'postgres'
  /** Whose rows the statements of this database reach. */
  readonly scopes: TenantScopes
  /** False where the database itself lets every statement see every tenant's rows: on SQLite, and for a role that PostgreSQL exempts. */
  readonly holdsTenantsApart: boolean
  /** For reads outside a transaction: the last committed state, without waiting for a transaction. Refuses writes on SQLite files. */
  readonly sql: Kysely<Schema>
  /**
   * Where writes go: for better-auth, and for single statements that are whole by themselves.
   * On SQLite it is the one connection that transactions use too, and its mutex is theirs.
   */
  readonly writer: Kysely<Schema>
  transaction<T>(work: (sql: Transaction<Schema>) => Promise<T>): Promise<T>
  /**
   * A transaction that no other with the same `lock` overlaps, in any process on this database: it waits for its turn.
   * It sees all that the one before it has committed. For steps of which there is one at a time, such as a migration.
   */
  exclusively<T>(lock: string, work: (sql: Transaction<Schema>) => Promise<T>): Promise<T>
}

/**
 * A change that a constraint forbids. `constraint` tells which one where it is a unique one (of both databases alike);
 * it is null for the other kinds, which are errors of the program or of a caller's id rather than of two people at once.
 */
export class DatabaseConflict extends Error {
  override readonly name = 'DatabaseConflict'
  readonly kind: 'unique' | 'foreign-key' | 'check' | 'not-null'
  readonly constraint: UniqueConstraint | null

  constructor(kind: DatabaseConflict['kind'], constraint: string | null, cause: unknown) {
    super(constraint ? `The change breaks ${constraint}` : `The change breaks a ${kind} constraint`, { cause })
    this.kind = kind
    // Keys (tenant_id, id) are there to be referred to; what they hold apart is the id.
    this.constraint = kind === 'unique' && constraint ? (constraint.replace(/_tenant_id_id$/, '_id') as UniqueConstraint) : null
  }
}

/** A database that cannot be used as it is. The message says why and what to do; nothing was changed. */
export class DatabaseRefused extends Error {
  override readonly name = 'DatabaseRefused'
}
