import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  blobSource,
  createClient,
  createUploadQueue,
  isFinal,
  phaseMayBecome,
  startUpload,
  type UploadPhase,
  type UploadState,
} from '@holdfast/client'
import * as fc from 'fast-check'
import { type BucketFault, startBucketServer } from './bucket-server.ts'
import { caseId, createWorld, type Fault, type Operation, type ProtocolServer, sha256, startProtocolServer } from './protocol-server.ts'

const tuning = {
  firstRetryMs: 1,
  longestRetryMs: 8,
  giveUpAfterMs: 5000,
  stallMs: 150,
  callMs: 150,
  completeMs: 150,
  receiptsMs: 2,
  pollMs: { first: 1, steady: 2, slow: 2 },
}

const operation = fc.constantFrom<Operation[]>('create', 'get-session', 'put', 'put', 'put', 'complete', 'get-file', 'abort')
const passing: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ kind: fc.constant('drop-body' as const), afterBytes: fc.nat(70_000) }),
  fc.constant({ kind: 'lose-answer' as const }),
  fc.constant({ kind: 'stall' as const }),
  fc.constantFrom(502, 503, 504).map((status) => ({ kind: 'answer' as const, status })),
  fc.constant({ kind: 'answer' as const, status: 429, retryAfter: '0', code: 'TOO_MANY_UPLOADS' as const }),
)
const faults = fc.array(fc.record({ on: operation, fault: passing, times: fc.integer({ min: 1, max: 3 }) }), { maxLength: 6 })
const sizes = fc.integer({ min: 0, max: 9 * 65_536 })
const bytesOf = (size: number) => new Uint8Array(size).map((_, at) => (at * 31 + (at >> 8)) & 255)

/** Keeps the order of phases, and fails on a step that the table does not allow. */
function phaseWatch() {
  let before: UploadPhase = 'queued'
  const broken: string[] = []
  return {
    broken,
    see(state: UploadState) {
      if (state.phase !== before && !phaseMayBecome[before].includes(state.phase)) broken.push(`${before} → ${state.phase}`)
      if ('loaded' in state && !(state.loaded >= 0 && state.loaded <= state.total)) broken.push(`${state.loaded} of ${state.total}`)
      before = state.phase
    },
  }
}

type How = { readonly cancelAfter: number | null; readonly tier?: 'direct' }

async function sendUnder(server: ProtocolServer, bytes: Uint8Array<ArrayBuffer>, { cancelAfter, tier }: How): Promise<UploadState> {
  const watch = phaseWatch()
  let changes = 0
  const run = startUpload({
    client: createClient({ baseUrl: server.url, token: 'hf_test' }),
    source: blobSource(new Blob([bytes]), 'f'),
    destination: { caseId, tier },
    tuning,
    onState(state) {
      watch.see(state)
      changes += 1
      if (changes === cancelAfter) queueMicrotask(() => void run.cancel())
    },
  })
  const final = await run.done
  assert.deepEqual(watch.broken, [])
  assert.ok(isFinal(final))
  return final
}

test('S9: under any passing faults the file arrives once, as it was', async () => {
  await fc.assert(
    fc.asyncProperty(sizes, faults, async (size, rules) => {
      const bytes = bytesOf(size)
      await using server = await startProtocolServer()
      server.world.faults.push(...structuredClone(rules.filter(({ on }) => on !== 'abort')))
      const final = await sendUnder(server, bytes, { cancelAfter: null })
      assert.equal(final.phase, 'ready', final.phase === 'error' ? final.error.message : '')
      assert.deepEqual(
        [...server.world.files.values()].map((file) => file.sha256),
        [sha256(bytes)],
      )
      assert.equal(server.world.uploads.size, 1)
    }),
    { numRuns: 40 },
  )
})

test('D6: a cancel at any moment, under any passing faults, leaves both sides agreed', async () => {
  await fc.assert(
    fc.asyncProperty(sizes, faults, fc.integer({ min: 1, max: 40 }), async (size, rules, cancelAfter) => {
      const bytes = bytesOf(size)
      await using server = await startProtocolServer(createWorld({ pollsUntilReady: 2 }))
      server.world.faults.push(...structuredClone(rules))
      const final = await sendUnder(server, bytes, { cancelAfter })
      const stored = server.world.files.size === 1
      if (final.phase === 'ready') assert.ok(stored)
      else assert.ok(final.phase === 'cancelled', final.phase === 'error' ? final.error.message : '')
      const open = [...server.world.uploads.values()].some(({ session }) => session.status !== 'aborted')
      if (final.phase === 'cancelled' && final.serverCleanedUp) assert.ok(!stored && !open)
    }),
    { numRuns: 40 },
  )
})

type Command = { kind: 'add'; size: number } | { kind: 'cancel' | 'retry' | 'remove'; row: number } | { kind: 'clear' | 'pause' }
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), size: fc.nat(4 * 65_536) }),
  fc.record({ kind: fc.constantFrom('cancel' as const, 'retry' as const, 'remove' as const), row: fc.nat(5) }),
  fc.record({ kind: fc.constantFrom('clear' as const, 'pause' as const, 'pause' as const) }),
)

test('D6: whatever a person does with the queue, it comes to rest, and every file that it calls ready is stored as it was', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 14 }), faults, async (commands, rules) => {
      await using server = await startProtocolServer()
      server.world.faults.push(...structuredClone(rules))
      using queue = createUploadQueue({ client: createClient({ baseUrl: server.url, token: 'hf_test' }), concurrency: 2, tuning })
      const digests = new Map<string, string>()
      const idAt = (row: number) => queue.getState().rows[row]?.id ?? 'none'
      for (const step of commands) {
        if (step.kind === 'add') {
          const bytes = new Uint8Array(step.size).fill(digests.size + 1)
          digests.set(queue.add(blobSource(new Blob([bytes]), `f${digests.size}`), { caseId }), sha256(bytes))
        } else if (step.kind === 'cancel') void queue.cancel(idAt(step.row))
        else if (step.kind === 'retry' || step.kind === 'remove') queue[step.kind](idAt(step.row))
        else if (step.kind === 'clear') queue.clear()
        else await new Promise((resolve) => setTimeout(resolve, 3))
      }
      const rest = () => queue.getState().rows.every(({ state }) => isFinal(state))
      while (!rest()) await new Promise((resolve) => setTimeout(resolve, 2))
      for (const { id, state } of queue.getState().rows) {
        if (state.phase !== 'ready') continue
        assert.equal(server.world.files.get(state.file.id)?.sha256, digests.get(id))
      }
    }),
    { numRuns: 40 },
  )
})

const bucketPassing: fc.Arbitrary<BucketFault> = fc.oneof(
  fc.record({ kind: fc.constant('reset' as const), afterBytes: fc.nat(70_000) }),
  fc.constantFrom(
    { kind: 'lose-answer' as const },
    { kind: 'stall' as const },
    { kind: 'half-close' as const },
    { kind: 'expire' as const },
  ),
  fc
    .constantFrom('SlowDown', 'InternalError', 'ServiceUnavailable')
    .map((code) => ({ kind: 'answer' as const, status: 503, code, retryAfter: '0' })),
)
const bucketFaults = fc.array(fc.record({ fault: bucketPassing, times: fc.integer({ min: 1, max: 2 }) }), { maxLength: 5 })
const directOperation = fc.constantFrom<Operation[]>('create', 'part-urls', 'part-urls', 'receipts', 'receipts', 'complete', 'get-file')

test('D2 S9: under any passing faults of bucket and server a direct file arrives once, as it was', async () => {
  await fc.assert(
    fc.asyncProperty(
      sizes,
      fc.array(fc.record({ on: directOperation, fault: passing, times: fc.integer({ min: 1, max: 3 }) }), { maxLength: 4 }),
      bucketFaults,
      async (size, rules, thereRules) => {
        const bytes = bytesOf(size)
        await using bucket = await startBucketServer()
        await using server = await startProtocolServer()
        server.world.bucket = bucket
        server.world.faults.push(...structuredClone(rules))
        // Three refusals of one part in a row mean something; expiry therefore comes at most twice.
        const expiries = thereRules.filter(({ fault }) => fault.kind === 'expire')
        const there = thereRules.filter((rule) => rule.fault.kind !== 'expire' || rule === expiries[0])
        bucket.faults.push(...structuredClone(there))
        const final = await sendUnder(server, bytes, { cancelAfter: null, tier: 'direct' })
        assert.equal(final.phase, 'ready', final.phase === 'error' ? final.error.message : '')
        assert.deepEqual(
          [...server.world.files.values()].map((file) => file.sha256),
          [sha256(bytes)],
        )
        assert.equal(server.world.uploads.size, 1)
      },
    ),
    { numRuns: 40 },
  )
})

test('D6: a cancel of a direct upload at any moment leaves nothing in the bucket', async () => {
  await fc.assert(
    fc.asyncProperty(sizes, bucketFaults, fc.integer({ min: 1, max: 40 }), async (size, rules, cancelAfter) => {
      await using bucket = await startBucketServer()
      await using server = await startProtocolServer(createWorld({ pollsUntilReady: 2 }))
      server.world.bucket = bucket
      bucket.faults.push(...structuredClone(rules.filter(({ fault }) => fault.kind !== 'expire')))
      const final = await sendUnder(server, bytesOf(size), { cancelAfter, tier: 'direct' })
      if (final.phase === 'cancelled') assert.deepEqual([final.serverCleanedUp, bucket.uploads.size, server.world.files.size], [true, 0, 0])
      else assert.equal(final.phase, 'ready', final.phase === 'error' ? final.error.message : '')
    }),
    { numRuns: 40 },
  )
})
