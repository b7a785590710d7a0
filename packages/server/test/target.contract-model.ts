import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import type { PartReceipt, StorageTarget } from '../src/storage/target.ts'
import { type Contract, fails, freshKey, keysOf, sameBytes, writeParts } from './target.contract-kit.ts'

type OpenWrite = { key: string; id: string; bytes: Uint8Array; receipts: PartReceipt[] }
type Model = { objects: Map<string, Uint8Array>; writes: OpenWrite[] }
type Step = { run(model: Model, target: StorageTarget): Promise<void>; toString(): string }

const names = ['a', 'b', 'dir/a', 'dir/b', 'dir/sub/c']

/** What one step does to the target, and to a Map that says what must come out. */
function stepsOf(top: string, partBytes: number): fc.Arbitrary<Step> {
  const key = fc.constantFrom(...names).map((name) => top + name)
  const size = fc.oneof(fc.constantFrom(0, 1, 4095, 4096, 4097), fc.nat(20_000))
  const which = fc.nat(3)
  const put = fc.tuple(key, size, fc.boolean()).map(
    ([at, length, ifAbsent]): Step => ({
      toString: () => `put(${at}, ${length}, ${ifAbsent})`,
      async run({ objects }, target) {
        const bytes = randomBytes(length)
        if (ifAbsent && objects.has(at)) return assert.rejects(target.put(at, bytes, { ifAbsent }), fails('exists'))
        await target.put(at, bytes, { ifAbsent })
        objects.set(at, bytes)
      },
    }),
  )
  const remove = key.map(
    (at): Step => ({
      toString: () => `delete(${at})`,
      async run({ objects }, target) {
        await target.delete(at)
        objects.delete(at)
      },
    }),
  )
  const read = fc.tuple(key, fc.nat(20_001), fc.nat(20_001)).map(
    ([at, offset, length]): Step => ({
      toString: () => `read(${at}, ${offset}, ${length})`,
      async run({ objects }, target) {
        const held = objects.get(at)
        if (!held) return assert.rejects(target.read(at, offset, length), fails('not-found'))
        if (offset + length > held.length) return assert.rejects(target.read(at, offset, length), fails('out-of-range'))
        sameBytes(await target.read(at, offset, length), held.subarray(offset, offset + length))
      },
    }),
  )
  const begin = fc.tuple(key, fc.integer({ min: 0, max: 2 }), fc.nat(100)).map(
    ([at, parts, more]): Step => ({
      toString: () => `beginWrite(${at}, ${parts} parts and ${more})`,
      async run({ writes }, target) {
        const bytes = randomBytes(parts * partBytes + more)
        writes.push({ key: at, id: await target.beginWrite(at, bytes.length), bytes, receipts: [] })
      },
    }),
  )
  const writeSome = fc.tuple(which, fc.nat(2)).map(
    ([index, part]): Step => ({
      toString: () => `writePart(write ${index}, part ${part + 1})`,
      async run({ writes }, target) {
        const write = writes[index]
        if (!write || part * partBytes >= write.bytes.length) return
        const receipts = await writeParts(target, write.key, write.id, { bytes: write.bytes, partBytes, order: [part] })
        write.receipts = [...write.receipts.filter((receipt) => receipt.number !== part + 1), ...receipts]
        await target.flushWrite(write.key, write.id)
      },
    }),
  )
  const commit = which.map(
    (index): Step => ({
      toString: () => `commitWrite(write ${index})`,
      async run({ objects, writes }, target) {
        const write = writes[index]
        if (!write) return
        const covered = write.receipts.reduce((sum, receipt) => sum + receipt.size, 0) === write.bytes.length
        if (!covered) return assert.rejects(target.commitWrite(write.key, write.id, write.receipts), fails('bad-part'))
        await target.commitWrite(write.key, write.id, write.receipts)
        objects.set(write.key, write.bytes)
        writes.splice(index, 1)
      },
    }),
  )
  const abort = which.map(
    (index): Step => ({
      toString: () => `abortWrite(write ${index})`,
      async run({ writes }, target) {
        const [write] = writes.splice(index, 1)
        if (write) await target.abortWrite(write.key, write.id)
      },
    }),
  )
  return fc.oneof(
    { weight: 3, arbitrary: put },
    remove,
    { weight: 2, arbitrary: read },
    begin,
    { weight: 3, arbitrary: writeSome },
    { weight: 2, arbitrary: commit },
    abort,
  )
}

/** Any order of calls leaves the target as it would leave a Map. */
export function checkModel({ current, partBytes, runs }: Contract): void {
  test('X4: any sequence of calls leaves what it would leave in a Map (property)', async () => {
    const { target, another } = current()
    await using second = await another()
    const top = freshKey('')
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(stepsOf(top, partBytes), fc.boolean()), { maxLength: 25 }), async (steps) => {
        const model: Model = { objects: new Map(), writes: [] }
        for (const [step, other] of steps) await step.run(model, other ? second : target)
        assert.deepEqual(await keysOf(target, top), [...model.objects.keys()].sort())
        for (const [key, bytes] of model.objects) sameBytes(await target.read(key, 0, bytes.length), bytes)
        for (const { key, id } of model.writes) await target.abortWrite(key, id)
        for (const key of model.objects.keys()) await target.delete(key)
        assert.deepEqual(await keysOf(target, top), [])
      }),
      { numRuns: runs },
    )
  })
}
