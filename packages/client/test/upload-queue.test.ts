import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import {
  blobSource,
  createClient,
  createUploadQueue,
  type QueueRow,
  type UploadPhase,
  type UploadQueue,
  type UploadQueueOptions,
} from '@holdfast/client'
import { caseId, createWorld, type ProtocolServer, sha256, startProtocolServer } from './protocol-server.ts'

const tuning = {
  firstRetryMs: 5,
  longestRetryMs: 40,
  giveUpAfterMs: 2000,
  stallMs: 400,
  callMs: 400,
  completeMs: 400,
  pollMs: { first: 2, steady: 5, slow: 5 },
}
const destination = { caseId }

function queueFor(server: ProtocolServer, options: Partial<UploadQueueOptions> = {}): UploadQueue {
  return createUploadQueue({ client: createClient({ baseUrl: server.url, token: server.world.settings.token }), tuning, ...options })
}

const chosen = (bytes: Uint8Array<ArrayBuffer>, name = 'disk.img') => blobSource(new Blob([bytes]), name)
const rowOf = (queue: UploadQueue, id: string): QueueRow => {
  const row = queue.getState().rows.find((candidate) => candidate.id === id)
  assert.ok(row, 'the row is in the queue')
  return row
}

/** Makes the server take its time over the first parts, so that a test can act between them. */
const slowParts = (server: ProtocolServer, times: number) =>
  server.world.faults.push({ on: 'put', fault: { kind: 'run', work: () => new Promise((resolve) => setTimeout(resolve, 20)) }, times })

/** Resolves when `holds` becomes true of the queue. */
function until(queue: UploadQueue, holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (!holds()) return
      unsubscribe()
      resolve()
    }
    const unsubscribe = queue.subscribe(look)
    look()
  })
}
const inPhase = (queue: UploadQueue, id: string, ...phases: UploadPhase[]) =>
  until(queue, () => phases.includes(rowOf(queue, id).state.phase))
const allSettled = (queue: UploadQueue) =>
  until(queue, () => queue.getState().rows.every(({ state }) => ['ready', 'error', 'cancelled', 'needs-file'].includes(state.phase)))

test('D6: files go one at a time, in their order, and the next starts while the one before is being proven', async () => {
  await using server = await startProtocolServer(createWorld({ pollsUntilReady: 8 }))
  using queue = queueFor(server)
  let most = 0
  const sending = () => queue.getState().rows.filter(({ state }) => ['uploading', 'hashing', 'completing'].includes(state.phase)).length
  queue.subscribe(() => {
    most = Math.max(most, sending())
  })
  const files = [1, 2, 3].map((n) => ({ name: `${n}.bin`, bytes: randomBytes(200_000) }))
  for (const { name, bytes } of files) queue.add(chosen(bytes, name), destination)
  await allSettled(queue)
  assert.equal(most, 1)
  assert.deepEqual(
    [...server.world.uploads.values()].map(({ session }) => session.name),
    ['1.bin', '2.bin', '3.bin'],
  )
  assert.deepEqual(
    [...server.world.files.values()].map((file) => file.sha256),
    files.map(({ bytes }) => sha256(bytes)),
  )
  assert.ok(queue.getState().rows.every(({ state }) => state.phase === 'ready'))
})

test('D6: with more turns several files are sent at once', async () => {
  await using server = await startProtocolServer()
  using queue = queueFor(server, { concurrency: 3 })
  for (const n of [1, 2, 3]) queue.add(chosen(randomBytes(300_000), `${n}`), destination)
  assert.equal(queue.getState().pending, 3)
  await until(queue, () => server.world.uploads.size === 3)
  await allSettled(queue)
  assert.equal(queue.getState().pending, 0)
})

test('U5: a snapshot stays the same object until something changes, and rows that did not change stay the same', async () => {
  await using server = await startProtocolServer()
  using queue = queueFor(server)
  const before = queue.getState()
  assert.equal(queue.getState(), before)
  const first = queue.add(chosen(randomBytes(10), 'a'), destination)
  await inPhase(queue, first, 'ready')
  const row = rowOf(queue, first)
  const second = queue.add(chosen(randomBytes(10), 'b'), destination)
  await inPhase(queue, second, 'ready')
  assert.notEqual(queue.getState(), before)
  assert.equal(rowOf(queue, first), row)
  assert.deepEqual(before.rows, [])
})

test('S9: after a reload the unfinished upload is listed, and the same file goes on where it was', async () => {
  await using server = await startProtocolServer()
  const bytes = randomBytes(30 * 65_536)
  slowParts(server, 30)
  const first = queueFor(server)
  const id = first.add(chosen(bytes), destination)
  await until(first, () => (server.world.uploads.values().next().value?.parts.size ?? 0) > 5)
  first[Symbol.dispose]()
  assert.ok(id)
  await new Promise((resolve) => setTimeout(resolve, 20))
  const had = server.world.uploads.values().next().value!.parts.size
  assert.ok(had < 30)

  using queue = queueFor(server)
  await queue.loadUnfinished({ caseId })
  await queue.loadUnfinished({ caseId })
  const [row, ...others] = queue.getState().rows
  assert.ok(row !== undefined && others.length === 0)
  assert.deepEqual([row.name, row.size, row.state.phase], ['disk.img', bytes.length, 'needs-file'])
  const before = server.world.requests.filter(({ operation }) => operation === 'put').length
  assert.equal(queue.add(chosen(bytes), destination), row.id, 'the row of the unfinished upload goes on')
  await inPhase(queue, row.id, 'ready')
  assert.equal(server.world.requests.filter(({ operation }) => operation === 'put').length - before, 30 - had)
  assert.equal(server.world.uploads.size, 1)
})

/** Leaves an upload with some parts on the server, as a visit before did. */
async function leaveUnfinished(server: ProtocolServer, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  slowParts(server, 30)
  using queue = queueFor(server)
  queue.add(chosen(bytes), destination)
  await until(queue, () => (server.world.uploads.values().next().value?.parts.size ?? 0) > 2)
}

test('S9: resuming with another file leaves the row and the server as they were, and says so', async () => {
  await using server = await startProtocolServer()
  const bytes = randomBytes(30 * 65_536)
  await leaveUnfinished(server, bytes)
  using queue = queueFor(server)
  await queue.loadUnfinished({ caseId })
  const { id } = queue.getState().rows[0]!
  const other = Buffer.from(bytes)
  other[0]! ^= 1
  for (const wrong of [chosen(other), chosen(bytes, 'other name')]) {
    queue.resume(id, wrong)
    await until(queue, () => {
      const { state } = rowOf(queue, id)
      return state.phase === 'needs-file' && state.error !== null
    })
    const { state } = rowOf(queue, id)
    assert.ok(state.phase === 'needs-file' && state.error?.code === 'different-file' && state.loaded > 0)
  }
  assert.equal(server.world.uploads.size, 1)
  queue.resume(id, chosen(bytes))
  await inPhase(queue, id, 'ready')
})

test('S9: a file that only looks like an unfinished one gets an upload of its own', async () => {
  await using server = await startProtocolServer()
  const bytes = randomBytes(30 * 65_536)
  await leaveUnfinished(server, bytes)
  using queue = queueFor(server)
  await queue.loadUnfinished({ caseId })
  const other = randomBytes(bytes.length)
  const id = queue.add(chosen(other), destination)
  await inPhase(queue, id, 'ready')
  assert.deepEqual(
    [...server.world.files.values()].map((file) => file.sha256),
    [sha256(other)],
  )
  await queue.loadUnfinished({ caseId })
  assert.deepEqual(
    queue
      .getState()
      .rows.map(({ state }) => state.phase)
      .sort(),
    ['needs-file', 'ready'],
  )
})

test('S9: an unfinished upload that is gone from the server leaves the list, and another case keeps its own', async () => {
  await using server = await startProtocolServer()
  await leaveUnfinished(server, randomBytes(30 * 65_536))
  using queue = queueFor(server)
  await queue.loadUnfinished({ caseId })
  await queue.loadUnfinished({ caseId: '01890000-0000-7000-8000-00000000ffff' })
  assert.equal(queue.getState().rows.length, 1)
  for (const { session } of server.world.uploads.values()) session.status = 'aborted'
  await queue.loadUnfinished({ caseId })
  assert.equal(queue.getState().rows.length, 0)
})

test('S9: what another window of this browser is sending is not called interrupted', async () => {
  await using server = await startProtocolServer()
  slowParts(server, 60)
  using first = queueFor(server)
  const id = first.add(chosen(randomBytes(60 * 65_536)), destination)
  await inPhase(first, id, 'uploading')
  using second = queueFor(server)
  await second.loadUnfinished({ caseId })
  assert.deepEqual(second.getState().rows, [])
  first[Symbol.dispose]()
  while (second.getState().rows.length === 0) await second.loadUnfinished({ caseId })
  assert.equal(second.getState().rows[0]?.state.phase, 'needs-file')
})

test('D6: cancel works on a row that waits for its turn, is sent, needs its file, or has failed', async () => {
  await using server = await startProtocolServer()
  await leaveUnfinished(server, randomBytes(30 * 65_536))
  using queue = queueFor(server)
  await queue.loadUnfinished({ caseId })
  const needing = queue.getState().rows[0]!.id
  const running = queue.add(chosen(randomBytes(60 * 65_536), 'a'), destination)
  const waiting = queue.add(chosen(randomBytes(10), 'b'), destination)
  await until(queue, () => (server.world.uploads.get(rowOf(queue, running).uploadId ?? '')?.parts.size ?? 0) > 0)
  await Promise.all([queue.cancel(needing), queue.cancel(waiting), queue.cancel(running)])
  server.world.faults.unshift({ on: 'put', fault: { kind: 'answer', status: 403, code: 'FORBIDDEN' }, times: 99 })
  const failing = queue.add(chosen(randomBytes(10), 'c'), destination)
  await inPhase(queue, failing, 'error')
  await queue.cancel(failing)
  for (const id of [needing, running, waiting, failing]) assert.equal(rowOf(queue, id).state.phase, 'cancelled')
  assert.ok([...server.world.uploads.values()].every(({ session }) => session.status === 'aborted'))
  queue.clear()
  assert.deepEqual(queue.getState().rows, [])
})

test('S9: retry of a failed row goes on from the parts that the server has', async () => {
  await using server = await startProtocolServer()
  const bytes = randomBytes(20 * 65_536)
  using queue = queueFor(server)
  server.world.faults.push({ on: 'put', fault: { kind: 'run', work: () => {} }, times: 8 })
  server.world.faults.push({ on: 'put', fault: { kind: 'answer', status: 507, code: 'DISK_FULL' }, times: 1 })
  const id = queue.add(chosen(bytes), destination)
  await inPhase(queue, id, 'error')
  const had = server.world.uploads.get(rowOf(queue, id).uploadId!)!.parts.size
  assert.ok(had > 0)
  const before = server.world.requests.filter(({ operation }) => operation === 'put').length
  queue.retry(id)
  await inPhase(queue, id, 'ready')
  assert.equal(server.world.requests.filter(({ operation }) => operation === 'put').length - before, 20 - had)
})

test('D6: a cancelled row can be sent again, from the start', async () => {
  await using server = await startProtocolServer()
  const bytes = randomBytes(40 * 65_536)
  slowParts(server, 40)
  using queue = queueFor(server)
  const id = queue.add(chosen(bytes), destination)
  await inPhase(queue, id, 'uploading')
  await queue.cancel(id)
  queue.retry(id)
  await inPhase(queue, id, 'ready')
  assert.equal(server.world.files.size, 1)
})

test('D5: a row that became ready is told once, with its file', async () => {
  await using server = await startProtocolServer()
  const told: string[] = []
  using queue = queueFor(server, { onReady: (row) => told.push(row.state.phase === 'ready' ? row.state.file.id : 'not ready') })
  const id = queue.add(chosen(randomBytes(10)), destination)
  await inPhase(queue, id, 'ready')
  assert.deepEqual(told, [rowOf(queue, id).fileId])
})
