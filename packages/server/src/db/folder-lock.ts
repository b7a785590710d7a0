import { join } from 'node:path'
import BetterSqlite from 'better-sqlite3'

/** Another process serves the data folder. The message says what to do. */
export class FolderInUse extends Error {
  override readonly name = 'FolderInUse'
}

/**
 * Takes the data folder `directory` (which exists) for this process alone, until it is disposed of or the process ends in
 * whatever way: the lock is the operating system's, on `lock.db`. `FolderInUse` where another one has it.
 */
export function lockDataFolder(directory: string): Disposable {
  const file = new BetterSqlite(join(directory, 'lock.db'), { timeout: 0 })
  try {
    file.exec('begin exclusive')
  } catch (error) {
    file.close()
    if (!(error instanceof BetterSqlite.SqliteError) || error.code !== 'SQLITE_BUSY') throw error
    throw new FolderInUse(
      `Another Holdfast server is running on the data folder ${directory}. ` +
        'Stop it first, or give this one a folder of its own (--data or HOLDFAST_DATA_DIR).',
    )
  }
  return { [Symbol.dispose]: () => file.close() }
}
