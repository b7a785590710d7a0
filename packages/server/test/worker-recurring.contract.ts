import assert from 'node:assert/strict'
import { purgeJobsHandler } from '../src/jobs/handlers/purge-jobs.ts'
import { enqueueDue, type Schedule } from '../src/jobs/schedule.ts'
import { storeOn } from './database-places.ts'
import { enqueue, find, type Handle, TENANT, until, untilStatus, type WorkerTest, work } from './worker-kit.ts'

/** What recurring jobs keep. */
export function recurring(workerTest: WorkerTest): void {
  const hourly: Schedule = { name: 'test.hourly', kind: 'test', everyMilliseconds: 3_600_000 }

  workerTest('N1 D7: a recurring job runs once each time it is due, however many instances look', async (bench) => {
    const other = storeOn(await bench.place.open(), bench.clock)
    const look = async () =>
      (await Promise.all([bench.store, other, bench.store].map((store) => enqueueDue(store, bench.clock, [hourly])))).reduce(
        (a, b) => a + b,
      )
    assert.equal(await look(), 0)
    bench.clock.advance(3_600_000)
    assert.deepEqual([await look(), await look()], [1, 0])
    const jobs = await bench.store.read.jobs.list(TENANT, {}, { limit: 10, before: null })
    assert.deepEqual(
      jobs.map(({ kind, tenantId }) => [kind, tenantId]),
      [['test', null]],
    )
  })

  workerTest('N1: times that passed while nobody ran are made up for by one job', async (bench) => {
    await enqueueDue(bench.store, bench.clock, [hourly])
    bench.clock.advance(10 * 3_600_000)
    assert.deepEqual([await enqueueDue(bench.store, bench.clock, [hourly]), await enqueueDue(bench.store, bench.clock, [hourly])], [1, 0])
  })

  workerTest('N1: a worker runs its schedules, and the one that forgets old jobs keeps the dead ones longer', async (bench) => {
    const DAY = 24 * 3_600_000
    const done = await enqueue(bench.store)
    const dead = await enqueue(bench.store, 1)
    const handle: Handle = async (job) => {
      if (job.id === dead) throw new Error('x')
    }
    const purge = { name: 'purge', kind: 'jobs.purge', everyMilliseconds: DAY }
    const handlers = [{ kind: 'test', handle }, purgeJobsHandler(bench)]
    await using _worker = work(bench, handle, { handlers, schedules: [purge] })
    await untilStatus(bench, done, 'done')
    await untilStatus(bench, dead, 'dead')
    bench.clock.advance(8 * DAY)
    await until(bench, async () => (await bench.store.read.jobs.find(TENANT, done)) === null)
    assert.equal((await find(bench, dead)).status, 'dead')
    bench.clock.advance(90 * DAY)
    await until(bench, async () => (await bench.store.read.jobs.find(TENANT, dead)) === null)
  })
}
