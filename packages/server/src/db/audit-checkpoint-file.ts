import { randomUUID } from 'node:crypto'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { readCheckpoint } from '../core/checkpoint.ts'

/**
 * A copy of the newest checkpoint outside the database, at DIR/audit/checkpoint, so that a log cut back in the database
 * is seen. It may lag behind the database, after a crash or where two processes keep at once; it is never ahead of it.
 */
export interface KeptCheckpoint {
  /** The signed note, or null where none was kept yet. */
  read(): Promise<string | null>
  /** Durable when resolved. Does nothing where the kept one is of a larger tree. */
  keep(note: string): Promise<void>
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT'

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = join(dirname(path), `.checkpoint-${randomUUID()}.tmp`)
  try {
    const file = await open(temporary, 'wx', 0o644)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncFolder(dirname(path))
}

/** Keeps the checkpoint in the data folder `dataDir`. */
export function checkpointFile(dataDir: string): KeptCheckpoint {
  const path = join(dataDir, 'audit', 'checkpoint')
  const read = async (): Promise<string | null> => {
    try {
      return await readFile(path, 'utf8')
    } catch (error) {
      if (isMissing(error)) return null
      throw error
    }
  }
  return {
    read,
    async keep(note) {
      const kept = await read()
      if (kept !== null && readCheckpoint(kept).size >= readCheckpoint(note).size) return
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      await replaceFile(path, note)
    },
  }
}
