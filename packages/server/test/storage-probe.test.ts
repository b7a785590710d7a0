import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import type { TargetTest } from '@holdfast/api'
import { systemClock } from '../src/core/clock.ts'
import { openLocalTarget } from '../src/storage/local.ts'
import { memoryTarget } from '../src/storage/memory.ts'
import { testTarget } from '../src/storage/probe.ts'
import { probeEncryptedStorage, revealsPlaintext } from '../src/storage/probe-encrypted.ts'
import { StorageError, type StorageTarget } from '../src/storage/target.ts'
import { collect } from './target.contract.ts'

const clock = systemClock
const names = (test: TargetTest): string[] => test.steps.map((step) => `${step.ok ? '✓' : '✗'} ${step.name}`)
const failure = (test: TargetTest): TargetTest['steps'][number] => {
  const step = test.steps.at(-1)
  assert.ok(step && !step.ok && !test.ok, `nothing failed: ${names(test).join(', ')}`)
  assert.ok(step.detail && step.remedy, 'a failed step says what and what to do')
  return step
}
/** Tests a memory target whose calls are replaced by `changed`. */
const testChanged = async (changed: (memory: StorageTarget) => Partial<StorageTarget>): Promise<TargetTest> => {
  const memory = memoryTarget(clock)
  return testTarget({ kind: 'local', clock, open: async () => ({ ...memory, ...changed(memory) }) })
}

test('T6: Test connection does the round trip on a local folder and leaves nothing behind', async () => {
  const path = await mkdtemp(join(tmpdir(), 'holdfast-probe-'))
  const result = await testTarget({ kind: 'local', clock, open: () => openLocalTarget({ path, clock }) })
  assert.deepEqual(names(result), [
    '✓ Open the target',
    '✓ Write a sealed probe',
    '✓ Replace it by a write in parts',
    '✓ Read it back',
    '✓ Compare the hash',
    '✓ List objects',
    '✓ Give up a write',
    '✓ Delete it',
  ])
  assert.equal(result.ok, true)
  assert.ok(result.steps.every((step) => step.milliseconds >= 0 && step.remedy === null))
  assert.match(result.steps[0]?.detail ?? '', /^[\d.]+ [KMGTP]B free$/)
  assert.deepEqual(await readdir(path), [])
  await rm(path, { recursive: true })
})

test('T6: a folder that is missing fails at opening, with what to do', async () => {
  const result = await testTarget({ kind: 'local', clock, open: () => openLocalTarget({ path: '/nonexistent/holdfast', clock }) })
  assert.deepEqual(names(result), ['✗ Open the target'])
  assert.match(failure(result).detail ?? '', /does not exist/)
  assert.match(failure(result).remedy ?? '', /Make the folder/)
})

test('T6: a full disk and a read-only disk fail at the write, told apart', async () => {
  const mount = process.getuid?.() === 0 ? ['-m'] : ['-rm']
  const { stdout } = await promisify(execFile)('unshare', [...mount, process.execPath, join(import.meta.dirname, 'storage-probe.child.ts')])
  const results: Record<string, TargetTest> = JSON.parse(stdout)
  for (const [name, detail] of [
    ['full', /disk is full/],
    ['readOnly', /read-only/],
  ] as const) {
    assert.deepEqual(names(results[name]!), ['✓ Open the target', '✗ Write a sealed probe'], name)
    assert.match(failure(results[name]!).detail ?? '', detail)
  }
  assert.match(failure(results.full!).remedy ?? '', /Free space/)
  assert.match(failure(results.readOnly!).remedy ?? '', /read-write/)
})

test('T6: each thing that storage can get wrong fails at its own step', async () => {
  const cases: [string, RegExp, (memory: StorageTarget) => Partial<StorageTarget>][] = [
    ['Write a sealed probe', /refused/, () => ({ put: async () => Promise.reject(new StorageError('denied', 'put was refused')) })],
    ['Replace it by a write in parts', /refused/, () => ({ writePart: async () => Promise.reject(new StorageError('denied', 'refused')) })],
    ['Read it back', /not there/, () => ({ stat: async () => null })],
    ['Read it back', /refused/, () => ({ read: async () => Promise.reject(new StorageError('denied', 'refused')) })],
    ['Compare the hash', /not what was written/, (memory) => ({ read: async (...args) => (await memory.read(...args)).fill(7, 500, 501) })],
    ['List objects', /not listed/, () => ({ list: async function* () {} })],
    ['Give up a write', /refused/, () => ({ abortWrite: async () => Promise.reject(new StorageError('denied', 'refused')) })],
    ['Delete it', /still there/, () => ({ delete: async () => {} })],
  ]
  for (const [name, detail, changed] of cases) {
    const result = await testChanged(changed)
    assert.equal(failure(result).name, name)
    assert.match(failure(result).detail ?? '', detail)
  }
})

test('T6: what a failed test has written is deleted, and a write in parts aborted', async () => {
  const memory = memoryTarget(clock)
  const flushless = {
    ...memory,
    flushWrite: async () => Promise.reject(new StorageError('unavailable', 'gone')),
    [Symbol.asyncDispose]: async () => {},
  }
  await testTarget({ kind: 'local', clock, open: async () => flushless })
  assert.deepEqual(await collect(memory.list('')), [])
  assert.deepEqual(await collect(memory.listWrites('', Date.now() + 1)), [])
})

test('T6: a storage that hangs fails the step when its time is up; errors never tell more than the driver says', async () => {
  let asked = 0
  const impatient = {
    now: () => Date.now(),
    async sleep() {
      asked += 1
    },
  }
  const memory = memoryTarget(clock)
  const hanging = { ...memory, put: () => new Promise<never>(() => {}) }
  const result = await testTarget({ kind: 'local', clock: impatient, open: async () => hanging })
  assert.match(failure(result).detail ?? '', /No answer within 30 seconds/)
  assert.ok(asked > 0)
  const leaky = await testChanged(() => ({ put: async () => Promise.reject(new Error('password=hunter2')) }))
  assert.ok(!JSON.stringify(leaky).includes('hunter2'))
})

test('T6: a test that its caller gives up rejects with the reason', async () => {
  const reason = new Error('closed the page')
  const controller = new AbortController()
  const memory = memoryTarget(clock)
  const put = async (): Promise<never> => {
    controller.abort(reason)
    return new Promise(() => {})
  }
  await assert.rejects(
    testTarget({ kind: 'local', clock, signal: controller.signal, open: async () => ({ ...memory, put }) }),
    (error) => error === reason,
  )
})

test('X9: a storage that seals passes: probe written, read back, raw object is a container', async () => {
  const path = await mkdtemp(join(tmpdir(), 'holdfast-probe-'))
  await mkdir(join(path, 'kept'))
  await using target = await openLocalTarget({ path, clock })
  const result = await probeEncryptedStorage(target, { clock })
  assert.equal(result.ok, true, names(result).join())
  assert.equal(result.steps.length, 3)
  assert.match(result.steps[2]?.detail ?? '', /floe container/)
  assert.deepEqual(await readdir(path), ['kept'])
  await rm(path, { recursive: true })
})

test('X9: a storage that does not seal, or hides no plaintext behind a header, fails', async () => {
  const memory = memoryTarget(clock)
  const identity = { seal: async (bytes: Uint8Array) => bytes, open: async (bytes: Uint8Array) => bytes }
  assert.match(failure(await probeEncryptedStorage(memory, { clock, layer: identity })).detail ?? '', /plaintext/)
  const magic = Buffer.from('LXENC01\n')
  const labelled = {
    seal: async (bytes: Uint8Array) => Buffer.concat([magic, bytes]),
    open: async (bytes: Uint8Array) => bytes.subarray(magic.length),
  }
  assert.match(failure(await probeEncryptedStorage(memory, { clock, layer: labelled })).detail ?? '', /plaintext/)
  const flip = (bytes: Uint8Array) => bytes.map((byte) => byte ^ 0xa5)
  const scrambled = { seal: async (bytes: Uint8Array) => flip(bytes), open: async (bytes: Uint8Array) => flip(bytes) }
  assert.match(failure(await probeEncryptedStorage(memory, { clock, layer: scrambled })).detail ?? '', /does not begin as a container/)
  assert.deepEqual(await collect(memory.list('')), [])
})

test('X9: plaintext is found wherever it lies in the raw object', () => {
  const plaintext = Buffer.from(`${'0123456789abcdef'.repeat(4)}Xtail`)
  assert.equal(revealsPlaintext(Buffer.concat([Buffer.alloc(1001), plaintext.subarray(3)]), plaintext), true)
  assert.equal(revealsPlaintext(Buffer.alloc(5000, 1), plaintext), false)
})
