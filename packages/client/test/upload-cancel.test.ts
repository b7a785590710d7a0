import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { createWorld, startProtocolServer } from './protocol-server.ts'
import { assertStored, halfUploaded, named, plant, tuning, upload } from './upload-run.ts'

test('D6: an upload that was cancelled elsewhere stops', async () => {
  await using server = await startProtocolServer()
  const bytes = randomBytes(12 * 65_536)
  plant(server, 'put', {
    kind: 'run',
    work() {
      for (const { session } of server.world.uploads.values()) session.status = 'aborted'
    },
  })
  const final = await upload(server, named(bytes)).run.done
  assert.ok(final.phase === 'error' && final.error.code === 'upload-gone' && final.error.retryable)
})

const phasesToCancelIn = ['queued', 'uploading', 'waiting', 'completing', 'verifying', 'verifying-local'] as const
for (const phase of phasesToCancelIn) {
  test(`D6: cancel while ${phase} settles, and server and client agree on the outcome`, async () => {
    await using server = await startProtocolServer(createWorld({ pollsUntilReady: 3 }))
    const bytes = randomBytes(5 * 65_536)
    if (phase === 'waiting') plant(server, 'put', { kind: 'answer', status: 503 }, 40)
    const resume = phase === 'verifying-local' ? { uploadId: await halfUploaded(server, bytes), ifDifferent: 'stop' as const } : undefined
    let cancelled: Promise<void> | undefined
    const { run } = upload(server, named(bytes), {
      ...(resume === undefined ? {} : { resume }),
      onState(state) {
        if (state.phase === phase) cancelled ??= run.cancel()
      },
    })
    if (phase === 'queued') cancelled = run.cancel()
    const final = await run.done
    await cancelled
    assert.ok(cancelled !== undefined)
    const { session } = [...server.world.uploads.values()][0]!
    if (final.phase === 'cancelled') assert.deepEqual([final.serverCleanedUp, session.status], [true, 'aborted'])
    else assert.deepEqual([final.phase === 'ready' && final.tooLateToCancel, session.status], [true, 'completed'])
    if (phase !== 'completing') assert.equal(final.phase, phase === 'verifying' ? 'ready' : 'cancelled')
  })
}

test('D6: a complete that won against the cancel, with its answer lost, is reported as stored', async () => {
  await using server = await startProtocolServer()
  const bytes = randomBytes(200_000)
  let cancelled: Promise<void> | undefined
  plant(server, 'complete', { kind: 'lose-answer' })
  const { run } = upload(server, named(bytes), { tuning: { ...tuning, firstRetryMs: 5000, longestRetryMs: 5000 } })
  const poll = setInterval(() => {
    if (server.world.files.size > 0) cancelled ??= run.cancel()
  }, 1)
  const final = await run.done
  clearInterval(poll)
  await cancelled
  assert.ok(final.phase === 'ready' && final.tooLateToCancel)
  assertStored(server, final, bytes)
})

test('D6: cancel with the server away ends, and says that the server was not told', async () => {
  const server = await startProtocolServer()
  const { run } = upload(server, named(randomBytes(300_000)), {
    onState(state) {
      if (state.phase === 'waiting') void run.cancel()
    },
  })
  plant(server, 'put', { kind: 'run', work: () => server.stop() })
  assert.deepEqual(await run.done, { phase: 'cancelled', serverCleanedUp: false })
})
