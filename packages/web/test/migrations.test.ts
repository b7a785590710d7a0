import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Migration, migrationStatuses, moveStatuses, type RoleBinding } from '@holdfast/api'
import {
  migrationStatusWords,
  moveStatusNames,
  moveStatusWords,
  progressOf,
  remarksOn,
  sayMigration,
  sayStage,
} from '../src/features/migrations/migration-words.ts'
import { chosenFirst, isChanged, targetOptions, withTarget } from '../src/features/storage/role-choice.ts'

const none = { files: 0, bytes: 0 }
type Totals = Pick<Migration, 'status' | 'files' | 'bytes' | 'moved' | 'failed' | 'skipped'>
const totals = (some: Partial<Totals>): Totals => ({
  ...{ status: 'running', files: 4, bytes: 1000, moved: none, failed: none, skipped: none },
  ...some,
})

test('R5: every status of a migration and of a move has words', () => {
  assert.deepEqual(Object.keys(migrationStatusWords), [...migrationStatuses])
  assert.deepEqual(moveStatusNames, [...moveStatuses])
  assert.equal(new Set(moveStatuses.map((status) => moveStatusWords[status].label)).size, moveStatuses.length)
})

test('R5: a migration that left files behind does not read as simply done', () => {
  assert.equal(sayMigration({ status: 'done', failed: none }).tone, 'good')
  assert.equal(sayMigration({ status: 'done', failed: { files: 1, bytes: 1 } }).tone, 'attention')
  assert.equal(sayMigration({ status: 'running', failed: { files: 1, bytes: 1 } }).tone, 'working')
})

test('R5: progress counts what was moved, failed and skipped, and never runs over', () => {
  const half = progressOf(totals({ moved: { files: 2, bytes: 400 }, failed: { files: 1, bytes: 100 } }), 'en')
  assert.deepEqual([half.moved, half.failed, half.skipped, half.text], [40, 10, 0, '3 of 4 files (50%)'])
  const grown = progressOf(totals({ moved: { files: 5, bytes: 1500 }, skipped: { files: 1, bytes: 500 } }), 'en')
  assert.equal(grown.moved + grown.failed + grown.skipped, 100)
  assert.match(grown.text, /^6 of 6 files/)
  const empty = progressOf(totals({ files: 2, bytes: 0, moved: { files: 1, bytes: 0 } }), 'en')
  assert.equal(empty.moved, 50)
  assert.equal(progressOf(totals({ files: 0, bytes: 0 }), 'en').moved, 0)
})

test('R5: a migration that is done fills its bar, also where files were deleted meanwhile', () => {
  const done = progressOf(totals({ status: 'done', moved: { files: 3, bytes: 700 }, failed: { files: 1, bytes: 0 } }), 'en')
  assert.equal(done.moved, 100)
  assert.equal(done.text, '4 of 4 files')
})

test('R5: the file under way is first copied, then both copies are compared', () => {
  const move = { fileName: 'disk\u202E.img', bytes: 2048 }
  assert.equal(sayStage({ ...move, copiedBytes: 0 }, 'en'), 'Copying disk[U+202E].img (2 KB)')
  assert.equal(sayStage({ ...move, copiedBytes: 1024 }, 'en'), 'Copying disk[U+202E].img (2 KB), 50% kept so far')
  assert.match(sayStage({ ...move, copiedBytes: 2048 }, 'en'), /^Comparing/)
})

test('R5 T8: what stands against a migration is told before it begins', () => {
  const from = { name: 'Local', roles: ['encrypted'], freeBytes: 5 }
  const to = { name: 'NAS', roles: [], freeBytes: null }
  const plan = { files: 3, bytes: 1000, freeQuotaBytes: null }
  assert.deepEqual(
    remarksOn({ ...plan, files: 0, bytes: 0 }, { from, to }).map((remark) => remark.stops),
    [true],
  )
  assert.match(remarksOn(plan, { from, to })[0]?.text ?? '', /serves Encrypted/)
  assert.deepEqual(remarksOn(plan, { from: { ...from, roles: [] }, to }), [])
  const tight = remarksOn({ ...plan, freeQuotaBytes: 999 }, { from: { ...from, roles: [] }, to: { ...to, freeBytes: 999 } })
  assert.deepEqual(
    tight.map((remark) => [remark.tone, remark.stops]),
    [
      ['bad', false],
      ['bad', false],
    ],
  )
})

const binding = (some: Partial<RoleBinding>): RoleBinding => ({
  ...{ role: 'encrypted', targetId: 'local', prefix: 'attachments/', staged: false },
  eligible: [
    { targetId: 'local', name: 'Local', ok: true, reason: null, stagedByDefault: null },
    { targetId: 'nas', name: 'NAS', ok: true, reason: null, stagedByDefault: true },
  ],
  ...some,
})

test('S3: staging is offered where it makes sense, begins as the server would choose, and keeps what was chosen', () => {
  assert.deepEqual(chosenFirst(binding({})), { targetId: 'local', staged: null })
  assert.deepEqual(withTarget(binding({}), 'nas'), { targetId: 'nas', staged: true })
  const bound = binding({ targetId: 'nas', staged: false })
  assert.deepEqual(chosenFirst(bound), { targetId: 'nas', staged: false })
  assert.equal(isChanged(bound, chosenFirst(bound)), false)
  assert.equal(isChanged(bound, { targetId: 'nas', staged: true }), true)
  assert.equal(isChanged(bound, withTarget(bound, 'local')), true)
})

test('R1 R4: Encrypted keeps a target, Direct can be off, and what does not suit cannot be chosen', () => {
  assert.ok(!targetOptions(binding({})).some((option) => option.value === ''))
  const unsuited = { targetId: 'local', name: 'Local', ok: false, reason: 'why', stagedByDefault: null }
  const direct = targetOptions(binding({ role: 'direct', targetId: null, eligible: [unsuited] }))
  assert.deepEqual(
    direct.map((option) => [option.value, option.disabled ?? false]),
    [
      ['', false],
      ['local', true],
    ],
  )
})
