import assert from 'node:assert/strict'
import { systemClock } from '../src/core/clock.ts'
import { newId } from '../src/core/ids.ts'
import type { JobRow } from '../src/db/job-queue.ts'
import type { Store } from '../src/db/store.ts'
import type { JobHandler } from '../src/jobs/job-handler.ts'
import { createWorker, type WorkerDeps } from '../src/jobs/worker.ts'
import type { Place } from './database-places.ts'
import type { ManualClock } from './worker-clock.ts'

export const TENANT = newId()
export const silent = { info: () => {}, warn: () => {}, error: () => {} }

export type Bench = { readonly place: Place; readonly clock: ManualClock; readonly store: Store }
export type WorkerTest = (title: string, run: (bench: Bench) => Promise<void>) => void
export type Handle = JobHandler['handle']

export const work = (bench: Bench, handle: Handle, more: Partial<WorkerDeps> = {}) => {
  const handlers = [{ kind: 'test', handle }]
  const worker = createWorker({
    store: bench.store,
    handlers,
    clock: bench.clock,
    logger: silent,
    drainMilliseconds: 0,
    random: () => 1,
    ...more,
  })
  worker.start()
  return worker
}
export const enqueue = (store: Store, maxAttempts = 15) =>
  store.transaction((tx) => tx.jobs.enqueue({ kind: 'test', tenantId: TENANT, payload: { n: 1 }, maxAttempts }))
export const find = async ({ store }: Bench, id: string): Promise<JobRow> => {
  const row = await store.read.jobs.find(TENANT, id)
  assert.ok(row)
  return row
}

/** Lets the clock run on until `condition` holds. Gives up after far more than it takes. */
export async function until(bench: Bench, condition: () => Promise<boolean> | boolean, step = 100): Promise<void> {
  for (let turn = 0; turn < 20_000; turn++) {
    if (await condition()) return
    bench.clock.advance(step)
    await systemClock.sleep(turn < 100 ? 0 : 1)
  }
  assert.fail('It did not come to this')
}
export const untilStatus = (bench: Bench, id: string, status: JobRow['status']) =>
  until(bench, async () => (await find(bench, id)).status === status)
