import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import type { PartReceipt } from '../src/storage/target.ts'
import { type Contract, fails, freshKey, keysOf, sameBytes, text, writeParts } from './target.contract-kit.ts'

export function checkWrites({ current, partBytes }: Contract): void {
  const make = async (size: number) => ({ bytes: randomBytes(size), key: freshKey() })
  for (const [title, size] of [
    ['one byte', 1],
    ['a part less one byte', partBytes - 1],
    ['exactly one part', partBytes],
    ['a part and one byte', partBytes + 1],
    ['three parts less one byte', partBytes * 3 - 1],
    ['exactly three parts', partBytes * 3],
  ] as const) {
    test(`S9: an object of ${title} is written in parts`, async () => {
      const { target } = current()
      const { bytes, key } = await make(size)
      const write = await target.beginWrite(key, size)
      const receipts = await writeParts(target, key, write, { bytes, partBytes })
      await target.flushWrite(key, write)
      assert.equal(await target.stat(key), null, 'nothing shows before the commit')
      const stat = await target.commitWrite(key, write, receipts)
      assert.deepEqual([stat.key, stat.size], [key, size])
      sameBytes(await target.read(key, 0, size), bytes)
      assert.equal((await target.stat(key))?.size, size)
    })
  }
  test('S9: an empty object is begun and committed without parts', async () => {
    const { target } = current()
    const key = freshKey()
    const write = await target.beginWrite(key, 0)
    await target.flushWrite(key, write)
    assert.equal((await target.commitWrite(key, write, [])).size, 0)
    assert.equal((await target.stat(key))?.size, 0)
  })
  test('S9: parts come in any order, many at once, and through other processes', async () => {
    const { target, another } = current()
    await using second = await another()
    const { bytes, key } = await make(partBytes * 4 + 17)
    const write = await target.beginWrite(key, bytes.length)
    const halves = await Promise.all([
      writeParts(target, key, write, { bytes, partBytes, order: [4, 1] }),
      writeParts(second, key, write, { bytes, partBytes, order: [3, 0, 2] }),
    ])
    await second.flushWrite(key, write)
    const receipts: PartReceipt[] = JSON.parse(JSON.stringify(halves.flat()))
    await second.commitWrite(key, write, receipts)
    sameBytes(await target.read(key, 0, bytes.length), bytes)
  })
  test('S9: the id alone is enough to go on after the first process is gone', async () => {
    const { target, another } = current()
    const { bytes, key } = await make(partBytes * 2 + 1)
    const first = await another()
    const write = await first.beginWrite(key, bytes.length)
    const early = await writeParts(first, key, write, { bytes, partBytes, order: [1] })
    await first.flushWrite(key, write)
    await first[Symbol.asyncDispose]()
    const late = await writeParts(target, key, write, { bytes, partBytes, order: [2, 0] })
    await target.commitWrite(key, write, [...early, ...late])
    sameBytes(await target.read(key, 0, bytes.length), bytes)
  })
  test('S9: a part may be written again, and the last bytes win', async () => {
    const { target, another } = current()
    await using second = await another()
    const { bytes, key } = await make(partBytes * 2)
    const write = await target.beginWrite(key, bytes.length)
    await writeParts(target, key, write, { bytes: new Uint8Array(bytes.length).fill(9), partBytes })
    await writeParts(second, key, write, { bytes: new Uint8Array(bytes.length).fill(8), partBytes, order: [1, 1] })
    const receipts = await writeParts(target, key, write, { bytes, partBytes, order: [1, 0] })
    await target.commitWrite(key, write, receipts)
    sameBytes(await target.read(key, 0, bytes.length), bytes)
  })
  test('S9: a part that does not fit the object is refused and changes nothing', async () => {
    const { target } = current()
    const { bytes, key } = await make(100)
    const write = await target.beginWrite(key, 100)
    const receipt = await target.writePart(key, write, { number: 1, offset: 0, bytes })
    const wrong = [
      { number: 2, offset: 100, bytes: text('x') },
      { number: 1, offset: 1, bytes },
      { number: 1, offset: -1, bytes },
      { number: 0, offset: 0, bytes },
    ]
    for (const part of wrong) await assert.rejects(target.writePart(key, write, part), fails('bad-part'))
    await target.commitWrite(key, write, [receipt])
    sameBytes(await target.read(key, 0, 100), bytes)
  })
  test('S9: two writes of one key go on side by side, and the last commit wins', async () => {
    const { target } = current()
    const key = freshKey()
    const [a, b] = [await target.beginWrite(key, 3), await target.beginWrite(key, 4)]
    assert.notEqual(a, b)
    const receiptB = await target.writePart(key, b, { number: 1, offset: 0, bytes: text('bbbb') })
    const receiptA = await target.writePart(key, a, { number: 1, offset: 0, bytes: text('aaa') })
    await target.commitWrite(key, b, [receiptB])
    sameBytes(await target.read(key, 0, 4), text('bbbb'))
    await target.commitWrite(key, a, [receiptA])
    assert.equal((await target.stat(key))?.size, 3)
    sameBytes(await target.read(key, 0, 3), text('aaa'))
  })
  test('S9: a write that does not exist is not found', async () => {
    const { target } = current()
    const key = freshKey()
    const write = await target.beginWrite(key, 1)
    const part = { number: 1, offset: 0, bytes: text('x') }
    for (const id of ['', 'no-such-write', '../../etc/passwd', `x${write}`]) {
      await assert.rejects(target.writePart(key, id, part), fails('not-found'), `write of ${id}`)
      await assert.rejects(target.flushWrite(key, id), fails('not-found'), `flush of ${id}`)
      await assert.rejects(target.commitWrite(key, id, [{ number: 1, size: 1, tag: null }]), fails('not-found'), `commit of ${id}`)
      await target.abortWrite(key, id)
    }
    const receipt = await target.writePart(key, write, part)
    await target.commitWrite(key, write, [receipt])
  })
}

export function checkCommit({ current, partBytes }: Contract): void {
  for (const size of [0, 5]) {
    test(`D14: a commit of ${size} bytes that may not replace anything leaves what others put there, and its own write`, async () => {
      const { target, another } = current()
      const key = freshKey()
      const bytes = text('first').subarray(0, size)
      const write = await target.beginWrite(key, size)
      const receipts = size === 0 ? [] : [await target.writePart(key, write, { number: 1, offset: 0, bytes })]
      await target.put(key, text('theirs'))
      await assert.rejects(target.commitWrite(key, write, receipts, { ifAbsent: true }), fails('exists'))
      sameBytes(await target.read(key, 0, 6), text('theirs'))
      await target.delete(key)
      assert.equal((await target.commitWrite(key, write, receipts, { ifAbsent: true })).size, size)
      await using second = await another()
      assert.equal((await second.commitWrite(key, write, receipts, { ifAbsent: true })).size, size, 'repeated, it knows its own')
      sameBytes(await target.read(key, 0, size), bytes)
    })
  }
  test('S9: commit is repeatable, also from another process', async () => {
    const { target, another } = current()
    await using second = await another()
    const key = freshKey()
    const bytes = randomBytes(partBytes + 5)
    const write = await target.beginWrite(key, bytes.length)
    const receipts = await writeParts(target, key, write, { bytes, partBytes })
    const first = await target.commitWrite(key, write, receipts)
    assert.deepEqual(await target.commitWrite(key, write, receipts), first)
    assert.deepEqual(await second.commitWrite(key, write, receipts), first)
    sameBytes(await target.read(key, 0, bytes.length), bytes)
  })
  for (const ifAbsent of [false, true]) {
    test(`S9: commits of one write at the same time all answer with its object, ${ifAbsent ? 'in a free place' : 'whatever was there'}`, async () => {
      const { target } = current()
      for (let round = 0; round < 8; round += 1) {
        const key = freshKey()
        const bytes = randomBytes(partBytes + 5)
        const write = await target.beginWrite(key, bytes.length)
        const receipts = await writeParts(target, key, write, { bytes, partBytes })
        const commits = Array.from({ length: 4 }, () => target.commitWrite(key, write, receipts, { ifAbsent }))
        const stats = await Promise.all(commits)
        for (const stat of stats) assert.deepEqual(stat, stats[0])
        sameBytes(await target.read(key, 0, bytes.length), bytes)
        assert.deepEqual(await keysOf(target, key), [key])
      }
    })
  }
  test('S9: a commit whose receipts do not cover the object is refused, and the write stays open', async () => {
    const { target } = current()
    const key = freshKey()
    const bytes = randomBytes(partBytes * 2 + 5)
    const write = await target.beginWrite(key, bytes.length)
    const receipts = await writeParts(target, key, write, { bytes, partBytes, order: [0, 2] })
    await assert.rejects(target.commitWrite(key, write, receipts), fails('bad-part'))
    await assert.rejects(target.commitWrite(key, write, []), fails('bad-part'))
    await assert.rejects(target.commitWrite(key, write, receipts.slice(0, 1)), fails('bad-part'))
    assert.equal(await target.stat(key), null)
    receipts.push(...(await writeParts(target, key, write, { bytes, partBytes, order: [1] })))
    await target.commitWrite(key, write, receipts)
    sameBytes(await target.read(key, 0, bytes.length), bytes)
  })
  test('S9: receipts of a part that was written twice count once', async () => {
    const { target } = current()
    const key = freshKey()
    const write = await target.beginWrite(key, 3)
    const first = await target.writePart(key, write, { number: 1, offset: 0, bytes: text('old') })
    const second = await target.writePart(key, write, { number: 1, offset: 0, bytes: text('new') })
    await target.commitWrite(key, write, [first, second])
    sameBytes(await target.read(key, 0, 3), text('new'))
  })
  test('X4: a commit replaces what was there at once', async () => {
    const { target } = current()
    const key = freshKey()
    await target.put(key, text('the old object'))
    const write = await target.beginWrite(key, 3)
    const receipt = await target.writePart(key, write, { number: 1, offset: 0, bytes: text('new') })
    sameBytes(await target.read(key, 0, 14), text('the old object'))
    await target.commitWrite(key, write, [receipt])
    assert.equal((await target.stat(key))?.size, 3)
    sameBytes(await target.read(key, 0, 3), text('new'))
    assert.deepEqual(await keysOf(target, key), [key])
  })
  test('S9: a repeated commit does not take an object of others for its own', async () => {
    const { target } = current()
    const key = freshKey()
    const write = await target.beginWrite(key, 3)
    const receipt = await target.writePart(key, write, { number: 1, offset: 0, bytes: text('abc') })
    await target.abortWrite(key, write)
    await target.put(key, text('xyz'))
    await assert.rejects(target.commitWrite(key, write, [receipt]), fails('not-found'))
    sameBytes(await target.read(key, 0, 3), text('xyz'))
  })
}

export function checkAbort({ current }: Contract): void {
  test('D6: abort is idempotent, ends the write and leaves nothing', async () => {
    const { target, another } = current()
    await using second = await another()
    const key = freshKey()
    const write = await target.beginWrite(key, 3)
    await target.writePart(key, write, { number: 1, offset: 0, bytes: text('abc') })
    await second.abortWrite(key, write)
    await target.abortWrite(key, write)
    await assert.rejects(target.writePart(key, write, { number: 1, offset: 0, bytes: text('abc') }), fails('not-found'))
    await assert.rejects(target.flushWrite(key, write), fails('not-found'))
    await assert.rejects(target.commitWrite(key, write, [{ number: 1, size: 3, tag: null }]), fails('not-found'))
    assert.equal(await target.stat(key), null)
    assert.deepEqual(await keysOf(target, key), [])
  })
  test('D6: abort after commit does not touch the object', async () => {
    const { target } = current()
    const key = freshKey()
    const write = await target.beginWrite(key, 3)
    const receipt = await target.writePart(key, write, { number: 1, offset: 0, bytes: text('abc') })
    await target.commitWrite(key, write, [receipt])
    await target.abortWrite(key, write)
    await target.abortWrite(key, write)
    sameBytes(await target.read(key, 0, 3), text('abc'))
    await assert.rejects(target.writePart(key, write, { number: 1, offset: 0, bytes: text('xyz') }), fails('not-found'))
    sameBytes(await target.read(key, 0, 3), text('abc'))
  })
  test('D6: abort leaves the object that is there and other writes of its key alone', async () => {
    const { target } = current()
    const key = freshKey()
    await target.put(key, text('old'))
    const [gone, kept] = [await target.beginWrite(key, 3), await target.beginWrite(key, 3)]
    await target.abortWrite(key, gone)
    sameBytes(await target.read(key, 0, 3), text('old'))
    const receipt = await target.writePart(key, kept, { number: 1, offset: 0, bytes: text('new') })
    await target.commitWrite(key, kept, [receipt])
    sameBytes(await target.read(key, 0, 3), text('new'))
  })
}
