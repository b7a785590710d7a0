import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { evaluateConditions, parseRange, rangeStillHolds, strongEtag } from '../src/core/http-range.ts'

test('S5: single ranges as in RFC 9110 §14.1.2', () => {
  const part = (start: number, end: number) => ({ kind: 'part', range: { start, end } })
  assert.deepEqual(parseRange('bytes=0-499', 10_000), part(0, 499))
  assert.deepEqual(parseRange('bytes=9500-', 10_000), part(9500, 9999))
  assert.deepEqual(parseRange('bytes=-500', 10_000), part(9500, 9999))
  assert.deepEqual(parseRange('bytes=-50000', 10_000), part(0, 9999))
  assert.deepEqual(parseRange('bytes=9999-20000', 10_000), part(9999, 9999))
  assert.deepEqual(parseRange('BYTES=0-0', 1), part(0, 0))
})

test('S5: what lies outside is 416, what is malformed, foreign or multiple is ignored', () => {
  for (const field of ['bytes=10000-', 'bytes=10000-10001', 'bytes=-0', 'bytes=9999999999999999-']) {
    assert.equal(parseRange(field, 10_000).kind, 'unsatisfiable', field)
  }
  for (const field of [
    undefined,
    '',
    'bytes',
    'bytes=',
    'bytes=-',
    'bytes=5-2',
    'items=0-1',
    'bytes=0-1,5-6',
    'bytes=a-b',
    'bytes=0x1-2',
    'bytes=1e3-',
    'bytes=0-99999999999999999999',
  ]) {
    assert.equal(parseRange(field, 10_000).kind, 'whole', field)
  }
  assert.equal(parseRange('bytes=0-', 0).kind, 'unsatisfiable')
  assert.equal(parseRange('bytes=-5', 0).kind, 'whole')
})

test('S5: any answered range lies inside the file', () => {
  fc.assert(
    fc.property(
      fc.nat(),
      fc.oneof(
        fc.string(),
        fc.tuple(fc.nat(), fc.nat()).map(([a, b]) => `bytes=${a}-${b}`),
        fc.nat().map((n) => `bytes=-${n}`),
      ),
      (size, field) => {
        const answer = parseRange(field, size)
        if (answer.kind !== 'part') return
        const { start, end } = answer.range
        assert.ok(0 <= start && start <= end && end < size)
      },
    ),
    { numRuns: 2000 },
  )
})

test('S5: conditions: If-Match strong, If-None-Match weak, If-Range only for the same strong tag', () => {
  const etag = strongEtag('ab')
  assert.equal(evaluateConditions({}, etag), 'go')
  assert.equal(evaluateConditions({ ifNoneMatch: '"ab"' }, etag), 'not-modified')
  assert.equal(evaluateConditions({ ifNoneMatch: '"x", W/"ab"' }, etag), 'not-modified')
  assert.equal(evaluateConditions({ ifNoneMatch: '*' }, etag), 'not-modified')
  assert.equal(evaluateConditions({ ifNoneMatch: '"x"' }, etag), 'go')
  assert.equal(evaluateConditions({ ifMatch: 'W/"ab"' }, etag), 'failed')
  assert.equal(evaluateConditions({ ifMatch: '"x", "ab"' }, etag), 'go')
  assert.equal(rangeStillHolds(undefined, etag), true)
  assert.equal(rangeStillHolds('"ab"', etag), true)
  for (const other of ['W/"ab"', '"x"', 'Wed, 21 Oct 2015 07:28:00 GMT', 'ab']) assert.equal(rangeStillHolds(other, etag), false)
})
