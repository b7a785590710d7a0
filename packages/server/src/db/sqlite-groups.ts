import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate as otherWork } from 'node:timers/promises'
import type { Database as SqliteFile } from 'better-sqlite3'
import type { Kysely, Transaction } from 'kysely'
import type { Schema } from './schema.ts'

/** Transactions that share one commit at most: bounds how long the first of them waits for it. */
const GROUP = 64

export type Work<T> = (sql: Transaction<Schema>) => Promise<T>

type Waiting = {
  readonly work: Work<void>
  readonly reject: (error: unknown) => void
  /** Set by `work`: tells its caller that it is committed. */
  resolve: () => void
}

/** `refused`: tells those that rejected. They hear of it after the commit too, since a row that stood in their way is there only then. */
type Group = { readonly done: Waiting[]; readonly refused: (() => void)[] }

/**
 * Runs transactions one after the other, and those that wait at the same time with one commit, since the disk's flush is what
 * takes long. Each is a savepoint: it alone is undone when it rejects. None resolves before the commit they share, and where
 * that fails all of them reject: to each caller it is the same as a transaction of its own.
 *
 * A flush holds up the whole process, so that requests come in together after it, one callback each: a group begins only when all
 * that has come in was looked at. A transaction that is alone waits for nothing else.
 */
export function groupedTransactions(writer: Kysely<Schema>, file: SqliteFile): <T>(work: Work<T>) => Promise<T> {
  const waiting: Waiting[] = []
  const begin = file.prepare('savepoint work')
  const keep = file.prepare('release work')
  const undo = file.prepare('rollback to work')
  let running = false

  const runOne = async (transaction: Transaction<Schema>, next: Waiting, group: Group) => {
    const alone = group.done.length === 0
    if (!alone) begin.run()
    try {
      await next.work(transaction)
      if (!alone) keep.run()
      group.done.push(next)
    } catch (error) {
      group.refused.push(() => next.reject(error))
      // SQLite itself undoes the whole transaction where the disk is full or fails; the others are lost with it.
      if (alone || !file.inTransaction) throw error
      undo.run()
      keep.run()
    }
  }
  const runGroup = async () => {
    const group: Group = { done: [], refused: [] }
    const { done, refused } = group
    let begun = false
    try {
      await writer.transaction().execute(async (transaction) => {
        begun = true
        for (let next = waiting.shift(); next; next = done.length < GROUP ? waiting.shift() : undefined)
          await runOne(transaction, next, group)
      })
      for (const each of done) each.resolve()
    } catch (error) {
      for (const each of begun ? done : waiting.splice(0)) each.reject(error)
    }
    for (const tell of refused) tell()
  }
  const runAll = async () => {
    running = true
    while (waiting.length > 0) {
      await otherWork()
      await runGroup()
    }
    running = false
  }

  return (work) =>
    new Promise((resolve, reject) => {
      const inContext = AsyncLocalStorage.snapshot()
      const queued: Waiting = {
        work: async (sql) => {
          const result = await inContext(work, sql)
          queued.resolve = () => resolve(result)
        },
        reject,
        resolve: () => {},
      }
      waiting.push(queued)
      if (!running) void runAll()
    })
}
