import assert from 'node:assert/strict'
import { once } from 'node:events'
import { suite, test } from 'node:test'
import { systemClock } from '../src/core/clock.ts'
import { GiveUp, type JobContext } from '../src/jobs/job-handler.ts'
import { backoffMilliseconds } from '../src/jobs/running-job.ts'
import { createWorker } from '../src/jobs/worker.ts'
import { migrated, type Places, storeOn } from './database-places.ts'
import { startChild } from './database-process.ts'
import { manualClock } from './worker-clock.ts'
import { type Bench, enqueue, find, type Handle, silent, TENANT, until, untilStatus, type WorkerTest, work } from './worker-kit.ts'
import { recurring } from './worker-recurring.contract.ts'

const LEASE = 60_000

/** What a worker keeps: design decision 5, row N1. */
export function workerContract(places: Places, own: { processes: boolean }): void {
  const workerTest = (title: string, run: (bench: Bench) => Promise<void>) =>
    test(title, async () => {
      await using place = await places.create()
      const clock = manualClock()
      await run({ place, clock, store: storeOn(await migrated(place), clock) })
    })
  suite(`worker on ${places.name}`, () => {
    handling(workerTest)
    stopping(workerTest)
    recurring(workerTest)
    if (own.processes) crashing(places)
  })
}

function handling(workerTest: WorkerTest): void {
  workerTest('N1: a job is handled soon after it is enqueued here, without the clock moving on', async (bench) => {
    const handled = Promise.withResolvers<unknown>()
    await using _worker = work(bench, async (job) => handled.resolve([job.payload, job.attempt, job.tenantId]))
    await enqueue(bench.store)
    assert.deepEqual(await handled.promise, [{ n: 1 }, 1, TENANT])
  })

  workerTest('N1: a job that another instance enqueued is found by looking', async (bench) => {
    await using _worker = work(bench, async () => {})
    const id = await enqueue(storeOn(await bench.place.open(), bench.clock))
    await untilStatus(bench, id, 'done')
  })

  workerTest('N1: two workers on one database run each of many jobs once, no more at a time than they may', async (bench) => {
    const other = { ...bench, store: storeOn(await bench.place.open(), bench.clock) }
    const runs: string[] = []
    let atOnce = 0
    const handle: Handle = async (job) => {
      atOnce += 1
      assert.ok(atOnce <= 6)
      runs.push(job.id)
      await systemClock.sleep(1)
      atOnce -= 1
    }
    const ids = await bench.store.transaction((tx) =>
      Promise.all(Array.from({ length: 40 }, () => tx.jobs.enqueue({ kind: 'test', tenantId: TENANT, payload: {} }))),
    )
    await using _one = work(bench, handle, { concurrency: 3 })
    await using _two = work(other, handle, { concurrency: 3 })
    await until(
      bench,
      async () => (await bench.store.read.jobs.list(TENANT, { status: 'done' }, { limit: 100, before: null })).length === 40,
    )
    assert.deepEqual(runs.sort(), ids.sort())
  })

  workerTest(
    'N1: a job that fails is tried again after a growing pause, and is dead with its last error when its attempts are used up',
    async (bench) => {
      const times: number[] = []
      const id = await enqueue(bench.store, 3)
      await using _worker = work(bench, async ({ attempt }) => {
        times.push(bench.clock.now())
        throw new Error(`attempt ${attempt} failed`)
      })
      await untilStatus(bench, id, 'dead')
      assert.equal(times.length, 3)
      assert.ok(times[1]! - times[0]! >= 2000 && times[2]! - times[1]! >= 4000)
      const row = await find(bench, id)
      assert.deepEqual([row.error, row.attempts], ['attempt 3 failed', 3])
      assert.equal((await bench.store.read.audit.list(TENANT, { action: 'JOB_DEAD' }, { limit: 10 })).length, 1)
    },
  )

  workerTest('N1: a handler that gives up ends the job at once', async (bench) => {
    const id = await enqueue(bench.store)
    await using _worker = work(bench, async () => {
      throw new GiveUp('the object is gone')
    })
    await untilStatus(bench, id, 'dead')
    assert.deepEqual([(await find(bench, id)).attempts, (await find(bench, id)).error], [1, 'the object is gone'])
  })

  workerTest('N1: progress is seen while the job runs, and its last state after', async (bench) => {
    const go = Promise.withResolvers<void>()
    await using _worker = work(bench, async (_job, { progress }) => {
      for (let read = 1; read <= 3; read++) await progress({ read })
      await go.promise
      await progress({ read: 4 })
    })
    const id = await enqueue(bench.store)
    await until(bench, async () => (await find(bench, id)).progress?.read === 3)
    go.resolve()
    await untilStatus(bench, id, 'done')
    assert.deepEqual((await find(bench, id)).progress, { read: 4 })
  })
}

/** Runs until its signal fires, and says with what reason. */
function obedient(): { handle: Handle; started: Promise<JobContext>; reason: Promise<string> } {
  const started = Promise.withResolvers<JobContext>()
  const reason = Promise.withResolvers<string>()
  const handle: Handle = async (_job, context) => {
    started.resolve(context)
    if (!context.signal.aborted) await once(context.signal, 'abort')
    reason.resolve(context.signal.reason.name)
    context.signal.throwIfAborted()
  }
  return { handle, started: started.promise, reason: reason.promise }
}

function stopping(workerTest: WorkerTest): void {
  workerTest('N1: cancelling a running job fires its signal at once in this process', async (bench) => {
    const { handle, started, reason } = obedient()
    await using _worker = work(bench, handle)
    const id = await enqueue(bench.store)
    await started
    await bench.store.transaction((tx) => tx.jobs.cancel(TENANT, id))
    assert.equal(await reason, 'JobCancelled')
    await untilStatus(bench, id, 'cancelled')
  })

  workerTest('N1: a job keeps its lease while it runs, however long', async (bench) => {
    const go = Promise.withResolvers<void>()
    let runs = 0
    await using _worker = work(bench, async () => {
      runs += 1
      await go.promise
    })
    const id = await enqueue(bench.store)
    const database = await bench.place.open()
    const leasedUntil = async () => (await database.sql.selectFrom('jobs').select('lease_until').executeTakeFirstOrThrow()).lease_until
    for (let round = 0; round < 60; round++) {
      bench.clock.advance(2_500)
      await until(bench, async () => ((await leasedUntil()) ?? 0) >= bench.clock.now() + LEASE - 10_000)
    }
    go.resolve()
    await untilStatus(bench, id, 'done')
    assert.equal(runs, 1)
  })

  workerTest('N1: a worker whose job another one took over stops its handler and leaves the job alone', async (bench) => {
    const { handle, started, reason } = obedient()
    await using _worker = work(bench, handle)
    const id = await enqueue(bench.store)
    await started
    // For the other one the lease has run out: its clock is ahead, or this process stood still.
    const ahead = manualClock(bench.clock.now() + 2 * LEASE)
    const { leases } = storeOn(await bench.place.open(), ahead)
    assert.equal(await leases.takeOver(), 1)
    const [taken] = await leases.claim('other', { kinds: ['test'], limit: 1, until: ahead.now() + LEASE })
    bench.clock.advance(5_000)
    assert.equal(await reason, 'LeaseLost')
    assert.equal((await find(bench, id)).status, 'running')
    assert.equal(await leases.settle(taken!.lease, { status: 'done' }, null), true)
  })

  workerTest('N1: a worker that cannot renew a lease in time stops its handler by itself', async (bench) => {
    const { handle, started, reason } = obedient()
    const away = { ...bench.store.leases, renew: () => Promise.reject(new Error('The database is away')) }
    await using _worker = work({ ...bench, store: { ...bench.store, leases: away } }, handle)
    await enqueue(bench.store)
    await started
    bench.clock.advance(LEASE)
    assert.equal(await reason, 'LeaseLost')
  })

  workerTest('N1: a worker that stops gives its jobs back, and the next one goes on at once', async (bench) => {
    const { handle, started, reason } = obedient()
    const worker = work(bench, handle)
    const id = await enqueue(bench.store)
    await started
    const stopped = worker.stop()
    await until(bench, async () => (await find(bench, id)).status === 'queued')
    await stopped
    assert.equal(await reason, 'WorkerStopping')
    const next = Promise.withResolvers<number>()
    await using _next = work(bench, async ({ attempt }) => next.resolve(attempt))
    assert.equal(await next.promise, 1)
  })

  workerTest('N1: a worker that stops lets a job finish that needs a moment, and claims nothing more', async (bench) => {
    const started = Promise.withResolvers<void>()
    const go = Promise.withResolvers<void>()
    const handle: Handle = async () => {
      started.resolve()
      await go.promise
    }
    const worker = work(bench, handle, { drainMilliseconds: 60_000 })
    const id = await enqueue(bench.store)
    await started.promise
    const stopped = worker.stop()
    const left = await enqueue(bench.store)
    go.resolve()
    await stopped
    assert.deepEqual([(await find(bench, id)).status, (await find(bench, left)).status], ['done', 'queued'])
  })
}

function crashing(places: Places): void {
  for (const point of ['job.after-claim', 'job.before-finish'] as const) {
    test(`N1: a job whose worker is killed at ${point} is done by another one`, async () => {
      await using place = await places.create()
      const store = storeOn(await migrated(place))
      const id = await enqueue(store)
      await using child = startChild('work', place.address!, point)
      assert.equal(await child.ended, 'SIGKILL')
      assert.equal((await store.read.jobs.find(TENANT, id))?.status, 'running')
      const attempt = Promise.withResolvers<number>()
      const handlers = [{ kind: 'test', handle: async (job: { attempt: number }) => attempt.resolve(job.attempt) }]
      await using worker = createWorker({ store, handlers, clock: systemClock, logger: silent, pollMilliseconds: 50 })
      worker.start()
      assert.equal(await attempt.promise, 2)
      await worker.stop()
      assert.equal((await store.read.jobs.find(TENANT, id))?.status, 'done')
    })
  }
}

suite('backoff', () => {
  test('N1: pauses double from two seconds up to an hour, spread over half of each', () => {
    const longest = Array.from({ length: 20 }, (_, index) => backoffMilliseconds(index + 1, () => 1))
    assert.deepEqual(longest.slice(0, 3), [2000, 4000, 8000])
    assert.equal(longest.at(-1), 3_600_000)
    assert.equal(
      backoffMilliseconds(1, () => 0),
      1000,
    )
  })
})
