import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../src/core/clock.ts'
import { createLocalRoot, openLocalTarget } from '../src/storage/local.ts'
import type { StorageTarget } from '../src/storage/target.ts'

/** A folder in which local targets are made, each with a root of its own. */
export interface LocalRoots extends AsyncDisposable {
  readonly outer: string
  openFresh(options?: { openFiles?: number }): Promise<{ root: string; target: StorageTarget }>
}

export async function openLocalRoots(): Promise<LocalRoots> {
  const outer = await mkdtemp(join(tmpdir(), 'holdfast-disk-'))
  const opened: StorageTarget[] = []
  return {
    outer,
    async openFresh(options = {}) {
      const root = join(outer, `root-${opened.length + 1}`)
      await createLocalRoot(root)
      const target = await openLocalTarget({ path: root, clock: systemClock, ...options })
      opened.push(target)
      return { root, target }
    },
    async [Symbol.asyncDispose]() {
      for (const target of opened) await target[Symbol.asyncDispose]()
      await rm(outer, { recursive: true })
    },
  }
}
