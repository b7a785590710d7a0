import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { startProtocolServer } from './protocol-server.ts'
import { assertStored, halfUploaded, named, plant, puts, upload } from './upload-run.ts'

test('S9: resuming sends only what the server lacks, after comparing what it has', async () => {
  await using server = await startProtocolServer()
  const bytes = randomBytes(20 * 65_536)
  const first = upload(server, named(bytes), {
    onState(state) {
      if (state.phase === 'uploading' && state.loaded >= 8 * 65_536) first.run.abandon()
    },
  })
  const stopped = await first.run.done
  assert.ok(stopped.phase === 'error' && stopped.error.code === 'stopped' && stopped.error.retryable)
  const uploadId = first.run.uploadId()!
  await new Promise((resolve) => setTimeout(resolve, 20))
  const had = server.world.uploads.get(uploadId)!.parts.size
  assert.ok(had > 0 && had < 20)
  const before = puts(server)
  const second = upload(server, named(bytes), { resume: { uploadId, ifDifferent: 'stop' } })
  assertStored(server, await second.run.done, bytes)
  assert.equal(puts(server) - before, 20 - had)
  assert.ok(second.phases().includes('verifying-local'))
  assert.equal(server.world.uploads.size, 1)
})

test('S9: another file under the same name and size is told apart, and nothing is changed', async () => {
  await using server = await startProtocolServer()
  const bytes = randomBytes(5 * 65_536)
  const uploadId = await halfUploaded(server, bytes)
  const other = Buffer.from(bytes)
  other[2 * 65_536 + 5]! ^= 1
  const before = puts(server)
  for (const chosen of [named(other), named(other.subarray(1)), named(bytes, 'other.img')]) {
    const final = await upload(server, chosen, { resume: { uploadId, ifDifferent: 'stop' } }).run.done
    assert.ok(final.phase === 'error' && final.error.code === 'different-file')
  }
  assert.equal(puts(server), before)
  const { session, parts } = server.world.uploads.get(uploadId)!
  assert.deepEqual([session.status, [...parts.keys()]], ['open', [1, 3]])
})

test('S9: where only name and size matched, a different file starts an upload of its own', async () => {
  await using server = await startProtocolServer()
  const bytes = randomBytes(5 * 65_536)
  const uploadId = await halfUploaded(server, bytes)
  const other = randomBytes(bytes.length)
  const { run } = upload(server, named(other), { resume: { uploadId, ifDifferent: 'start-new' } })
  assertStored(server, await run.done, other)
  assert.notEqual(run.uploadId(), uploadId)
  assert.equal(server.world.uploads.get(uploadId)?.session.status, 'open')
})

test('S9: resuming an upload that was completed meanwhile ends with its file', async () => {
  await using server = await startProtocolServer()
  const bytes = randomBytes(300_000)
  const { run } = upload(server, named(bytes))
  await run.done
  const before = puts(server)
  assertStored(server, await upload(server, named(bytes), { resume: { uploadId: run.uploadId()!, ifDifferent: 'stop' } }).run.done, bytes)
  assert.equal(puts(server), before)
})

test('S9: a stored file of the same name and size with other contents is not taken for this one', async () => {
  await using server = await startProtocolServer()
  const { run } = upload(server, named(randomBytes(300_000)))
  await run.done
  const other = randomBytes(300_000)
  const uploadId = run.uploadId()!
  const stopped = await upload(server, named(other), { resume: { uploadId, ifDifferent: 'stop' } }).run.done
  assert.ok(stopped.phase === 'error' && stopped.error.code === 'different-file')
  assertStored(server, await upload(server, named(other), { resume: { uploadId, ifDifferent: 'start-new' } }).run.done, other)
})

test('S9: two programs sending the same file to the same upload end with one file', async () => {
  await using server = await startProtocolServer()
  const bytes = randomBytes(12 * 65_536)
  const uploadId = await halfUploaded(server, bytes)
  const both = [1, 2].map(() => upload(server, named(bytes), { resume: { uploadId, ifDifferent: 'start-new' } }))
  for (const { run } of both) assertStored(server, await run.done, bytes)
  assert.equal(server.world.files.size, 1)
})

test('S9: an upload that the server swept is started anew', async () => {
  await using server = await startProtocolServer()
  const bytes = randomBytes(300_000)
  const uploadId = await halfUploaded(server, bytes)
  server.world.uploads.delete(uploadId)
  assertStored(server, await upload(server, named(bytes), { resume: { uploadId, ifDifferent: 'stop' } }).run.done, bytes)
})

test('S9: 401 stops with a state of its own; after signing in again the upload goes on', async () => {
  await using server = await startProtocolServer()
  const bytes = randomBytes(10 * 65_536)
  plant(server, 'put', { kind: 'run', work: () => Object.assign(server.world.settings, { token: 'hf_other' }) })
  const { run } = upload(server, named(bytes))
  const final = await run.done
  assert.ok(final.phase === 'error' && final.error.code === 'signed-out' && final.error.retryable)
  assertStored(server, await upload(server, named(bytes), { resume: { uploadId: run.uploadId()!, ifDifferent: 'stop' } }).run.done, bytes)
})
