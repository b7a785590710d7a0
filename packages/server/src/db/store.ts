import type { Clock } from '../core/clock.ts'
import { type AuditTable, type auditLog, auditTable } from './audit-log.ts'
import { caseTable, itemTable } from './cases.ts'
import type { Database, Sql } from './database.ts'
import { fileTable } from './files.ts'
import { idempotencyTable } from './idempotency.ts'
import { jobTable } from './job-queue.ts'
import { keyTable } from './keys.ts'
import { roleBindingTable, targetTable } from './targets.ts'
import { membershipTable, tenantTable } from './tenants.ts'
import { tokenTable } from './tokens.ts'
import { uploadTable } from './uploads.ts'
import { userTable } from './users.ts'

/**
 * THE list of table groups. To add one: write `export const xTable = (sql: Sql) => ({ … })` in its own file, with a second
 * parameter `deps: TableDeps` where it needs the clock, and add one line here. It is there as `tx.x` and as `store.read.x`.
 */
const tables = (sql: Sql, deps: TableDeps) => ({
  audit: auditTable(sql),
  jobs: jobTable(sql, deps),
  keys: keyTable(sql),
  tenants: tenantTable(sql),
  memberships: membershipTable(sql),
  users: userTable(sql),
  tokens: tokenTable(sql),
  cases: caseTable(sql),
  items: itemTable(sql),
  targets: targetTable(sql),
  roleBindings: roleBindingTable(sql),
  idempotency: idempotencyTable(sql),
  files: fileTable(sql),
  uploads: uploadTable(sql),
})

export type TableDeps = {
  readonly clock: Clock
  /** Called when a job was enqueued; it reaches the workers of this process once the transaction has committed. */
  readonly enqueued: () => void
}

export type Tables = ReturnType<typeof tables>
export type AuditLog = ReturnType<typeof auditLog>

/** A transaction: the tables, and the log that tells of each change made in it. Nothing here waits for a network or a disk. */
export type Tx = Tables & { readonly audit: AuditTable & AuditLog }

export type StoreDeps = {
  readonly clock: Clock
  /** `auditLog` with its options: makes the writing side of the log for one transaction. */
  readonly auditLog: (sql: Sql) => AuditLog
}

/** The metadata store as services see it. For what `transaction` promises, see `Database`. */
export interface Store {
  readonly kind: Database['kind']
  /** Reads outside a transaction. Never within one: that sees neither its changes nor its moment. */
  readonly read: Tables
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  /** `listener` is called after each commit that enqueued a job here: a hint to look, not a promise. Answers how to stop it. */
  onEnqueued(listener: () => void): () => void
}

export function createStore(database: Database, deps: StoreDeps): Store {
  const listeners = new Set<() => void>()
  const { clock } = deps
  const openTx = (sql: Sql, enqueued: () => void): Tx => {
    const opened = tables(sql, { clock, enqueued })
    return { ...opened, audit: { ...opened.audit, ...deps.auditLog(sql) } }
  }
  return {
    kind: database.kind,
    read: tables(database.sql, { clock, enqueued: () => {} }),
    async transaction(work) {
      let enqueued = false
      const result = await database.transaction((sql) =>
        work(
          openTx(sql, () => {
            enqueued = true
          }),
        ),
      )
      if (enqueued) for (const listener of listeners) listener()
      return result
    },
    onEnqueued(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
