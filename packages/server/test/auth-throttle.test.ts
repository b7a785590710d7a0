import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Problem } from '@holdfast/api'
import fc from 'fast-check'
import { createGate } from '../src/http/gate.ts'
import { createSignInThrottle } from '../src/http/sign-in-throttle.ts'
import { movableClock, openWorld, send } from './http-world.ts'

const waitOf = (attempt: () => unknown): number => {
  try {
    attempt()
    return 0
  } catch (error) {
    assert.ok(error instanceof Problem && error.code === 'RATE_LIMIT_EXCEEDED')
    return error.retryAfterSeconds ?? Number.NaN
  }
}

test('N3: guesses at one account from one address wait twice as long each time, up to a quarter of an hour', () => {
  const clock = movableClock()
  const throttle = createSignInThrottle(clock)
  const waits: number[] = []
  for (let guess = 0; guess < 25; guess += 1) {
    const wait = waitOf(() => throttle.begin('ada@example.org', '192.0.2.1'))
    if (wait === 0) continue
    waits.push(wait)
    clock.advance(wait * 1000)
    assert.equal(
      waitOf(() => throttle.begin('ada@example.org', '192.0.2.1')),
      0,
    )
  }
  assert.deepEqual(waits.slice(0, 5), [1, 2, 4, 8, 16])
  assert.equal(Math.max(...waits), 900)
})

test('N3: an owner on another address gets in soon however many guess at the account', () => {
  const clock = movableClock()
  const throttle = createSignInThrottle(clock)
  for (let guess = 0; guess < 2000; guess += 1) waitOf(() => throttle.begin('ada@example.org', `192.0.2.${guess % 250}`))
  clock.advance(60_000)
  assert.equal(
    waitOf(() => throttle.begin('ada@example.org', '198.51.100.7')),
    0,
  )
})

test('N3: one address that tries many accounts is slowed down, others are not', () => {
  const throttle = createSignInThrottle(movableClock())
  const waits = Array.from({ length: 100 }, (_, at) => waitOf(() => throttle.begin(`person${at}@example.org`, '192.0.2.1')))
  assert.ok(waits.filter((wait) => wait === 0).length <= 21)
  assert.equal(
    waitOf(() => throttle.begin('person1@example.org', '192.0.2.2')),
    0,
  )
})

test('N3: of IPv6 a whole network counts as one address, and an IPv4 address that IPv6 holds as itself', () => {
  const throttle = createSignInThrottle(movableClock())
  const from = (at: number) => `2001:db8:1:2:${(at + 1).toString(16)}::${at}`
  const waits = Array.from({ length: 100 }, (_, at) => waitOf(() => throttle.begin(`person${at}@example.org`, from(at))))
  assert.ok(waits.filter((wait) => wait === 0).length <= 21)
  for (const other of ['2001:db8:1:3::1', '::ffff:192.0.2.1', '::ffff:192.0.2.2', '192.0.2.3'])
    assert.equal(
      waitOf(() => throttle.begin('somebody@example.org', other)),
      0,
      other,
    )
})

test('N3: success forgives the account, but not what the address tried at others', () => {
  const throttle = createSignInThrottle(movableClock())
  for (let round = 0; round < 18; round += 1) throttle.begin('mine@example.org', '192.0.2.1').succeeded()
  let letThrough = 0
  for (let guess = 0; guess < 100; guess += 1) {
    if (waitOf(() => throttle.begin(`victim${guess}@example.org`, '192.0.2.1')) === 0) letThrough += 1
    if (waitOf(() => throttle.begin('mine@example.org', '192.0.2.1').succeeded()) > 0) break
  }
  assert.ok(letThrough <= 21, String(letThrough))
})

test('N3: guesses that run at once count before any of them has failed', async () => {
  await using world = await openWorld()
  world.clock.stop()
  const body = { email: 'nobody@example.org', password: 'guess' }
  const guesses = Array.from({ length: 12 }, () => send(world.app, { method: 'POST', url: '/api/auth/sign-in/email', body }))
  const statuses = (await Promise.all(guesses)).map((answer) => answer.status)
  assert.equal(statuses.filter((status) => status === 429).length, 6)
  const next = await send(world.app, { method: 'POST', url: '/api/auth/sign-in/email', body })
  assert.equal(next.status, 429)
  assert.ok(Number(next.headers['retry-after']) >= 1)
})

test('N3: a gate never lets more than its number run, keeps order, and frees its places on failure', async () => {
  const jobs = fc.array(fc.boolean(), { maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(jobs, fc.integer({ min: 1, max: 4 }), async (outcomes, running) => {
      const gate = createGate({ running, waiting: 100 })
      const order: number[] = []
      let now = 0
      let most = 0
      const work = (fails: boolean, index: number) =>
        gate(async () => {
          order.push(index)
          now += 1
          most = Math.max(most, now)
          await Promise.resolve()
          now -= 1
          if (fails) throw new Error('failed')
        })
      await Promise.allSettled(outcomes.map(work))
      assert.ok(most <= running)
      assert.deepEqual(
        order,
        outcomes.map((_, index) => index),
      )
      await Promise.all(Array.from({ length: running }, () => gate(async () => {})))
    }),
  )
  const full = createGate({ running: 1, waiting: 1 })
  const held = Promise.withResolvers<void>()
  const first = full(() => held.promise)
  const second = full(async () => {})
  await assert.rejects(
    full(async () => {}),
    { code: 'RATE_LIMIT_EXCEEDED' },
  )
  held.resolve()
  await Promise.all([first, second])
})
