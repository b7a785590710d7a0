import { AsyncLocalStorage } from 'node:async_hooks'

/** What both databases do around the work of a transaction. */
export interface OpenTransactions {
  /** Runs `transact`; rejects at once where it is called from within another one of the same database. */
  alone<T>(transact: () => Promise<T>): Promise<T>
  /** Runs `work` within `alone`; rejects with the error of the first statement that failed in it, even where `work` swallowed it. */
  whole<T>(work: () => Promise<T>): Promise<T>
  /** Takes note of the error of a statement. */
  failed(error: unknown): void
}

/**
 * On SQLite a transaction inside a transaction would wait for itself for ever, on PostgreSQL it would commit although
 * the outer one rolls back. After a failed statement PostgreSQL commits nothing, SQLite would commit the rest. None of
 * these is ever meant.
 */
export function openTransactions(): OpenTransactions {
  const current = new AsyncLocalStorage<{ open: boolean; error: unknown }>()
  return {
    async alone(transact) {
      if (current.getStore()?.open) throw new Error('A transaction was begun inside another one')
      const transaction = { open: true, error: null }
      try {
        return await current.run(transaction, transact)
      } finally {
        transaction.open = false
      }
    },
    async whole(work) {
      const transaction = current.getStore()
      if (transaction) transaction.error = null
      const result = await work()
      if (transaction?.error) throw transaction.error
      return result
    },
    failed(error) {
      const transaction = current.getStore()
      if (transaction?.open) transaction.error ??= error
    },
  }
}
