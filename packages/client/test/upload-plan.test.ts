import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAX_PART_PLAIN_BYTES, MAX_PARTS, MIN_PART_PLAIN_BYTES, type PartUrl } from '@holdfast/api'
import * as fc from 'fast-check'
import { createLaneWidth } from '../src/upload/lane-width.ts'
import { createPartUrls } from '../src/upload/part-urls.ts'
import { choosePartSize, partSpan } from '../src/upload/plan.ts'

test('D2: any file is cut into parts that cover it once, no more of them than allowed', () => {
  const tebi = 5 * 2 ** 40
  const speed = fc.option(fc.double({ min: 0, max: 1e10, noNaN: true }), { nil: null })
  fc.assert(
    fc.property(
      fc.maxSafeNat().map((n) => n % tebi),
      speed,
      fc.constantFrom('secure' as const, 'direct' as const),
      (size, bytesPerSecond, tier) => {
        const partBytes = { first: MIN_PART_PLAIN_BYTES, most: 4 * MIN_PART_PLAIN_BYTES }
        const partSize = choosePartSize({ size, partBytes, bytesPerSecond, tier })
        assert.equal(partSize % MIN_PART_PLAIN_BYTES, 0)
        const count = Math.ceil(size / partSize)
        assert.ok(count <= MAX_PARTS)
        if (count === 0) return
        assert.deepEqual(partSpan({ size, partSize }, 1).offset, 0)
        const last = partSpan({ size, partSize }, count)
        assert.equal(last.offset + last.length, size)
        assert.ok(last.length > 0 && last.length <= partSize)
      },
    ),
  )
})

test('D2: a big direct file begins with big parts, a small one with small ones', () => {
  const partBytes = { first: MIN_PART_PLAIN_BYTES, most: 4 * MIN_PART_PLAIN_BYTES }
  const sizeOf = (size: number, tier: 'secure' | 'direct') => choosePartSize({ size, partBytes, bytesPerSecond: null, tier })
  assert.equal(sizeOf(10 ** 11, 'direct'), MAX_PART_PLAIN_BYTES)
  assert.equal(sizeOf(10 ** 9, 'direct'), MIN_PART_PLAIN_BYTES)
  assert.equal(sizeOf(10 ** 9, 'secure'), MIN_PART_PLAIN_BYTES)
  assert.ok(sizeOf(5 * 2 ** 40, 'direct') < 5 * 2 ** 30, 'no part is larger than S3 takes')
})

test('D2: parts in flight stay within their bounds, whatever the storage answers', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.array(fc.boolean(), { maxLength: 200 }), (first, answers) => {
      const width = createLaneWidth(first, first + 1)
      for (const good of answers) {
        if (good) width.wentThrough()
        else width.pushedBack()
        assert.ok(width.now() >= 1 && width.now() <= first + 1)
      }
      for (let n = 0; n < 200; n += 1) width.wentThrough()
      assert.equal(width.now(), first + 1)
    }),
  )
})

test('D2: each signed request is given out once and while it is young, however takers crowd', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 60 }), fc.array(fc.nat(40_000), { minLength: 1, maxLength: 8 }), async (count, ages) => {
      let clock = 0
      let serial = 0
      const groups: number[] = []
      const ask = async (numbers: readonly number[]): Promise<PartUrl[]> => {
        groups.push(numbers.length)
        return numbers.map((number) => {
          serial += 1
          return { number, size: 1, method: 'PUT', url: `https://bucket.test/${serial}?born=${clock}`, headers: {}, expiresAt: '' }
        })
      }
      const missing = Array.from({ length: count }, (_, index) => index + 1)
      const urls = createPartUrls(ask, missing, () => clock)
      const seen = new Set<string>()
      const take = async (number: number) => {
        const { url, number: got } = await urls.take(number)
        assert.equal(got, number)
        assert.ok(!seen.has(url) && clock - Number(new URL(url).searchParams.get('born')) < 60_000)
        seen.add(url)
      }
      for (let at = 0; at < count; at += 3) {
        await Promise.all(missing.slice(at, at + 3).map(take))
        await take(missing[at]!)
        clock += ages[at % ages.length]!
      }
      assert.ok(groups.every((size) => size <= 8))
    }),
  )
})
