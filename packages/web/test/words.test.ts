import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileStatuses, jobStatuses, tokenScopes } from '@holdfast/api'
import { sayKind, sayProgress } from '../src/features/jobs/job-words.ts'
import { sayLastTest } from '../src/features/storage/target-words.ts'
import { isLive, sayScopes, sayToken, scopeNames } from '../src/features/tokens/token-words.ts'
import { fileNamesIn, sayEntry } from '../src/ui/audit-words.ts'
import { fileStatusWords, isMoving, sayFileStatus } from '../src/ui/file-words.ts'
import { sayTarget } from '../src/ui/target-kinds.ts'
import { usageOf } from '../src/ui/usage-words.ts'
import { storedFile } from './stored-file.ts'

const now = Date.parse('2026-01-15T12:00:00Z')
const before = (milliseconds: number) => new Date(now - milliseconds).toISOString()
const minute = 60_000
const hour = 60 * minute
const target = { id: 't', name: 'Local', kind: 'local', removed: false }
const goal = { id: 'g', name: 'Vault', removed: false }

test('U1 D5: every file status has plain words of its own', () => {
  const labels = fileStatuses.map((status) => fileStatusWords[status].label)
  assert.equal(new Set(labels).size, fileStatuses.length)
  assert.equal(sayFileStatus(storedFile({ status: 'SCANNING' })).label, 'Verifying')
})

test('S3: a file that is proven here and on its way to its target says so', () => {
  assert.equal(sayFileStatus(storedFile({ syncing: true, syncTarget: goal })).label, 'Syncing to backend')
  assert.equal(sayFileStatus(storedFile({ status: 'READY' })).label, 'Ready')
})

test('U1 S5: the reason of a damaged file comes with what to do', () => {
  const said = sayFileStatus(storedFile({ status: 'DAMAGED', statusReason: 'Segment 17 does not open.' }))
  assert.equal(said.tone, 'bad')
  assert.match(said.explain, /^Segment 17 does not open\. .*Restore/)
})

test('S3 T9: a file whose sync was given up with its target is told as kept here, and is not asked for again and again', () => {
  const kept = storedFile({ syncTarget: { ...goal, removed: true } })
  assert.equal(sayFileStatus(kept).label, 'Kept on this server')
  assert.match(sayFileStatus(kept).explain, /Vault/)
  assert.equal(isMoving(kept), false)
  assert.equal(sayFileStatus({ ...kept, status: 'DAMAGED' }).label, 'Damaged')
})

test('T9: a file whose target was removed says so before anything else', () => {
  const removed = { ...target, removed: true }
  assert.equal(sayFileStatus(storedFile({ status: 'READY', target: removed })).label, 'Orphaned: target removed')
  assert.equal(sayFileStatus(storedFile({ status: 'DELETED', target: removed })).label, 'Deleted')
  assert.equal(sayTarget(removed), 'Local (removed)')
  assert.equal(sayTarget(target), 'Local (disk of this server)')
})

test('U1: rows are asked for again only while the server works on them', () => {
  const moving = fileStatuses.filter((status) => isMoving(storedFile({ status })))
  assert.deepEqual(moving, ['PENDING_UPLOAD', 'SCANNING'])
  assert.equal(isMoving(storedFile({ syncing: true })), true)
})

test('T7: the badge is green within 5 minutes, amber within a day, red when older', () => {
  const passed = (age: number) => sayLastTest({ lastPassAt: before(age), lastTestAt: null, lastTestOk: null }, now).tone
  assert.equal(passed(0), 'good')
  assert.equal(passed(5 * minute), 'good')
  assert.equal(passed(5 * minute + 1), 'attention')
  assert.equal(passed(24 * hour), 'attention')
  assert.equal(passed(24 * hour + 1), 'bad')
})

test('T7: a failed test makes it red until something passes', () => {
  const failed = { lastTestAt: before(minute), lastTestOk: false }
  assert.equal(sayLastTest({ ...failed, lastPassAt: before(2 * minute) }, now).tone, 'bad')
  assert.equal(sayLastTest({ ...failed, lastPassAt: null }, now).tone, 'bad')
  assert.equal(sayLastTest({ ...failed, lastPassAt: before(minute - 1) }, now).tone, 'good')
  assert.equal(sayLastTest({ lastPassAt: null, lastTestAt: null, lastTestOk: null }, now).label, 'Not tested yet')
})

test('T8: usage counts what running uploads have reserved and never runs over the bar', () => {
  assert.equal(usageOf({ quotaBytes: null, usedBytes: 5, reservedBytes: 0 }), null)
  const half = usageOf({ quotaBytes: 1000, usedBytes: 400, reservedBytes: 100 })
  assert.deepEqual([half?.usedPercent, half?.reservedPercent, half?.tone], [40, 10, 'good'])
  const over = usageOf({ quotaBytes: 1000, usedBytes: 1500, reservedBytes: 500 })
  assert.deepEqual([over?.usedPercent, over?.reservedPercent, over?.tone], [100, 0, 'bad'])
  assert.match(over?.text ?? '', /^0 bytes left/)
  assert.equal(usageOf({ quotaBytes: 0, usedBytes: 0, reservedBytes: 0 })?.usedPercent, 100)
})

test('A2: entries read as sentences, and unknown actions stay visible', () => {
  assert.equal(sayEntry({ action: 'CREATE', details: { kind: 'case', name: 'CASE-2026-003' } }), 'Created case CASE-2026-003')
  assert.equal(sayEntry({ action: 'UPLOAD_COMPLETED', details: { name: 'a.dd', size: 2048 } }), 'Upload completed: a.dd (2 KB)')
  assert.equal(sayEntry({ action: 'DOWNLOAD', details: { tier: 'secure' } }, 'a.dd'), 'Downloaded: a.dd')
  assert.equal(sayEntry({ action: 'DOWNLOAD', details: {} }), 'Downloaded')
  assert.equal(sayEntry({ action: 'ACCESS_DENIED', details: { permission: 'case.delete' } }), 'Access denied: case.delete')
  assert.equal(sayEntry({ action: 'HOLD_PLACED', details: { subject: 'CASE-1' } }), 'Legal hold placed: CASE-1')
  assert.equal(sayEntry({ action: 'SOMETHING_NEW', details: {} }), 'Something new')
})

test('A2: a file is called by its name as soon as one entry tells it', () => {
  const names = fileNamesIn([
    { fileId: 'f1', details: { sha256: 'x' } },
    { fileId: 'f1', details: { name: 'a.dd' } },
    { fileId: null, details: { name: 'nobody' } },
  ])
  assert.deepEqual([...names], [['f1', 'a.dd']])
})

test('N3: a token says what it is limited to, and every scope can be chosen', () => {
  assert.deepEqual(scopeNames, [...tokenScopes])
  assert.equal(sayScopes(null), 'All of its role')
  assert.equal(sayScopes(['upload.write', 'upload.read']), 'Upload files, Read files')
})

test('N3: a token says whether it still opens the door', () => {
  const day = 24 * hour
  const say = (revokedAt: string | null, expiresAt: string | null) => sayToken({ revokedAt, expiresAt }, now).label
  assert.equal(say(null, null), 'Active')
  assert.equal(say(before(1), null), 'Revoked')
  assert.equal(say(null, before(1)), 'Expired')
  assert.equal(say(null, before(-90 * day)), 'Active')
  assert.match(say(null, before(-3 * day)), /^Expires in 3 days$/)
  assert.equal(isLive({ revokedAt: null, expiresAt: before(1) }, now), false)
  assert.equal(isLive({ revokedAt: null, expiresAt: null }, now), true)
})

test('N1: jobs of every status and kind have words, and progress says how far', () => {
  assert.equal(jobStatuses.length, 5)
  assert.equal(sayKind('verify-file'), 'Verify a file')
  assert.equal(sayKind('migrate-file'), 'Migrate file')
  assert.equal(sayProgress(null), null)
  assert.equal(sayProgress({ bytes: 512, size: 1024 }), '50% of 1 KB')
  assert.equal(sayProgress({ done: 3, total: 4 }), '3 of 4')
  assert.equal(sayProgress({ removedWrites: 2 }), null)
})
