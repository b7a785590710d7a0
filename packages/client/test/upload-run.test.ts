import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  blobSource,
  createClient,
  phaseMayBecome,
  startUpload,
  type UploadRequest,
  type UploadSource,
  type UploadState,
} from '@holdfast/client'
import { fileSource } from '@holdfast/client/node'
import { caseId, createWorld, type Operation, type ProtocolServer, sha256, startProtocolServer } from './protocol-server.ts'

const tuning = {
  firstRetryMs: 5,
  longestRetryMs: 40,
  giveUpAfterMs: 2000,
  stallMs: 400,
  callMs: 400,
  completeMs: 400,
  pollMs: { first: 2, steady: 5, slow: 5 },
}

/** Starts a run and holds every state it passes through to the table of phases. */
function upload(server: ProtocolServer, source: UploadSource, options: Partial<UploadRequest> = {}) {
  const states: UploadState[] = []
  const client = createClient({ baseUrl: server.url, token: server.world.settings.token })
  const run = startUpload({
    client,
    source,
    destination: { caseId },
    tuning,
    ...options,
    onState(state) {
      const before = states.at(-1)?.phase ?? 'queued'
      assert.ok(state.phase === before || phaseMayBecome[before].includes(state.phase), `${before} → ${state.phase}`)
      if ('loaded' in state) assert.ok(state.loaded >= 0 && state.loaded <= state.total, `${state.loaded} of ${state.total}`)
      states.push(state)
      options.onState?.(state)
    },
  })
  return { run, states, phases: () => [...new Set(states.map((state) => state.phase))] }
}

const named = (bytes: Uint8Array<ArrayBuffer>, name = 'disk.img') => blobSource(new Blob([bytes]), name)

function assertStored(server: ProtocolServer, final: UploadState, bytes: Uint8Array): void {
  assert.equal(final.phase, 'ready', final.phase === 'error' ? String(final.error) : '')
  if (final.phase !== 'ready') return
  assert.equal(final.file.sha256, sha256(bytes))
  assert.ok(server.world.files.get(final.file.id)?.bytes.equals(bytes))
}

const puts = (server: ProtocolServer) => server.world.requests.filter(({ operation }) => operation === 'put').length

for (const size of [0, 1, 65_536, 65_537, 700_001]) {
  test(`S9: a Blob of ${size} bytes arrives as it was, with its digest declared`, async () => {
    await using server = await startProtocolServer()
    const bytes = randomBytes(size)
    const { run, phases } = upload(server, named(bytes))
    assertStored(server, await run.done, bytes)
    assert.ok(phases().includes('completing'))
    assert.equal([...server.world.files.values()][0]?.declaredSha256, sha256(bytes))
  })
}

test('S9: a file of this machine arrives as it was', async () => {
  await using server = await startProtocolServer()
  const folder = await mkdtemp(join(tmpdir(), 'hf-client-'))
  try {
    for (const size of [0, 3_000_003]) {
      const bytes = randomBytes(size)
      await writeFile(join(folder, 'image.dd'), bytes)
      await using source = await fileSource(join(folder, 'image.dd'))
      assertStored(server, await upload(server, source).run.done, bytes)
    }
  } finally {
    await rm(folder, { recursive: true })
  }
})

const passingFaults: [string, Operation, Parameters<typeof plant>[2]][] = [
  ['the connection dropped in the middle of a part', 'put', { kind: 'drop-body', afterBytes: 20_000 }],
  ['the answer to a stored part lost', 'put', { kind: 'lose-answer' }],
  ['503 for a part', 'put', { kind: 'answer', status: 503 }],
  ['a part that arrives with a byte flipped', 'put', { kind: 'flip-byte' }],
  ['a server that stalls on a part', 'put', { kind: 'stall' }],
  ['429 with Retry-After for a part', 'put', { kind: 'answer', status: 429, retryAfter: '0', code: 'TOO_MANY_UPLOADS' }],
  ['the answer to initiate lost', 'create', { kind: 'lose-answer' }],
  ['502 from a proxy at initiate', 'create', { kind: 'answer', status: 502 }],
  ['the answer to complete lost', 'complete', { kind: 'lose-answer' }],
  ['503 at complete', 'complete', { kind: 'answer', status: 503 }],
  ['the connection dropped while asking for the proof', 'get-file', { kind: 'drop-body', afterBytes: 0 }],
]

function plant(server: ProtocolServer, on: Operation, fault: ProtocolServer['world']['faults'][number]['fault'], times = 1): void {
  server.world.faults.push({ on, fault, times })
}

for (const [what, on, fault] of passingFaults) {
  test(`S9: ${what} does not stop the upload`, async () => {
    await using server = await startProtocolServer()
    const bytes = randomBytes(400_000)
    plant(server, on, fault, 2)
    assertStored(server, await upload(server, named(bytes)).run.done, bytes)
    assert.equal(server.world.uploads.size, 1, 'one upload on the server')
    assert.equal(server.world.faults[0]?.times, 0, 'the fault happened')
  })
}

test('S9: the server is killed in the middle and started again', async () => {
  await using server = await startProtocolServer()
  const bytes = randomBytes(1_500_000)
  let restarted: Promise<void> | undefined
  const restart = async () => {
    await server.stop()
    await new Promise((resolve) => setTimeout(resolve, 60))
    await server.start()
  }
  plant(server, 'put', { kind: 'lose-answer' }, 0)
  const { run, phases } = upload(server, named(bytes), {
    onState(state) {
      if (state.phase === 'uploading' && state.loaded > 400_000) restarted ??= restart()
    },
  })
  assertStored(server, await run.done, bytes)
  await restarted
  assert.ok(restarted !== undefined)
  assert.ok(phases().includes('waiting'))
})

test('D8: 429 at initiate keeps the row queued until the time that the server names', async () => {
  await using server = await startProtocolServer()
  plant(server, 'create', { kind: 'answer', status: 429, retryAfter: '1', code: 'TOO_MANY_UPLOADS' })
  const bytes = randomBytes(10)
  const { run, states } = upload(server, named(bytes))
  assertStored(server, await run.done, bytes)
  assert.ok(states.some((state) => state.phase === 'queued' && state.until !== null))
  assert.ok(states.every((state) => state.phase !== 'waiting'))
})

test('S9: a network that is away makes the upload wait, and it goes on when the network is back', async () => {
  await using server = await startProtocolServer()
  const bytes = randomBytes(500_000)
  const events = new EventTarget()
  const network = { online: true }
  plant(server, 'put', { kind: 'run', work: () => Object.assign(network, { online: false }) })
  plant(server, 'put', { kind: 'drop-body', afterBytes: 1 }, 12)
  const connectivity = {
    online: () => network.online,
    onOnline(listener: () => void) {
      events.addEventListener('online', listener, { once: true })
      return () => events.removeEventListener('online', listener)
    },
  }
  const { run, states } = upload(server, named(bytes), {
    connectivity,
    onState(state) {
      if (state.phase !== 'waiting' || state.reason !== 'offline') return
      for (const rule of server.world.faults) rule.times = 0
      network.online = true
      setTimeout(() => events.dispatchEvent(new Event('online')), 5)
    },
  })
  assertStored(server, await run.done, bytes)
  assert.ok(states.some((state) => state.phase === 'waiting' && state.reason === 'offline' && state.until === null))
})

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

/** An upload on the server of which parts 1 and 3 have arrived. */
async function halfUploaded(server: ProtocolServer, bytes: Uint8Array, name = 'disk.img') {
  const client = createClient({ baseUrl: server.url, token: 'hf_test' })
  const session = await client.uploads.create({ caseId, name, size: bytes.length })
  for (const number of [1, 3]) {
    const body = bytes.subarray((number - 1) * 65_536, number * 65_536) as Uint8Array<ArrayBuffer>
    const answer = await fetch(client.uploads.partUrl(session.id, number), { method: 'PUT', body, headers: client.http.authorization() })
    assert.equal(answer.status, 200)
  }
  return session.id
}

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

test('S9: an upload that the server swept is started anew', async () => {
  await using server = await startProtocolServer()
  const bytes = randomBytes(300_000)
  const uploadId = await halfUploaded(server, bytes)
  server.world.uploads.delete(uploadId)
  assertStored(server, await upload(server, named(bytes), { resume: { uploadId, ifDifferent: 'stop' } }).run.done, bytes)
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

test('S9: 401 stops with a state of its own; after signing in again the upload goes on', async () => {
  await using server = await startProtocolServer()
  const bytes = randomBytes(10 * 65_536)
  plant(server, 'put', { kind: 'run', work: () => Object.assign(server.world.settings, { token: 'hf_other' }) })
  const { run } = upload(server, named(bytes))
  const final = await run.done
  assert.ok(final.phase === 'error' && final.error.code === 'signed-out' && final.error.retryable)
  assertStored(server, await upload(server, named(bytes), { resume: { uploadId: run.uploadId()!, ifDifferent: 'stop' } }).run.done, bytes)
})

for (const [code, status] of [
  ['FILE_TOO_LARGE', 400],
  ['QUOTA_FULL', 507],
  ['FORBIDDEN', 403],
] as const) {
  test(`S4 T8: ${code} stops at once and says why`, async () => {
    await using server = await startProtocolServer()
    plant(server, 'create', { kind: 'answer', status, code }, 9)
    const final = await upload(server, named(randomBytes(10))).run.done
    assert.ok(final.phase === 'error' && final.error.problem?.code === code)
    assert.equal(server.world.requests.length, 1)
  })
}

test('S9: without an answer for too long the upload gives up, and can be tried again', async () => {
  const server = await startProtocolServer()
  await server.stop()
  const final = await upload(server, named(randomBytes(10)), { tuning: { ...tuning, giveUpAfterMs: 50 } }).run.done
  assert.ok(final.phase === 'error' && final.error.code === 'unreachable' && final.error.retryable)
})

test('D9: a part that reached the server changed is sent again before the file is declared whole', async () => {
  await using server = await startProtocolServer()
  const bytes = randomBytes(4 * 65_536)
  plant(server, 'put', { kind: 'flip-byte' }, 4)
  const source = named(bytes)
  // The reading starts late, so the parts go out before their digests are known here.
  const late: UploadSource = { ...source, digest: (pass) => new Promise((go) => setTimeout(go, 80)).then(() => source.digest(pass)) }
  assertStored(server, await upload(server, late).run.done, bytes)
  assert.equal(puts(server), 8)
})

test('D9: a file that changes while it is sent is not stored', async () => {
  await using server = await startProtocolServer()
  const folder = await mkdtemp(join(tmpdir(), 'hf-client-'))
  try {
    const path = join(folder, 'growing.log')
    await writeFile(path, randomBytes(500_000))
    await using source = await fileSource(path)
    plant(server, 'put', { kind: 'run', work: () => writeFile(path, randomBytes(500_000)) })
    const final = await upload(server, source).run.done
    assert.ok(final.phase === 'error' && final.error.code === 'file-changed', JSON.stringify(final))
    assert.equal(server.world.files.size, 0)
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('S9: a stored file that fails its proof is an error with the reason', async () => {
  await using server = await startProtocolServer()
  plant(server, 'get-file', {
    kind: 'run',
    work() {
      for (const file of server.world.files.values()) file.bytes = Buffer.from('something else')
    },
  })
  const final = await upload(server, named(randomBytes(100))).run.done
  assert.ok(final.phase === 'error' && final.error.code === 'rejected')
  assert.match(final.error.message, /not those that were declared/)
})
