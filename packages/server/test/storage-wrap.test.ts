import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Clock, systemClock } from '../src/core/clock.ts'
import { createMemoryStore, memoryTarget } from '../src/storage/memory.ts'
import { StorageError, type StorageFault } from '../src/storage/target.ts'
import { type CallRecord, type FaultPlan, withFaults, wrapTarget } from '../src/storage/wrap.ts'
import { collect, fails, sameBytes, targetContract, text } from './target.contract.ts'

/** Waits cost nothing and are written down. */
const recordingClock = (): Clock & { waits: number[] } => {
  const waits: number[] = []
  return {
    waits,
    now: () => Date.now(),
    async sleep(milliseconds, signal) {
      signal?.throwIfAborted()
      waits.push(milliseconds)
    },
  }
}

/** Every other call that may be repeated fails; one that runs beside others may hit several faults in turn. */
const everyOther =
  (when: 'before' | 'after'): FaultPlan =>
  (call, count) =>
    call.repeatable && count % 2 === 1 ? when : null

for (const when of ['before', 'after'] as const) {
  targetContract(`memory, retried through faults ${when} each call`, async () => {
    const store = createMemoryStore()
    const another = async () =>
      wrapTarget(withFaults(memoryTarget(systemClock, store), everyOther(when)), { clock: recordingClock(), attempts: 64 })
    return { target: await another(), another, dispose: async () => {} }
  })
}

test("N1: only 'unavailable' is tried again, a bounded number of times, with growing waits and jitter", async () => {
  for (const fault of [
    'not-found',
    'exists',
    'out-of-range',
    'bad-part',
    'bad-key',
    'denied',
    'full',
    'closed',
    'unavailable',
  ] as StorageFault[]) {
    const clock = recordingClock()
    let tries = 0
    const failing = {
      ...memoryTarget(clock),
      stat: async () => {
        tries += 1
        throw new StorageError(fault, 'as told')
      },
    }
    await assert.rejects(wrapTarget(failing, { clock, attempts: 4, firstDelay: 8, random: () => 0.5 }).stat('k'), fails(fault))
    assert.equal(tries, fault === 'unavailable' ? 4 : 1, fault)
    assert.deepEqual(clock.waits, fault === 'unavailable' ? [4, 8, 16] : [])
  }
})

test('T6 N1: a server that hangs is not waited for again and again: what took long to fail is not repeated', async () => {
  let [now, tries] = [0, 0]
  const clock: Clock = { now: () => now, sleep: async () => {} }
  const hanging = (milliseconds: number) => ({
    ...memoryTarget(clock),
    stat: async () => {
      tries += 1
      now += milliseconds
      throw new StorageError('unavailable', 'No answer')
    },
  })
  for (const [milliseconds, expected] of [
    [30_000, 1],
    [12_000, 2],
    [100, 5],
  ] as const) {
    tries = 0
    await assert.rejects(wrapTarget(hanging(milliseconds), { clock }).stat('k'), fails('unavailable'))
    assert.equal(tries, expected, `${milliseconds} ms`)
  }
})

test('N1: put with ifAbsent is never tried again: it would meet its own object', async () => {
  const store = createMemoryStore()
  const target = wrapTarget(
    withFaults(memoryTarget(systemClock, store), () => 'after'),
    { clock: recordingClock() },
  )
  await assert.rejects(target.put('k', text('mine'), { ifAbsent: true }), fails('unavailable'))
  sameBytes(await memoryTarget(systemClock, store).read('k', 0, 4), text('mine'))
})

test('D13: a listing that breaks off after its first item fails; it never hands an item out twice', async () => {
  const clock = recordingClock()
  const memory = memoryTarget(clock)
  for (const key of ['a', 'b', 'c']) await memory.put(key, text(key))
  let opened = 0
  const breaking = {
    ...memory,
    async *list() {
      opened += 1
      if (opened === 1) throw new StorageError('unavailable', 'at once')
      yield (await memory.stat('a'))!
      throw new StorageError('unavailable', 'in the middle')
    },
  }
  const seen: string[] = []
  const listing = (async () => {
    for await (const stat of wrapTarget(breaking, { clock }).list('')) seen.push(stat.key)
  })()
  await assert.rejects(listing, fails('unavailable'))
  assert.deepEqual([opened, seen], [2, ['a']])
})

test('D8: no more calls run at once than the target allows, and waiting ends with the signal', async () => {
  const memory = memoryTarget(systemClock)
  await memory.put('k', text('x'))
  let [running, most] = [0, 0]
  const gate = Promise.withResolvers<void>()
  const counting = {
    ...memory,
    async read() {
      running += 1
      most = Math.max(most, running)
      await gate.promise
      running -= 1
      return text('x')
    },
  }
  const target = wrapTarget(counting, { clock: systemClock, concurrency: 3 })
  const reads = Array.from({ length: 10 }, () => target.read('k', 0, 1))
  const controller = new AbortController()
  const reason = new Error('gone')
  const waiting = target.read('k', 0, 1, { signal: controller.signal })
  controller.abort(reason)
  await assert.rejects(waiting, (error) => error === reason)
  gate.resolve()
  await Promise.all(reads)
  assert.equal(most, 3)
  await target.read('k', 0, 1)
})

test('N2: each try is told with its operation, bytes and outcome, and never with a key', async () => {
  const records: CallRecord[] = []
  const clock = recordingClock()
  const faulty = withFaults(memoryTarget(clock), (call, count) => (call.operation === 'put' && count === 1 ? 'before' : null))
  const target = wrapTarget(faulty, { clock, onCall: (record) => records.push(record) })
  await target.put('secret/name', text('12345'))
  await assert.rejects(target.read('secret/name', 4, 2), fails('out-of-range'))
  await collect(target.list('secret/'))
  assert.deepEqual(
    records.map(({ operation, bytes, attempt, fault }) => [operation, bytes, attempt, fault]),
    [
      ['put', 5, 1, 'unavailable'],
      ['put', 5, 2, null],
      ['read', 2, 1, 'out-of-range'],
      ['list', 0, 1, null],
    ],
  )
  assert.ok(!JSON.stringify(records).includes('secret'))
})
