import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sync } from '@holdfast/api'
import { groupsOf, hasWork, sayExample, sayGroup, saySync } from '../src/features/sync/sync-words.ts'

const none = { count: 0, bytes: 0, examples: [] }
const some = (count: number) => ({ count, bytes: count * 1024, examples: [] })
const sync = (part: Partial<Sync> = {}): Sync => ({
  ...{ id: 's', caseId: 'c', itemId: null, mode: 'preview', status: 'done', listed: 10, unchanged: 10, error: null },
  ...{ added: none, removed: none, changed: none, missing: none, skipped: none },
  ...{ startedBy: 'Ada', createdAt: '2026-01-15T12:00:00Z', finishedAt: null },
  ...part,
})

test('D13: a preview says what it found and that nothing was changed', () => {
  const said = saySync(sync({ added: some(2), removed: some(1) }))
  assert.equal(said.label, '3 differences found')
  assert.match(said.explain, /Nothing was changed yet/)
  assert.equal(saySync(sync()).label, 'Nothing to change')
  assert.equal(saySync(sync({ skipped: some(1) })).label, 'Nothing to change')
  assert.equal(saySync(sync({ mode: 'apply', added: some(2) })).label, 'Synchronized')
})

test('D13: where more than half would vanish, the words name the number and the likely cause', () => {
  const said = saySync(sync({ status: 'stopped', removed: some(8), unchanged: 2, mode: 'apply' }))
  assert.equal(said.label, '8 of 10 files would vanish')
  assert.match(said.explain, /wrong mount.*Nothing was changed/)
  const late = saySync(sync({ status: 'stopped', mode: 'apply', unchanged: 0, error: '8 of 10 files would leave the list.' }))
  assert.equal(late.label, 'Stopped before anything was changed')
  assert.match(late.explain, /^8 of 10/)
})

test('D13: a listing that fails removes nothing, and says so with its reason', () => {
  const said = saySync(sync({ status: 'failed', mode: 'apply', error: 'The share went away.' }))
  assert.match(said.explain, /^The share went away\. Nothing was removed/)
  assert.equal(saySync(sync({ status: 'cancelled' })).explain, 'Nothing was changed.')
  assert.match(saySync(sync({ status: 'running', listed: 1200 })).explain, /1.200 objects seen/)
})

test('D13: only kinds of difference that there are stand in the list', () => {
  assert.deepEqual(groupsOf(sync({ skipped: some(1), added: some(1) })), ['added', 'skipped'])
  assert.equal(hasWork(sync({ skipped: some(1) })), false)
  assert.equal(hasWork(sync({ missing: some(1) })), true)
  assert.equal(sayGroup(some(3)), '3 files, 3 KB')
  assert.equal(sayExample({ name: 'a\u202eb', reason: 'being uploaded' }), 'a[U+202E]b: being uploaded')
})
