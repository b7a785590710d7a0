import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAX_PART_PLAIN_BYTES, MAX_PARTS, MIN_PART_PLAIN_BYTES, SECURE_TIER_MAX_BYTES, SEGMENT_PLAIN_BYTES } from '@holdfast/api'
import fc from 'fast-check'
import {
  driverPart,
  driverPartCount,
  findPlannedPart,
  partPlanOf,
  plainDriverPart,
  planDirect,
  planOfUpload,
  planUpload,
} from '../src/core/upload-plan.ts'

const borders = [0, 1, SEGMENT_PLAIN_BYTES, MIN_PART_PLAIN_BYTES, MAX_PART_PLAIN_BYTES, 3 * MIN_PART_PLAIN_BYTES, SECURE_TIER_MAX_BYTES]
const size = fc.oneof(
  fc.integer({ min: 0, max: SECURE_TIER_MAX_BYTES }),
  fc
    .constantFrom(...borders)
    .chain((border) => fc.integer({ min: Math.max(0, border - 2), max: Math.min(border + 2, SECURE_TIER_MAX_BYTES) })),
)
const wish = fc.option(fc.integer({ min: 1, max: 1 << 30 }), { nil: undefined })

test('S2 S9: client parts and driver parts cover plaintext and object exactly, in order, with shared borders', () => {
  fc.assert(
    fc.property(size, wish, (bytes, wished) => {
      const plan = planUpload(bytes, wished)
      let plain = 0
      let stored = 0
      let nextDriverPart = 1
      for (let number = 1; number <= plan.partCount; number += 1) {
        const part = findPlannedPart(plan, number)!
        assert.equal(part.plainOffset, plain)
        assert.equal(part.firstDriverPart, nextDriverPart)
        let inDriverParts = 0
        for (let d = part.firstDriverPart; d < part.firstDriverPart + part.driverPartCount; d += 1) {
          const piece = driverPart(plan, d)
          assert.equal(piece.storedOffset, stored)
          assert.equal(piece.plainOffset, plain + inDriverParts)
          stored += piece.storedLength
          inDriverParts += piece.plainLength
        }
        assert.equal(inDriverParts, part.plainLength)
        plain += part.plainLength
        nextDriverPart += part.driverPartCount
      }
      assert.equal(plain, bytes)
      if (bytes > 0) {
        assert.equal(stored, plan.geometry.storedSize)
        assert.equal(nextDriverPart, driverPartCount(plan) + 1)
      }
    }),
    { numRuns: 60 },
  )
})

test('S9: a plan survives being stored as size and part size', () => {
  fc.assert(
    fc.property(size, wish, (bytes, wished) => {
      const plan = planUpload(bytes, wished)
      assert.deepEqual(planOfUpload(plan), plan)
    }),
  )
  assert.throws(() => planOfUpload({ size: 10, partSize: MIN_PART_PLAIN_BYTES + 1 }), RangeError)
  assert.throws(() => planOfUpload({ size: 10, partSize: 0 }), RangeError)
})

test('S9: part sizes are multiples of 8 segments between the smallest and the largest, and grow where a file needs it', () => {
  fc.assert(
    fc.property(size, wish, (bytes, wished) => {
      const { partSize } = planUpload(bytes, wished)
      assert.equal(partSize % MIN_PART_PLAIN_BYTES, 0)
      assert.ok(partSize >= MIN_PART_PLAIN_BYTES && partSize <= MAX_PART_PLAIN_BYTES)
      if (wished !== undefined && wished >= MIN_PART_PLAIN_BYTES) assert.ok(partSize <= wished)
    }),
  )
  const huge = planUpload(5 * 1024 ** 4)
  assert.ok(huge.partCount <= MAX_PARTS)
  assert.ok(huge.partSize > MAX_PART_PLAIN_BYTES)
})

test('S9: an empty file has no client parts and one driver part with header and empty segment', () => {
  const plan = planUpload(0)
  assert.equal(plan.partCount, 0)
  assert.equal(findPlannedPart(plan, 1), null)
  assert.equal(driverPartCount(plan), 1)
  assert.deepEqual([driverPart(plan, 1).storedOffset, driverPart(plan, 1).storedLength], [0, 74 + 32])
})

test('S9: there is no part 0, no part after the last and no half part', () => {
  const plan = planUpload(MIN_PART_PLAIN_BYTES + 1)
  for (const number of [0, -1, 3, 1.5, Number.NaN, 2 ** 53]) assert.equal(findPlannedPart(plan, number), null)
  assert.equal(findPlannedPart(plan, 2)?.plainLength, 1)
})

const TiB = 1024 ** 4
const anySize = fc.oneof(
  fc.maxSafeInteger().map(Math.abs),
  fc.integer({ min: 0, max: 5 * TiB }),
  fc.constantFrom(0, 1, 5 * TiB, 100 * TiB, 1024 ** 5),
)
const rules = fc.option(
  fc.record({ leastPartBytes: fc.integer({ min: 1, max: 64 * 1024 ** 2 }), mostParts: fc.option(fc.integer({ min: 100, max: 20_000 })) }),
)

test('D2 D4: parts of a direct upload grow with its size and fit what the target takes, whatever the size; they cover the object exactly', () => {
  fc.assert(
    fc.property(anySize, wish, rules, (bytes, wished, target) => {
      const plan = planDirect(bytes, { wish: wished, rules: target })
      const most = Math.min(MAX_PARTS, target?.mostParts ?? MAX_PARTS)
      assert.ok(plan.partCount <= most)
      assert.ok(plan.partSize >= (target?.leastPartBytes ?? 0))
      assert.equal(plan.partSize % MIN_PART_PLAIN_BYTES, 0)
      assert.deepEqual(partPlanOf(plan), plan)
      const last = findPlannedPart(plan, plan.partCount)
      assert.equal(last ? last.plainOffset + last.plainLength : 0, bytes)
      if (!last) return
      const end = plainDriverPart(plan, last.firstDriverPart + last.driverPartCount - 1)
      assert.equal(end.offset + end.length, bytes)
      assert.equal(plainDriverPart(plan, last.firstDriverPart).offset, last.plainOffset)
    }),
  )
  assert.deepEqual(planDirect(5 * TiB, {}).partCount <= MAX_PARTS, true)
  assert.ok(planDirect(5 * TiB, {}).partSize <= 5 * 1024 ** 3, 'S3 takes parts of 5 GiB at most')
  assert.equal(planDirect(100, { wish: 1 << 30 }).partSize, MAX_PART_PLAIN_BYTES)
})
