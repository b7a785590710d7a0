import { AsyncLocalStorage } from 'node:async_hooks'

/** Runs `work` as one transaction; rejects at once where it is called from within another one of the same database. */
export type NoNesting = <T>(work: () => Promise<T>) => Promise<T>

/**
 * On SQLite a transaction inside a transaction would wait for itself for ever, on PostgreSQL it would
 * commit although the outer one rolls back. Neither is ever meant.
 */
export function refuseNesting(): NoNesting {
  const current = new AsyncLocalStorage<{ open: boolean }>()
  return async (work) => {
    if (current.getStore()?.open) throw new Error('A transaction was begun inside another one')
    const transaction = { open: true }
    try {
      return await current.run(transaction, work)
    } finally {
      transaction.open = false
    }
  }
}
