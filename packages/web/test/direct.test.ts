import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashStates, type File as StoredFile } from '@holdfast/api'
import { isDownloadable } from '../src/features/files/download.ts'
import { sayHashEnd } from '../src/features/files/hash-end.ts'
import { hashActionFor, hashStateWords, sayAtRest } from '../src/ui/direct-file-words.ts'
import { isMoving, sayFileStatus } from '../src/ui/file-words.ts'
import { sayUpload } from '../src/ui/upload-words.ts'
import { storedFile } from './stored-file.ts'

const target = { id: 't', name: 'Bucket', kind: 's3', removed: false }
const direct = (some: Partial<StoredFile> = {}) => storedFile({ tier: 'direct', target, hashState: 'declared', ...some })
const label = (some: Partial<StoredFile>) => sayFileStatus(direct(some), 'en').label
const hashing = { jobId: 'j', bytes: 43, size: 100 }

test('D5: every state that a direct file can be in has plain words, and what to do where it is bad', () => {
  assert.equal(label({ status: 'PENDING_UPLOAD' }), 'Uploading')
  assert.equal(label({ status: 'SCANNING' }), 'Verifying')
  assert.equal(label({ hashState: 'declared' }), 'Ready')
  assert.equal(label({ hashState: 'computed' }), 'Ready')
  assert.equal(label({ hashState: 'none' }), 'No hash yet')
  assert.equal(label({ hashState: 'none', discovered: true }), 'Discovered')
  assert.equal(label({ status: 'FAILED' }), 'Error')
  assert.equal(label({ hashState: 'mismatch' }), 'Disk mismatch')
  assert.equal(label({ hashState: 'stale' }), 'Stale')
  assert.equal(label({ missingSince: '2026-01-15T12:00:00Z' }), 'Missing')
  assert.equal(label({ target: { ...target, removed: true }, hashState: 'mismatch' }), 'Orphaned: target removed')
  for (const bad of [{ hashState: 'mismatch' }, { hashState: 'stale' }, { status: 'FAILED' }, { missingSince: 'x' }] as const)
    assert.match(sayFileStatus(direct(bad)).explain, /choose|Upload|Put/i)
})

test('D5: an upload is called proven only where its object was read back', () => {
  const ready = (some: Partial<StoredFile>) => sayUpload({ phase: 'ready', file: direct(some), tooLateToCancel: false })
  assert.equal(ready({ hashState: 'computed' }).explain, 'Stored and proven.')
  assert.doesNotMatch(ready({ hashState: 'declared' }).explain, /proven/)
  assert.equal(ready({ hashState: 'declared' }).label, 'Ready')
})

test('D11: the reason of a refused upload stands before what to do about it', () => {
  const said = sayFileStatus(direct({ status: 'FAILED', statusReason: 'The bytes differ from the declared hash' }))
  assert.match(said.explain, /^The bytes differ from the declared hash\. .*Upload the file again/)
})

test('D10: reading back is called by what was known before, and says how far it is', () => {
  assert.deepEqual(
    hashStates.map((state) => hashActionFor(state).label),
    ['Calculate', 'Re-verify', 'Re-verify', 'Recompute', 'Re-verify'],
  )
  assert.equal(label({ hashing, hashState: 'none' }), 'Calculating 43%')
  assert.equal(label({ hashing, hashState: 'stale' }), 'Recomputing 43%')
  assert.equal(label({ hashing, hashState: 'mismatch' }), 'Re-verifying 43%')
  assert.equal(label({ hashing, status: 'SCANNING' }), 'Verifying 43%')
  assert.match(sayFileStatus(direct({ hashing, status: 'SCANNING' })).explain, /Cancel stops it: the file stays/)
  assert.doesNotMatch(sayFileStatus(storedFile({ hashing, status: 'SCANNING' })).explain, /Cancel/)
  assert.equal(isMoving(direct({ hashing })), true)
  assert.equal(isMoving(direct()), false)
})

test('D10: how reading back ended is told once, and only by rows that were seen before', () => {
  const before = direct({ hashing, hashState: 'computed', verifiedAt: '2026-01-15T12:00:00Z' })
  const done = { ...before, hashing: null, verifiedAt: '2026-01-16T12:00:00Z', version: 2 }
  assert.match(sayHashEnd(before, done)?.label ?? '', /disk\.dd.*Ready/)
  assert.equal(sayHashEnd(done, done), null)
  assert.equal(sayHashEnd(undefined, done), null)
  assert.equal(sayHashEnd(before, { ...before, hashing: { ...hashing, bytes: 50 } }), null)
  assert.match(sayHashEnd(before, { ...done, hashState: 'mismatch' })?.label ?? '', /Disk mismatch/)
  const bad = direct({ hashing, hashState: 'mismatch' })
  assert.match(sayHashEnd(bad, { ...bad, hashing: null, version: 2 })?.label ?? '', /Disk mismatch/)
  assert.match(sayHashEnd(before, { ...before, hashing: null })?.label ?? '', /was stopped/)
  // Sync found it changed: nobody was reading it back.
  assert.equal(sayHashEnd({ ...before, hashing: null }, { ...before, hashing: null, hashState: 'stale' }), null)
})

test('D10: where reading back failed the row says so, and its details say why', () => {
  const before = direct({ hashing, hashState: 'computed', verifiedAt: '2026-01-15T12:00:00Z' })
  const failed = { ...before, hashing: null, version: 2, statusReason: 'Its SHA-256 could not be computed. The share is away.' }
  assert.match(sayHashEnd(before, failed)?.label ?? '', /reading back failed/)
  assert.match(sayFileStatus(failed).next ?? '', /failed/)
  assert.match(sayFileStatus(failed).explain, /^Its SHA-256 could not be computed\. The share is away\./)
  assert.match(sayFileStatus({ ...failed, hashState: 'stale' }).next ?? '', /Recompute/)
})

test('D12: nothing is downloaded before a hash is known, what was discovered always is', () => {
  assert.equal(isDownloadable(direct({ hashState: 'none' })), false)
  assert.equal(isDownloadable(direct({ hashState: 'none', discovered: true })), true)
  for (const hashState of ['declared', 'computed', 'stale', 'mismatch'] as const) assert.equal(isDownloadable(direct({ hashState })), true)
  assert.equal(isDownloadable(direct({ missingSince: '2026-01-15T12:00:00Z' })), false)
  assert.equal(isDownloadable(direct({ status: 'SCANNING' })), false)
})

test('D1 D5: what is known of the hash and of protection at rest is said apart', () => {
  assert.equal(new Set(Object.values(hashStateWords)).size, hashStates.length)
  assert.equal(new Set([sayAtRest('sse-kms'), sayAtRest('sse-s3'), sayAtRest(null)]).size, 3)
})
