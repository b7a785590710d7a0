import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createClient, type UploadPhase } from '@holdfast/client'
import { assertReady, openRoom, photo, picture, place, send, tuning } from './object-run.ts'

// The worker does not run: what is completed stays SCANNING for as long as a test wants.
const room = await openRoom({ working: false })
after(() => room[Symbol.asyncDispose]())
const { gate, world } = room
const { objects } = createClient({ baseUrl: world.origin, token: world.api.token })
const left = async () => (await objects.list({ ownerEntityType: 'User', ownerEntityId: place.ownerEntityId })).items

const doors = [
  ['queued', 'POST', /initiate$/],
  ['uploading', 'PUT', /content$/],
  ['completing', 'POST', /complete$/],
  ['verifying', 'GET', /uploads\/[^/]+$/],
] as const
for (const [phase, method, path] of doors) {
  test(`U3 O1: a cancel while ${phase} leaves nothing`, async () => {
    const released = Promise.withResolvers<void>()
    const reached = gate.plan(method, path, { kind: 'hold', until: released.promise })
    const { run, phases } = send(room, { file: photo(await picture()) })
    await reached
    assert.equal(run.getState().phase satisfies UploadPhase, phase)
    const cancelled = run.cancel()
    assert.equal(run.getState().phase, 'cancelling')
    released.resolve()
    await cancelled
    assert.deepEqual(await run.done, { phase: 'cancelled', serverCleanedUp: true })
    assert.equal(phases().at(-1), 'cancelled')
    assert.deepEqual(await left(), [])
  })
}

test('U3: the signal cancels, also one that had fired before', async () => {
  const controller = new AbortController()
  const reached = gate.plan('GET', /uploads\/[^/]+$/, { kind: 'hold', until: Promise.resolve() })
  const { run } = send(room, { file: photo(await picture()), signal: controller.signal })
  await reached
  controller.abort()
  assert.deepEqual(await run.done, { phase: 'cancelled', serverCleanedUp: true })
  const late = send(room, { file: photo(await picture()), signal: AbortSignal.abort() }).run
  assert.equal((await late.done).phase, 'cancelled')
  assert.deepEqual(await left(), [])
})

test('U3: the answer to initiate lost and then a cancel: the object is found and deleted all the same', async () => {
  const reached = gate.plan('POST', /initiate$/, { kind: 'lose-answer' })
  const { run } = send(room, { file: photo(await picture()), tuning: { ...tuning, firstRetryMs: 60_000, longestRetryMs: 60_000 } })
  await reached
  while (run.getState().phase !== 'waiting') await new Promise((resolve) => setTimeout(resolve, 2))
  await run.cancel()
  assert.deepEqual(await run.done, { phase: 'cancelled', serverCleanedUp: true })
  assert.deepEqual(await left(), [])
})

test('U3: an app that cannot delete leaves the rest to the server, and the end says so', async () => {
  const reached = gate.plan('GET', /uploads\/[^/]+$/, { kind: 'hold', until: Promise.resolve() })
  const { run } = send(room, { file: photo(await picture()), remove: undefined })
  await reached
  await run.cancel()
  assert.deepEqual(await run.done, { phase: 'cancelled', serverCleanedUp: false })
  for (const { id } of await left()) await objects.remove(id)
})

test('U3: abandoned, nothing more is sent and nothing is deleted', async () => {
  const reached = gate.plan('PUT', /content$/, { kind: 'hold', until: new Promise(() => {}) })
  const { run } = send(room, { file: photo(await picture()) })
  await reached
  run.abandon()
  const final = await run.done
  assert.ok(final.phase === 'error' && final.error.code === 'stopped')
  const [object] = await left()
  assert.equal(object?.status, 'PENDING_UPLOAD')
  await objects.remove(object.id)
})

test('U3: an object that is READY when the cancel comes stays, and the end says that it was too late', async () => {
  const released = Promise.withResolvers<void>()
  const reached = gate.plan('GET', /uploads\/[^/]+$/, { kind: 'hold', until: released.promise })
  const { run } = send(room, { file: photo(await picture()) })
  await reached
  world.app.worker.start()
  while ((await objects.get(run.objectId()!)).status !== 'READY') await new Promise((resolve) => setTimeout(resolve, 5))
  const cancelled = run.cancel()
  released.resolve()
  await cancelled
  const final = await run.done
  assert.equal(assertReady(final).status, 'READY')
  assert.ok(final.phase === 'ready' && final.tooLateToCancel)
  assert.deepEqual(
    (await left()).map(({ id }) => id),
    [run.objectId()],
  )
})
