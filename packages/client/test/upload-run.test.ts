import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { UploadSource } from '@holdfast/client'
import { fileSource } from '@holdfast/client/node'
import { createWorld, type Fault, type Operation, sha256, startProtocolServer } from './protocol-server.ts'
import { assertStored, named, plant, puts, tuning, upload } from './upload-run.ts'

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

test('D5 S9: a storage that puts the parts together for long keeps the upload at Finalizing, with one completion after another', async () => {
  await using server = await startProtocolServer(createWorld({ pendingCompletes: 3 }))
  const bytes = randomBytes(100_000)
  const { run, states } = upload(server, named(bytes))
  assertStored(server, await run.done, bytes)
  assert.equal(server.world.requests.filter(({ operation }) => operation === 'complete').length, 4)
  const from = states.findIndex(({ phase }) => phase === 'completing')
  const after = new Set(states.slice(from).map(({ phase }) => phase))
  assert.deepEqual(
    [...after].filter((phase) => phase !== 'verifying'),
    ['completing', 'ready'],
  )
})

const passingFaults: [string, Operation, Fault][] = [
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
