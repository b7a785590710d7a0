import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '../src/core/clock.ts'
import { memoryTarget } from '../src/storage/memory.ts'
import { checkAddress, openTarget } from '../src/storage/open-target.ts'
import { StorageError } from '../src/storage/target.ts'
import { createTargetPool, type PooledRow } from '../src/storage/target-pool.ts'
import { fails, text } from './target.contract.ts'

const traced = (limit: number) => {
  const log: string[] = []
  const pool = createTargetPool({
    limit,
    async open({ id, version }: PooledRow) {
      log.push(`open ${id}${version}`)
      if (id === 'bad') throw new StorageError('denied', 'no')
      const target = memoryTarget(systemClock)
      return {
        ...target,
        async [Symbol.asyncDispose]() {
          log.push(`close ${id}${version}`)
          await target[Symbol.asyncDispose]()
        },
      }
    },
  })
  return { pool, log }
}

test('T1: a target is opened once for all who use it, and anew when its row has changed', async () => {
  const { pool, log } = traced(8)
  const old = await pool.lease({ id: 'a', version: 1 })
  const same = await pool.lease({ id: 'a', version: 1 })
  assert.equal(old.target, same.target)
  const next = await pool.lease({ id: 'a', version: 2 })
  assert.notEqual(next.target, old.target)
  assert.deepEqual(log, ['open a1', 'open a2'], 'the old one stays open while it is in use')
  await old.target.put('k', text('x'))
  await old[Symbol.asyncDispose]()
  await old[Symbol.asyncDispose]()
  assert.deepEqual(log, ['open a1', 'open a2'])
  await same[Symbol.asyncDispose]()
  assert.deepEqual(log, ['open a1', 'open a2', 'close a1'])
  const late = await pool.lease({ id: 'a', version: 1 })
  assert.equal(late.target, next.target, 'a stale row does not bring the old target back')
  await late[Symbol.asyncDispose]()
  await next[Symbol.asyncDispose]()
  await pool[Symbol.asyncDispose]()
  assert.deepEqual(log, ['open a1', 'open a2', 'close a1', 'close a2'])
})

test('T1: idle targets beyond the limit are closed, those in use are not', async () => {
  const { pool, log } = traced(2)
  const held = await pool.lease({ id: 'a', version: 1 })
  for (const id of ['b', 'c', 'd']) await pool.use({ id, version: 1 }, async () => {})
  assert.ok(log.includes('close b1') && log.includes('close c1') && !log.includes('close a1'), log.join())
  await held.target.put('k', text('x'))
  await held[Symbol.asyncDispose]()
  await pool[Symbol.asyncDispose]()
  assert.equal(log.filter((line) => line.startsWith('close')).length, 4)
})

test('T1: a target that cannot be opened is tried again at the next use', async () => {
  const { pool, log } = traced(2)
  await assert.rejects(pool.lease({ id: 'bad', version: 1 }), fails('denied'))
  await assert.rejects(
    pool.use({ id: 'bad', version: 1 }, async () => {}),
    fails('denied'),
  )
  assert.deepEqual(log, ['open bad1', 'open bad1'])
  await pool[Symbol.asyncDispose]()
})

test('T1: a pool closes when the last lease ends, and refuses new ones', async () => {
  const { pool, log } = traced(2)
  const held = await pool.lease({ id: 'a', version: 1 })
  const closing = pool[Symbol.asyncDispose]()
  await assert.rejects(pool.lease({ id: 'a', version: 1 }), fails('closed'))
  await held.target.put('k', text('x'))
  await held[Symbol.asyncDispose]()
  await closing
  assert.deepEqual(log, ['open a1', 'close a1'])
})

test('T1: the fields of a target are checked by kind, and what is wrong is named by field', async () => {
  const place = { path: '/srv/files' }
  assert.deepEqual(checkAddress({ kind: 'local', place, credentials: null }), [])
  const wrong: [unknown, string][] = [
    [{ path: 'relative' }, 'place.path'],
    [{ path: 7 }, 'place.path'],
    [{}, 'place'],
    [null, 'place'],
    [{ path: '/a', other: 1 }, 'place'],
  ]
  for (const [bad, field] of wrong) {
    const errors = checkAddress({ kind: 'local', place: bad, credentials: null })
    assert.ok(
      errors.some((error) => error.field.startsWith(field)),
      `${JSON.stringify(bad)} → ${JSON.stringify(errors)}`,
    )
    await assert.rejects(openTarget({ kind: 'local', place: bad, credentials: null }, { clock: systemClock }), fails('denied'))
  }
  for (const kind of ['ftp', 'constructor', '__proto__']) assert.equal(checkAddress({ kind, place, credentials: null })[0]?.field, 'kind')
  const withSecret = checkAddress({ kind: 'local', place, credentials: { password: 'hunter2' } })
  assert.equal(withSecret[0]?.field.startsWith('credentials'), true)
  assert.ok(!JSON.stringify(withSecret).includes('hunter2'))
})

test('T2: a local target is opened from its row', async () => {
  const path = await mkdtemp(join(tmpdir(), 'holdfast-open-'))
  {
    await using target = await openTarget({ kind: 'local', place: { path }, credentials: null }, { clock: systemClock })
    await target.put('k', text('x'))
  }
  await rm(path, { recursive: true })
  await assert.rejects(openTarget({ kind: 'local', place: { path }, credentials: null }, { clock: systemClock }), fails('not-found'))
})
