import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SECURE_TIER_MAX_BYTES } from '@holdfast/api'
import { ApiProblem, UploadError, type UploadState } from '@holdfast/client'
import { type Door, pastedName, refusalOf, sortFiles } from '../src/features/uploads/check-files.ts'
import { announce, sayUpload } from '../src/ui/upload-words.ts'
import { visibleName } from '../src/ui/visible-name.ts'

const MiB = 1024 ** 2
const label = (state: UploadState) => sayUpload(state, 'en').label

test('U1 D5: a row says percent, speed and time left while it uploads', () => {
  const state: UploadState = { phase: 'uploading', loaded: 43, total: 100, bytesPerSecond: 81 * MiB, secondsLeft: 12 }
  assert.equal(label(state), 'Uploading 43% · 81 MB/s · 12 s left')
  assert.equal(label({ ...state, bytesPerSecond: null, secondsLeft: null }), 'Uploading 43%')
})

test('S9: every state between chosen and ready has plain words', () => {
  assert.equal(label({ phase: 'queued', until: null }), 'Queued')
  assert.equal(label({ phase: 'needs-file', loaded: 43, total: 100, error: null }), 'Interrupted at 43%')
  assert.equal(label({ phase: 'verifying-local', loaded: 1, total: 2 }), 'Comparing 50%')
  assert.equal(label({ phase: 'waiting', reason: 'offline', until: null, loaded: 1, total: 2 }), 'Waiting for connection')
  assert.equal(label({ phase: 'waiting', reason: 'unreachable', until: null, loaded: 1, total: 2 }), 'Waiting for connection')
  assert.equal(label({ phase: 'waiting', reason: 'busy', until: null, loaded: 1, total: 2 }), 'Waiting for the server')
  assert.equal(label({ phase: 'hashing', loaded: 1, total: 2 }), 'Finalizing 50%')
  assert.equal(label({ phase: 'completing' }), 'Finalizing')
  assert.equal(label({ phase: 'cancelling' }), 'Cancelling')
  assert.equal(label({ phase: 'cancelled', serverCleanedUp: true }), 'Cancelled')
})

test('S9: an interrupted upload asks for the same file, and says so when another was chosen', () => {
  const asks = sayUpload({ phase: 'needs-file', loaded: 43, total: 100, error: null }, 'en')
  assert.match(asks.explain, /same file again to continue/)
  const error = new UploadError('different-file', 'This is another file than the one that was begun')
  assert.equal(sayUpload({ phase: 'needs-file', loaded: 43, total: 100, error }, 'en').explain, error.message)
})

test('S9: when everything was sent, waiting does not claim to have stopped half-way', () => {
  const waiting = (loaded: number) => sayUpload({ phase: 'waiting', reason: 'offline', until: null, loaded, total: 100 }, 'en').explain
  assert.match(waiting(43), /Stopped at 43%/)
  assert.match(waiting(100), /Every byte was sent/)
})

test('U1: an error gives the reason of the server and what to do', () => {
  const problem = new ApiProblem(507, { code: 'QUOTA_FULL', title: 'The storage target is full', detail: 'It needs 12 GB; 9 GB are free.' })
  const refused = sayUpload({ phase: 'error', error: new UploadError('refused', 'The server refused', { problem }) }, 'en')
  assert.equal(refused.label, 'Error: The storage target is full')
  assert.match(refused.explain, /It needs 12 GB/)
  const lost = sayUpload({ phase: 'error', error: new UploadError('unreachable', 'No answer', { retryable: true }) }, 'en')
  assert.match(lost.explain, /Retry/)
})

test('U5: screen readers hear of new states, never of progress', () => {
  const uploading: UploadState = { phase: 'uploading', loaded: 1, total: 100, bytesPerSecond: 5, secondsLeft: 3 }
  assert.equal(announce('a.dd', uploading), announce('a.dd', { ...uploading, loaded: 50 }))
  assert.equal(announce('a.dd', { phase: 'queued', until: null }), null)
  assert.match(announce('a.dd', { phase: 'completing' }) ?? '', /^a\.dd: Finalizing/)
})

const secure: Door = { tier: 'secure', directBound: false }
const large = { name: 'a.E01', size: SECURE_TIER_MAX_BYTES + 1 }

test('S4: more than 4 GB is refused with the reason before a byte is sent, exactly 4 GB is not', () => {
  assert.equal(refusalOf({ name: 'a.E01', size: SECURE_TIER_MAX_BYTES }, secure), null)
  assert.equal(refusalOf({ name: 'empty', size: 0 }, secure), null)
  assert.match(refusalOf(large, secure) ?? '', /1 byte over 4 GB.*up to 4 GB/)
  assert.match(refusalOf({ name: 'a.E01', size: 2 * SECURE_TIER_MAX_BYTES }, secure) ?? '', /It is 8 GB/)
})

test('S4 R4 D4: the refusal points to Direct where it is bound and does not name it otherwise; Direct itself takes any size', () => {
  assert.match(refusalOf(large, { tier: 'secure', directBound: true }) ?? '', /Direct Storage below takes files of any size/)
  assert.doesNotMatch(refusalOf(large, secure) ?? '', /direct/i)
  assert.equal(refusalOf({ name: 'a.E01', size: 100 * SECURE_TIER_MAX_BYTES }, { tier: 'direct', directBound: true }), null)
})

test('S4: of several chosen files only those that fit are taken', () => {
  const files = [
    { name: 'small', size: 5 },
    { name: 'large', size: SECURE_TIER_MAX_BYTES * 3 },
    { name: `${'ä'.repeat(513)}`, size: 5 },
  ]
  const { taken, refused } = sortFiles(files, secure)
  assert.deepEqual(
    taken.map((file) => file.name),
    ['small'],
  )
  assert.equal(refused.length, 2)
  assert.match(refused[1]?.reason ?? '', /name is too long/)
})

test('U5: pasted pictures get names that tell them apart', () => {
  const at = new Date(2026, 0, 5, 7, 8, 9)
  assert.equal(pastedName('image.png', at), 'pasted-2026-01-05-070809.png')
  assert.equal(pastedName('holiday.png', at), 'holiday.png')
})

test('U1: a name cannot pass for another one by signs that turn or hide what is written', () => {
  assert.equal(visibleName('report\u202efdp.exe'), 'report[U+202E]fdp.exe')
  assert.equal(visibleName('a\u200bb\u0007'), 'a[U+200B]b[U+0007]')
  for (const plain of ['naïve – résumé.pdf', 'صورة.png', '写真 01.heic', 'family \u{1f468}\u200d\u{1f469}.jpg'])
    assert.equal(visibleName(plain), plain)
})
