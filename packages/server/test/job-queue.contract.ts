import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { systemTenantId } from '../src/core/actor.ts'
import { newId } from '../src/core/ids.ts'
import { DatabaseConflict } from '../src/db/database.ts'
import type { ClaimedJob } from '../src/db/job-leases.ts'
import type { NewJob } from '../src/db/job-queue.ts'
import type { Store } from '../src/db/store.ts'
import { migrated, type Place, type Places, storeOn } from './database-places.ts'
import { type ManualClock, manualClock } from './worker-clock.ts'

const LEASE = 60_000
const TENANT = newId()

/** What every job queue keeps: design decision 5, row N1. */
export function jobQueueContract(places: Places): void {
  const jobTest = (title: string, run: (bench: Bench) => Promise<void>) =>
    test(title, async () => {
      await using place = await places.create()
      const clock = manualClock()
      await run({ place, clock, store: storeOn(await migrated(place), clock) })
    })
  suite(`job queue on ${places.name}`, () => {
    enqueuing(jobTest)
    leasing(jobTest)
    ending(jobTest)
    administering(jobTest)
  })
}

type Bench = { readonly place: Place; readonly clock: ManualClock; readonly store: Store }
type JobTest = (title: string, run: (bench: Bench) => Promise<void>) => void

const job = (more: Partial<NewJob> = {}): NewJob => ({ kind: 'verify', tenantId: TENANT, payload: { fileId: 'f' }, ...more })
const enqueue = (store: Store, more: Partial<NewJob> = {}): Promise<string> => store.transaction((tx) => tx.jobs.enqueue(job(more)))
const claim = ({ store, clock }: Bench, owner: string, limit = 10): Promise<ClaimedJob[]> =>
  store.leases.claim(owner, { kinds: ['verify', 'sweep'], limit, until: clock.now() + LEASE })
const claimOne = async (bench: Bench, owner = 'worker'): Promise<ClaimedJob> => {
  const [claimed] = await claim(bench, owner, 1)
  assert.ok(claimed, 'There is a job to claim')
  return claimed
}
const statusOf = async ({ store }: Bench, id: string) => (await store.read.jobs.find(TENANT, id))?.status
const deadEntries = async ({ store }: Bench, tenantId = TENANT) => store.read.audit.list(tenantId, { action: 'JOB_DEAD' }, { limit: 10 })

function enqueuing(jobTest: JobTest): void {
  jobTest('N1: a job exists if and only if its transaction commits, and workers of this process hear of it after', async (bench) => {
    const heard: string[] = []
    const stop = bench.store.onJobsChanged((change) => heard.push(change))
    const failing = bench.store.transaction(async (tx) => {
      await tx.jobs.enqueue(job())
      throw new Error('no')
    })
    await assert.rejects(failing, /no/)
    assert.deepEqual([await claim(bench, 'a'), heard], [[], []])
    const id = await bench.store.transaction(async (tx) => {
      const added = await tx.jobs.enqueue(job())
      assert.deepEqual(heard, [])
      return added
    })
    assert.deepEqual(heard, ['due'])
    stop()
    await enqueue(bench.store)
    assert.deepEqual(heard, ['due'])
    const claimed = await claimOne(bench)
    assert.deepEqual(claimed, {
      lease: { jobId: id, owner: 'worker', attempt: 1 },
      kind: 'verify',
      tenantId: TENANT,
      payload: { fileId: 'f' },
      maxAttempts: 15,
    })
  })

  jobTest('N1: while a job with a unique key is active no second one is added; once it has ended one is', async (bench) => {
    const first = await enqueue(bench.store, { uniqueKey: 'verify:f' })
    assert.equal(await enqueue(bench.store, { uniqueKey: 'verify:f' }), first)
    assert.notEqual(await enqueue(bench.store, { uniqueKey: 'verify:g' }), first)
    const { lease } = await claimOne(bench)
    assert.equal(lease.jobId, first)
    assert.equal(await enqueue(bench.store, { uniqueKey: 'verify:f' }), first)
    await bench.store.leases.settle(lease, { status: 'done' }, null)
    assert.notEqual(await enqueue(bench.store, { uniqueKey: 'verify:f' }), first)
  })

  jobTest('N1: many who enqueue the same unique key at once get one job', async (bench) => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => enqueue(bench.store, { uniqueKey: 'same' })))
    assert.equal(new Set(ids).size, 1)
    assert.equal((await claim(bench, 'a')).length, 1)
  })

  jobTest('N1: jobs are claimed when they are due, the longest due first, and only kinds that are asked for', async (bench) => {
    const now = bench.clock.now()
    const later = await enqueue(bench.store, { runAt: now + 1000 })
    const second = await enqueue(bench.store, { runAt: now })
    const first = await enqueue(bench.store, { runAt: now - 1000 })
    const other = await enqueue(bench.store, { kind: 'unknown here', runAt: now - 5000 })
    assert.deepEqual(
      (await claim(bench, 'a')).map((claimed) => claimed.lease.jobId),
      [first, second],
    )
    bench.clock.advance(1000)
    assert.deepEqual(
      (await claim(bench, 'a')).map((claimed) => claimed.lease.jobId),
      [later],
    )
    assert.equal(await statusOf(bench, other), 'queued')
  })
}

function leasing(jobTest: JobTest): void {
  jobTest('N1: jobs that many claim at once are each claimed by one', async (bench) => {
    const other = storeOn(await bench.place.open(), bench.clock)
    const added = await bench.store.transaction((tx) => Promise.all(Array.from({ length: 60 }, () => tx.jobs.enqueue(job()))))
    const claims = await Promise.all(
      Array.from({ length: 30 }, (_, index) => claim({ ...bench, store: index % 2 ? other : bench.store }, `w${index}`, 3)),
    )
    const claimed = claims.flat().map(({ lease }) => lease.jobId)
    const rest = (await claim(bench, 'rest', 100)).map(({ lease }) => lease.jobId)
    assert.equal(new Set(claimed).size, claimed.length)
    assert.deepEqual([...claimed, ...rest].sort(), added.sort())
    assert.deepEqual(await claim(bench, 'more'), [])
  })

  jobTest('N1: a lease that is renewed holds; one that ran out is taken over, and its old owner can do nothing more', async (bench) => {
    const { leases } = bench.store
    const id = await enqueue(bench.store)
    const old = (await claimOne(bench, 'old')).lease
    bench.clock.advance(LEASE - 1)
    assert.deepEqual(await leases.renew('old', [old], bench.clock.now() + LEASE), [{ jobId: id, cancelRequested: false }])
    bench.clock.advance(LEASE - 1)
    assert.equal(await leases.takeOver(), 0)
    bench.clock.advance(1)
    assert.equal(await leases.takeOver(), 1)
    const fresh = (await claimOne(bench, 'fresh')).lease
    assert.deepEqual(fresh, { jobId: id, owner: 'fresh', attempt: 2 })
    assert.deepEqual(await leases.renew('old', [old], bench.clock.now() + LEASE), [])
    assert.equal(await leases.progress(old, { at: 1 }), null)
    assert.equal(await leases.settle(old, { status: 'done' }, null), false)
    assert.equal(await leases.settle(old, { status: 'dead', error: 'late' }, null), false)
    assert.deepEqual([await statusOf(bench, id), await deadEntries(bench)], ['running', []])
    assert.equal(await leases.settle(fresh, { status: 'done' }, null), true)
  })

  jobTest('N1: an owner that claims its own lost job again cannot end it with the old lease', async (bench) => {
    await enqueue(bench.store)
    const old = (await claimOne(bench, 'same')).lease
    bench.clock.advance(LEASE)
    await bench.store.leases.takeOver()
    const fresh = (await claimOne(bench, 'same')).lease
    assert.equal(await bench.store.leases.settle(old, { status: 'done' }, null), false)
    assert.deepEqual(await bench.store.leases.renew('same', [old], bench.clock.now() + LEASE), [])
    assert.equal(await bench.store.leases.settle(fresh, { status: 'done' }, null), true)
  })

  jobTest('N1: two that take over at once queue an expired job once', async (bench) => {
    const other = storeOn(await bench.place.open(), bench.clock)
    await enqueue(bench.store)
    await claimOne(bench)
    bench.clock.advance(LEASE)
    await Promise.all([bench.store.leases.takeOver(), other.leases.takeOver()])
    assert.equal((await claim(bench, 'a')).length, 1)
  })
}

function ending(jobTest: JobTest): void {
  jobTest('N1: a failed job waits for its time, keeps its error and ends as done without it', async (bench) => {
    const id = await enqueue(bench.store)
    const first = await claimOne(bench)
    const runAt = bench.clock.now() + 5000
    assert.equal(await bench.store.leases.settle(first.lease, { status: 'queued', error: 'target away', runAt }, { read: 1 }), true)
    assert.deepEqual(await claim(bench, 'a'), [])
    const waiting = await bench.store.read.jobs.find(TENANT, id)
    assert.deepEqual([waiting?.status, waiting?.error, waiting?.runAt, waiting?.progress], ['queued', 'target away', runAt, { read: 1 }])
    bench.clock.advance(5000)
    const second = await claimOne(bench)
    assert.equal(second.lease.attempt, 2)
    await bench.store.leases.settle(second.lease, { status: 'done' }, null)
    const done = await bench.store.read.jobs.find(TENANT, id)
    assert.deepEqual([done?.status, done?.error, done?.finishedAt, done?.attempts], ['done', null, bench.clock.now(), 2])
  })

  jobTest('N1 A1: a dead job is told of in the log in the same transaction, under its tenant or the system', async (bench) => {
    const id = await enqueue(bench.store)
    await bench.store.leases.settle((await claimOne(bench)).lease, { status: 'dead', error: 'object is gone' }, null)
    assert.equal(await statusOf(bench, id), 'dead')
    const [entry] = await deadEntries(bench)
    assert.deepEqual(JSON.parse(entry!.details), { jobId: id, jobKind: 'verify', reason: 'object is gone' })
    await enqueue(bench.store, { kind: 'sweep', tenantId: null })
    await bench.store.leases.settle((await claimOne(bench)).lease, { status: 'dead', error: 'x' }, null)
    assert.equal((await deadEntries(bench, systemTenantId)).length, 1)
  })

  jobTest('N1: a job whose last attempt killed its process is buried, not tried for ever', async (bench) => {
    const id = await enqueue(bench.store, { maxAttempts: 2 })
    for (const attempt of [1, 2]) {
      assert.equal((await claimOne(bench)).lease.attempt, attempt)
      bench.clock.advance(LEASE)
      assert.equal(await bench.store.leases.takeOver(), 1)
    }
    assert.deepEqual([await statusOf(bench, id), await claim(bench, 'a'), (await deadEntries(bench)).length], ['dead', [], 1])
  })

  jobTest('N1: a job that is given back is queued at once and its attempt does not count', async (bench) => {
    await enqueue(bench.store)
    const { lease } = await claimOne(bench, 'stopping')
    assert.equal(await bench.store.leases.settle(lease, { status: 'released' }, { read: 5 }), true)
    const again = await claimOne(bench, 'next')
    assert.equal(again.lease.attempt, 1)
    assert.equal(await bench.store.leases.settle(lease, { status: 'done' }, null), false)
  })
}

function administering(jobTest: JobTest): void {
  jobTest('N1: cancelling ends a queued job at once and asks a running one to stop', async (bench) => {
    const { store } = bench
    const running = await enqueue(store)
    const { lease } = await claimOne(bench)
    const queued = await enqueue(store)
    const heard: string[] = []
    store.onJobsChanged((change) => heard.push(change))
    const cancel = (id: string, tenantId = TENANT) => store.transaction((tx) => tx.jobs.cancel(tenantId, id))
    assert.equal(await cancel(queued, newId()), false)
    assert.deepEqual([await cancel(queued), await cancel(running)], [true, true])
    assert.ok(heard.includes('cancelled'))
    assert.deepEqual([await statusOf(bench, queued), await statusOf(bench, running)], ['cancelled', 'running'])
    assert.deepEqual(await store.leases.progress(lease, { read: 1 }), { jobId: running, cancelRequested: true })
    assert.deepEqual(await store.leases.renew('worker', [lease], bench.clock.now() + LEASE), [{ jobId: running, cancelRequested: true }])
    await store.leases.settle(lease, { status: 'cancelled' }, null)
    assert.deepEqual([await statusOf(bench, running), await cancel(running)], ['cancelled', false])
  })

  jobTest(
    'N1 S3: jobs that wait after a failure are hurried; those that were put off on purpose, or are of others, are not',
    async (bench) => {
      const { store, clock } = bench
      const later = clock.now() + 3_600_000
      const fail = async (more: Partial<NewJob>) => {
        const id = await enqueue(store, more)
        const { lease } = await claimOne(bench)
        await store.leases.settle(lease, { status: 'queued', error: 'away', runAt: later }, null)
        return id
      }
      const waits = await fail({})
      await fail({ kind: 'sweep' })
      await fail({ tenantId: newId() })
      await enqueue(store, { runAt: later })
      assert.deepEqual(await claim(bench, 'a'), [])
      await store.transaction((tx) => tx.jobs.hurry(TENANT, ['verify']))
      assert.deepEqual(
        (await claim(bench, 'a')).map(({ lease }) => lease.jobId),
        [waits],
      )
    },
  )

  jobTest('N1: a cancelled job whose worker died is cancelled by who takes it over', async (bench) => {
    const id = await enqueue(bench.store)
    await claimOne(bench)
    await bench.store.transaction((tx) => tx.jobs.cancel(TENANT, id))
    bench.clock.advance(LEASE)
    await bench.store.leases.takeOver()
    assert.equal(await statusOf(bench, id), 'cancelled')
  })

  jobTest(
    'N1: a dead job that is retried has all its attempts again; not one of another tenant, nor where its key is taken',
    async (bench) => {
      const { store } = bench
      const id = await enqueue(store, { uniqueKey: 'k', maxAttempts: 1 })
      await store.leases.settle((await claimOne(bench)).lease, { status: 'dead', error: 'x' }, null)
      const retry = (tenantId = TENANT) => store.transaction((tx) => tx.jobs.retry(tenantId, id))
      assert.equal(await retry(newId()), false)
      assert.equal(await retry(), true)
      assert.equal(await retry(), false)
      const again = await claimOne(bench)
      assert.deepEqual([again.lease.jobId, again.lease.attempt], [id, 1])
      await store.leases.settle(again.lease, { status: 'dead', error: 'x' }, null)
      await enqueue(store, { uniqueKey: 'k' })
      await assert.rejects(retry(), (error) => error instanceof DatabaseConflict && error.constraint === 'jobs_unique_key')
    },
  )

  jobTest('N1 O6: jobs are listed newest first by page, with the system’s own and without another tenant’s', async (bench) => {
    const { store } = bench
    const mine = [await enqueue(store), await enqueue(store, { kind: 'sweep' }), await enqueue(store, { tenantId: null })]
    const theirs = await enqueue(store, { tenantId: newId() })
    const list = async (filter = {}, before: string | null = null, limit = 2) =>
      (await store.read.jobs.list(TENANT, filter, { limit, before })).map(({ id }) => id)
    assert.deepEqual(await list(), [mine[2], mine[1]])
    assert.deepEqual(await list({}, mine[1]), [mine[0]])
    assert.deepEqual(await list({ kind: 'sweep' }), [mine[1]])
    assert.deepEqual(await list({ status: 'dead' }), [])
    assert.equal(await store.read.jobs.find(TENANT, theirs), null)
  })

  jobTest('N1: old jobs that ended are forgotten some at a time, others stay', async (bench) => {
    const { store, clock } = bench
    for (let index = 0; index < 3; index++) {
      await enqueue(store)
      await store.leases.settle((await claimOne(bench)).lease, { status: 'done' }, null)
    }
    const waiting = await enqueue(store)
    clock.advance(1000)
    const purge = (before: number) => store.transaction((tx) => tx.jobs.purge(['done'], before, 2))
    assert.equal(await purge(clock.now() - 1000), 0)
    assert.deepEqual([await purge(clock.now()), await purge(clock.now()), await purge(clock.now())], [2, 1, 0])
    assert.equal(await statusOf(bench, waiting), 'queued')
  })

  jobTest('N1: a schedule moves on for one caller alone', async (bench) => {
    const { store } = bench
    const other = storeOn(await bench.place.open(), bench.clock)
    await Promise.all([store, other].map((each) => each.transaction((tx) => tx.jobSchedules.begin('daily', 100))))
    const advance = (each: Store) => each.transaction((tx) => tx.jobSchedules.advance('daily', 100, { nextAt: 200, now: 100 }))
    assert.deepEqual((await Promise.all([advance(store), advance(other), advance(store)])).sort(), [false, false, true])
    assert.deepEqual([...(await store.read.jobSchedules.dueTimes(['daily', 'none']))], [['daily', 200]])
  })
}
