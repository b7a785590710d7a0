import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  count,
  formatAgo,
  formatBytes,
  formatExactBytes,
  formatMilliseconds,
  formatPercent,
  formatSeconds,
  formatSpeed,
  formatUtc,
  short,
} from '../src/ui/format.ts'

test('U5: sizes read in the largest fitting unit, in steps of 1024', () => {
  assert.equal(formatBytes(0, 'en'), '0 bytes')
  assert.equal(formatBytes(1, 'en'), '1 byte')
  assert.equal(formatBytes(1023, 'en'), '1,023 bytes')
  assert.equal(formatBytes(1024, 'en'), '1 KB')
  assert.equal(formatBytes(1536, 'en'), '1.5 KB')
  assert.equal(formatBytes(52_428_800, 'en'), '50 MB')
  assert.equal(formatBytes(4 * 1024 ** 3, 'en'), '4 GB')
  assert.equal(formatBytes(1536, 'de'), '1,5 KB')
})

test('U5: no size reads as 1,024 of a unit, whatever it is', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (bytes) => {
      const text = formatBytes(bytes, 'en')
      assert.doesNotMatch(text, /^1,024/)
      assert.match(text, /^[\d,]+(\.\d)? (bytes?|KB|MB|GB|TB|PB)$/)
    }),
  )
})

test('U5: the exact number of bytes stands beside a rounded size', () => {
  assert.equal(formatExactBytes(4_294_967_296, 'en'), '4,294,967,296 bytes')
  assert.equal(formatSpeed(85 * 1024 ** 2, 'en'), '85 MB/s')
})

test('U1: 100 % is said only of what is whole', () => {
  assert.equal(formatPercent(0, 10, 'en'), '0%')
  assert.equal(formatPercent(43, 100, 'en'), '43%')
  assert.equal(formatPercent(999_999, 1_000_000, 'en'), '99%')
  assert.equal(formatPercent(10, 10, 'en'), '100%')
  assert.equal(formatPercent(0, 0, 'en'), '100%')
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 2 ** 40 }), (done, total) => {
      assert.equal(formatPercent(done, total, 'en') === '100%', done >= total)
    }),
  )
})

test('U1: the time left reads in two steps at most and never as nothing', () => {
  assert.equal(formatSeconds(0.2, 'en'), '1 s')
  assert.equal(formatSeconds(12.4, 'en'), '12 s')
  assert.equal(formatSeconds(60, 'en'), '1 min')
  assert.equal(formatSeconds(200, 'en'), '3 min 20 s')
  assert.equal(formatSeconds(3600, 'en'), '1 h')
  assert.equal(formatSeconds(3900, 'en'), '1 h 5 min')
  assert.equal(formatSeconds(26 * 3600, 'en'), '1 d 2 h')
  assert.equal(formatSeconds(3599.9, 'en'), '1 h')
})

test('A2: times say UTC in full, and how long ago in words', () => {
  assert.equal(formatUtc('2026-01-15T10:35:12.345Z'), '2026-01-15 10:35:12 UTC')
  const now = Date.parse('2026-01-15T10:35:00Z')
  assert.equal(formatAgo('2026-01-15T10:30:00Z', now, 'en'), '5 minutes ago')
  assert.equal(formatAgo('2026-01-14T10:34:00Z', now, 'en'), 'yesterday')
  assert.equal(formatAgo('2026-01-17T10:35:00Z', now, 'en'), 'in 2 days')
  assert.equal(formatAgo('2026-01-15T10:35:00Z', now, 'en'), 'now')
})

test('T6: a step says its time in milliseconds or seconds', () => {
  assert.equal(formatMilliseconds(0.2, 'en'), '1 ms')
  assert.equal(formatMilliseconds(31.4, 'en'), '31 ms')
  assert.equal(formatMilliseconds(1204, 'en'), '1.2 s')
})

test('U5: counts agree with their nouns and long digests are cut', () => {
  assert.equal(count(1, 'file'), '1 file')
  assert.equal(count(0, 'file'), '0 files')
  assert.equal(count(2, 'person', 'people'), '2 people')
  assert.equal(short('0123456789abcdef'), '0123456789ab…')
  assert.equal(short('0123456789abc'), '0123456789abc')
})
