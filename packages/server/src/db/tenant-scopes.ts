import { AsyncLocalStorage } from 'node:async_hooks'
import { EVERY_TENANT, NO_TENANT } from '../core/tenant-scope.ts'

/**
 * Whose rows work reaches. It goes with the work through everything that this waits for and starts. PostgreSQL holds statements to it
 * (migration 0013), SQLite has no such means. A transaction is held to the scope in which it began.
 *
 * Outside of any scope is the program's own work, for all tenants: start-up, the commands of the operator, the worker.
 */
export interface TenantScopes {
  /** Runs `work` for no tenant, until `enter` tells within it which one it is for. */
  nobody<T>(work: () => T): T
  /** From here on the work is for this tenant. Does nothing outside of `nobody`. An error where it is for another one already. */
  enter(tenantId: string): void
  /** Runs `work` for one tenant; for all of them where it is null. */
  within<T>(tenantId: string | null, work: () => T): T
  /** A tenant's id, `NO_TENANT` or `EVERY_TENANT`. */
  current(): string
}

export function tenantScopes(): TenantScopes {
  const scopes = new AsyncLocalStorage<{ tenant: string }>()
  return {
    nobody: (work) => scopes.run({ tenant: NO_TENANT }, work),
    enter(tenantId) {
      const scope = scopes.getStore()
      if (!scope || scope.tenant === EVERY_TENANT || scope.tenant === tenantId) return
      if (scope.tenant !== NO_TENANT) throw new Error('Work for one tenant was to go on for another')
      scope.tenant = tenantId
    },
    within: (tenantId, work) => scopes.run({ tenant: tenantId ?? EVERY_TENANT }, work),
    current: () => scopes.getStore()?.tenant ?? EVERY_TENANT,
  }
}
