import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createThrottle } from '../src/services/check/throttle.ts'

const signal = new AbortController().signal
const reads = fc.array(fc.record({ bytes: fc.nat({ max: 1_000_000 }), busy: fc.nat({ max: 5000 }) }), { minLength: 1, maxLength: 50 })

/** A time that goes on by sleeping, and by what the reading itself takes. */
function sleepingClock() {
  let time = 1000
  return {
    now: () => time,
    async sleep(milliseconds: number) {
      time += milliseconds
    },
    spend: (milliseconds: number) => {
      time += milliseconds
    },
  }
}

test('X9: reading is held to its rate from any point on, whatever was slow before (property)', async () => {
  await fc.assert(
    fc.asyncProperty(reads, fc.integer({ min: 1000, max: 1_000_000 }), async (steps, rate) => {
      const clock = sleepingClock()
      const throttle = createThrottle(clock, rate)
      for (const { bytes, busy } of steps) {
        clock.spend(busy)
        const before = clock.now()
        await throttle(bytes, signal)
        assert.ok(clock.now() - before >= (bytes / rate) * 1000 - 0.01)
      }
    }),
  )
})

test('X9: a rate of 0 never waits, and a signal ends the wait', async () => {
  const clock = sleepingClock()
  await createThrottle(clock, 0)(1e12, signal)
  assert.equal(clock.now(), 1000)
  const stopped = AbortSignal.abort(new Error('enough'))
  const waiting = { now: clock.now, sleep: async (_: number, given?: AbortSignal) => given?.throwIfAborted() }
  await assert.rejects(createThrottle(waiting, 1)(10, stopped), /enough/)
})
