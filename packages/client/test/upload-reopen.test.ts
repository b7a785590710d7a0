import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { createClient, createUploadQueue, type FileHandles, type RememberedFile, type UploadQueue } from '@holdfast/client'
import { startBucketServer } from './bucket-server.ts'
import { caseId, createWorld, type ProtocolServer, sha256, startProtocolServer } from './protocol-server.ts'
import { named, tuning } from './upload-run.ts'

const direct = { caseId, tier: 'direct' as const }
const clientOf = (server: ProtocolServer) => createClient({ baseUrl: server.url, token: server.world.settings.token })

const settled = (queue: UploadQueue) =>
  new Promise<void>((resolve) => {
    const look = () => {
      if (!queue.getState().rows.every(({ state }) => ['ready', 'error', 'cancelled'].includes(state.phase))) return
      unsubscribe()
      resolve()
    }
    const unsubscribe = queue.subscribe(look)
    look()
  })

/** What a browser remembers, and a person who says yes or no. */
function rememberedFiles() {
  const kept = new Map<string, RememberedFile>()
  const handles: FileHandles = {
    keep: async (uploadId, handle) => void kept.set(uploadId, handle),
    find: async (uploadId) => kept.get(uploadId) ?? null,
    forget: async (uploadId) => void kept.delete(uploadId),
  }
  const answer = { permission: 'granted' as PermissionState, there: true }
  const handleOf = (bytes: Uint8Array<ArrayBuffer>): RememberedFile => ({
    kind: 'file',
    name: 'disk.img',
    isSameEntry: async () => false,
    createWritable: () => Promise.reject(new Error('Nothing writes here')),
    requestPermission: async () => answer.permission,
    async getFile() {
      if (!answer.there) throw new DOMException('It is gone', 'NotFoundError')
      return new File([bytes], 'disk.img')
    },
  })
  return { kept, handles, answer, handleOf }
}

/** A queue that was closed in the middle of an upload, as a reload does, and the one after the reload. */
async function reloaded(server: ProtocolServer, bytes: Uint8Array<ArrayBuffer>) {
  const slowly = () => new Promise((resolve) => setTimeout(resolve, 100))
  server.world.faults.push({ on: 'put', fault: { kind: 'run', work: slowly }, times: 30 })
  const files = rememberedFiles()
  const options = { client: clientOf(server), tuning, handles: files.handles }
  const before = createUploadQueue(options)
  before.add(new File([bytes], 'disk.img'), direct, { handle: files.handleOf(bytes) })
  const half = Promise.withResolvers<void>()
  before.subscribe(() => {
    const state = before.getState().rows[0]?.state
    if (state?.phase === 'uploading' && state.loaded > 0) half.resolve()
  })
  await half.promise
  before[Symbol.dispose]()
  server.world.faults.length = 0
  const queue = createUploadQueue(options)
  // The claim of the window that went away ends a little later.
  while (queue.getState().rows.length === 0) await queue.loadUnfinished({ caseId })
  return { queue, files }
}

test('S9: after a reload an upload goes on from the remembered file, once the person allows it', async () => {
  await using server = await startProtocolServer()
  const bytes = randomBytes(40 * 65_536)
  const { queue, files } = await reloaded(server, bytes)
  const [row] = queue.getState().rows
  assert.ok(row?.state.phase === 'needs-file' && row.canReopen && row.destination.tier === 'direct')
  files.answer.permission = 'denied'
  assert.equal(await queue.reopen(row.id), false)
  assert.equal(queue.getState().rows[0]?.state.phase, 'needs-file')
  files.answer.permission = 'granted'
  assert.equal(await queue.reopen(row.id), true)
  await settled(queue)
  assert.equal(queue.getState().rows[0]?.state.phase, 'ready')
  assert.equal([...server.world.files.values()][0]?.sha256, sha256(bytes))
  assert.equal(files.kept.size, 0, 'nothing is remembered of a finished upload')
  queue[Symbol.dispose]()
})

test('S9: a remembered file that was moved has to be chosen, and cancelling forgets it', async () => {
  await using server = await startProtocolServer()
  const { queue, files } = await reloaded(server, randomBytes(40 * 65_536))
  const row = queue.getState().rows[0]!
  files.answer.there = false
  assert.equal(await queue.reopen(row.id), false)
  const now = queue.getState().rows[0]!
  assert.ok(now.state.phase === 'needs-file' && now.state.error?.code === 'file-changed' && !now.canReopen)
  assert.equal(await queue.reopen(row.id), false)
  await queue.cancel(row.id)
  assert.equal(files.kept.size, 0)
  assert.equal([...server.world.uploads.values()][0]?.session.status, 'aborted')
  queue[Symbol.dispose]()
})

test('D6: one queue serves both tiers, each one at a time and none waiting for the other', async () => {
  await using bucket = await startBucketServer()
  await using server = await startProtocolServer(createWorld({ pollsUntilReady: 3 }))
  server.world.bucket = bucket
  using queue = createUploadQueue({ client: clientOf(server), tuning })
  const most = { secure: 0, direct: 0, both: 0 }
  queue.subscribe(() => {
    const sending = queue.getState().rows.filter(({ state }) => ['uploading', 'hashing', 'completing'].includes(state.phase))
    const inDirect = sending.filter(({ destination }) => destination.tier === 'direct').length
    most.direct = Math.max(most.direct, inDirect)
    most.secure = Math.max(most.secure, sending.length - inDirect)
    most.both = Math.max(most.both, sending.length)
  })
  for (let n = 0; n < 3; n += 1) {
    queue.add(named(randomBytes(20 * 65_536), `secure-${n}`), { caseId })
    queue.add(named(randomBytes(20 * 65_536), `direct-${n}`), direct)
  }
  await settled(queue)
  assert.deepEqual(most, { secure: 1, direct: 1, both: 2 })
  assert.ok(queue.getState().rows.every(({ state }) => state.phase === 'ready'))
  assert.deepEqual([...server.world.files.values()].map(({ tier }) => tier).sort(), [
    'direct',
    'direct',
    'direct',
    'secure',
    'secure',
    'secure',
  ])
})

test('D6: a file chosen for one tier does not go on with an unfinished upload of the other', async () => {
  await using server = await startProtocolServer()
  const bytes = randomBytes(40 * 65_536)
  const { queue } = await reloaded(server, bytes)
  queue.add(named(bytes), { caseId })
  assert.deepEqual(
    queue.getState().rows.map(({ state }) => state.phase === 'needs-file'),
    [true, false],
  )
  queue[Symbol.dispose]()
})
