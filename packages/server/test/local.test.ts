import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../src/core/clock.ts'
import { type LocalOptions, openLocalTarget } from '../src/storage/local.ts'
import type { StorageTarget } from '../src/storage/target.ts'
import { withFaults, wrapTarget } from '../src/storage/wrap.ts'
import { collect, type OpenedTarget, targetContract } from './target.contract.ts'

type Wrap = (target: StorageTarget) => StorageTarget

/** After everything was deleted and aborted the root is as empty as it was, and nothing was ever made beside it. */
async function assertTidy(outer: string): Promise<void> {
  await using target = await openLocalTarget({ path: join(outer, 'root'), clock: systemClock })
  for (const { key } of await collect(target.list(''))) await target.delete(key)
  for (const { key, write } of await collect(target.listWrites('', Date.now() + 1000))) await target.abortWrite(key, write)
}

const openLocal =
  (options: Partial<LocalOptions>, wrap: Wrap = (target) => target) =>
  async (): Promise<OpenedTarget> => {
    const outer = await mkdtemp(join(tmpdir(), 'holdfast-local-'))
    const path = join(outer, 'root')
    await mkdir(path)
    const another = async () => wrap(await openLocalTarget({ path, clock: systemClock, ...options }))
    const target = await another()
    return {
      target,
      another,
      async dispose() {
        await target[Symbol.asyncDispose]()
        if (!options.names) await assertTidy(outer)
        if (!options.names) assert.deepEqual(await readdir(path, { recursive: true }), [], 'something was left in the root')
        assert.deepEqual(await readdir(outer), ['root'], 'something was made outside of the root')
        await rm(outer, { recursive: true })
      },
    }
  }

const retried =
  (when: 'before' | 'after'): Wrap =>
  (target) =>
    wrapTarget(
      withFaults(target, (call, count) => (call.repeatable && count % 2 === 1 ? when : null)),
      { clock: systemClock, attempts: 64, firstDelay: 0 },
    )

targetContract('local', openLocal({}), { partBytes: 70_001 })
targetContract('local with large parts past the page cache', openLocal({}), { partBytes: 600_000, runs: 20 })
targetContract('local with one open file', openLocal({ openFiles: 1, direct: false }), { runs: 20 })
targetContract('local with escaped names', openLocal({ names: 'escaped' }), { runs: 20 })
targetContract('local, retried through faults before each call', openLocal({}, retried('before')), { runs: 20 })
targetContract('local, retried through faults after each call', openLocal({}, retried('after')), { runs: 20 })
