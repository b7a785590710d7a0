import type { Clock } from '../core/clock.ts'
import { type AuditTable, type auditLog, auditTable } from './audit-log.ts'
import { caseTable, itemTable } from './cases.ts'
import type { Database, Sql } from './database.ts'
import { assetTable } from './evidence.ts'
import { intentTable } from './evidence-intents.ts'
import { linkTable } from './evidence-links.ts'
import { expiredFileTable } from './expired-files.ts'
import { fileHashTable } from './file-hashes.ts'
import { fileTable } from './files.ts'
import { holdTable } from './holds.ts'
import { idempotencyTable } from './idempotency.ts'
import { type JobLeases, jobLeases } from './job-leases.ts'
import { type JobChange, jobTable } from './job-queue.ts'
import { jobScheduleTable } from './job-schedules.ts'
import { keyTable } from './keys.ts'
import { moveTable } from './moves.ts'
import { objectClassTable } from './object-classes.ts'
import { objectTable } from './objects.ts'
import { reconciliationTable } from './reconciliations.ts'
import { roleBindingTable } from './role-bindings.ts'
import { syncObjectTable } from './sync-objects.ts'
import { syncTable } from './syncs.ts'
import { migrationTable } from './target-migrations.ts'
import { targetTable } from './targets.ts'
import type { TenantScopes } from './tenant-scopes.ts'
import { membershipTable, tenantTable } from './tenants.ts'
import { tokenTable } from './tokens.ts'
import { uploadTable } from './uploads.ts'
import { userTable } from './users.ts'
import { webhookDeliveryTable } from './webhook-deliveries.ts'
import { webhookEndpointTable } from './webhooks.ts'

/**
 * THE list of table groups. To add one: write `export const xTable = (sql: Sql) => ({ … })` in its own file, with a second
 * parameter `deps: TableDeps` where it needs the clock, and add one line here. It is there as `tx.x` and as `store.read.x`.
 */
const tables = (sql: Sql, deps: TableDeps) => ({
  audit: auditTable(sql),
  jobs: jobTable(sql, deps),
  jobSchedules: jobScheduleTable(sql),
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
  expiredFiles: expiredFileTable(sql),
  holds: holdTable(sql),
  webhookEndpoints: webhookEndpointTable(sql),
  webhookDeliveries: webhookDeliveryTable(sql),
  moves: moveTable(sql),
  migrations: migrationTable(sql),
  uploads: uploadTable(sql),
  objects: objectTable(sql),
  objectClasses: objectClassTable(sql),
  assets: assetTable(sql),
  intents: intentTable(sql),
  links: linkTable(sql),
  fileHashes: fileHashTable(sql),
  reconciliations: reconciliationTable(sql),
  syncs: syncTable(sql),
  syncObjects: syncObjectTable(sql),
})

export type TableDeps = {
  readonly clock: Clock
  /** Called when a job was enqueued, retried or cancelled; the workers of this process hear of it once the transaction has committed. */
  readonly jobsChanged: (change: JobChange) => void
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
  /** Whose rows reads and transactions reach. */
  readonly scopes: TenantScopes
  /** Reads outside a transaction. Never within one: that sees neither its changes nor its moment. */
  readonly read: Tables
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  /** What workers claim and settle jobs with. */
  readonly leases: JobLeases
  /** `listener` is called after each commit here that changed jobs: a hint to look, not a promise. Answers how to stop it. */
  onJobsChanged(listener: (change: JobChange) => void): () => void
}

export function createStore(database: Database, deps: StoreDeps): Store {
  const listeners = new Set<(change: JobChange) => void>()
  const { clock } = deps
  const transaction = async <T>(work: (tx: Tx, sql: Sql) => Promise<T>): Promise<T> => {
    const changes = new Set<JobChange>()
    const result = await database.transaction((sql) => {
      const opened = tables(sql, { clock, jobsChanged: (change) => changes.add(change) })
      return work({ ...opened, audit: { ...opened.audit, ...deps.auditLog(sql) } }, sql)
    })
    for (const change of changes) for (const listener of listeners) listener(change)
    return result
  }
  return {
    kind: database.kind,
    scopes: database.scopes,
    read: tables(database.sql, { clock, jobsChanged: () => {} }),
    transaction: (work) => transaction((tx) => work(tx)),
    leases: jobLeases(database, { clock, transaction }),
    onJobsChanged(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
