import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import { type ObjectStat, type PartReceipt, StorageError, type StorageFault, type StorageTarget } from '../src/storage/target.ts'
import { checkKeys } from './target.contract-keys.ts'
import { checkModel } from './target.contract-model.ts'

/** An empty place and a driver onto it. `another` opens a further driver onto the same place, as another process would. */
export type OpenedTarget = { target: StorageTarget; another: () => Promise<StorageTarget>; dispose: () => Promise<void> }
export type ContractOptions = {
  /** Bytes that every part but the last has at least (S3: 5 MiB); parts of the suite are this long or a little longer. */
  partBytes?: number
  /** Runs of each property; servers get fewer. */
  runs?: number
}
export type Contract = { open: () => Promise<OpenedTarget>; current: () => OpenedTarget; partBytes: number; runs: number }

export const fails = (fault: StorageFault) => (error: unknown) => {
  assert.ok(error instanceof StorageError, `expected StorageError ${fault}, got ${error}`)
  assert.equal(error.fault, fault)
  return true
}
export const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
export const keysOf = async (target: StorageTarget, prefix = ''): Promise<string[]> =>
  (await collect(target.list(prefix))).map((stat) => stat.key).sort()
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
export const sameBytes = (actual: Uint8Array, expected: Uint8Array): void => {
  assert.equal(actual.length, expected.length)
  assert.equal(sha256(actual), sha256(expected))
}
export const text = (value: string): Uint8Array => new TextEncoder().encode(value)
let unique = 0
export const freshKey = (name = 'object.bin'): string => {
  unique += 1
  return `contract/${unique}/${name}`
}

/** Writes `bytes` in parts of `partBytes` in the order of `order` (0-based), without committing. */
export async function writeParts(
  target: StorageTarget,
  key: string,
  write: string,
  options: { bytes: Uint8Array; partBytes: number; order?: number[] },
) {
  const count = Math.ceil(options.bytes.length / options.partBytes)
  const receipts: PartReceipt[] = []
  for (const index of options.order ?? Array.from({ length: count }, (_, i) => i)) {
    const offset = index * options.partBytes
    const bytes = options.bytes.subarray(offset, offset + options.partBytes)
    receipts.push(await target.writePart(key, write, { number: index + 1, offset, bytes }))
  }
  return receipts
}

/** Every sentence of `storage/target.ts`, run against a driver. */
export function targetContract(name: string, open: () => Promise<OpenedTarget>, options: ContractOptions = {}): void {
  suite(`${name} keeps the contract of a storage target`, () => {
    let opened: OpenedTarget | undefined
    before(async () => {
      opened = await open()
    })
    after(async () => opened?.dispose())
    const contract: Contract = {
      open,
      current: () => {
        assert.ok(opened, 'the target could not be opened')
        return opened
      },
      partBytes: options.partBytes ?? 70_001,
      runs: options.runs ?? 60,
    }
    checkObjects(contract)
    checkReads(contract)
    checkListing(contract)
    checkWrites(contract)
    checkCommit(contract)
    checkAbort(contract)
    checkLifetime(contract)
    checkKeys(contract)
    checkModel(contract)
  })
}

function checkObjects({ current }: Contract): void {
  test('X4: put stores whole objects, replaces them and answers with their size', async () => {
    const { target } = current()
    const key = freshKey()
    assert.equal(await target.stat(key), null)
    const first = await target.put(key, text('first'))
    assert.deepEqual([first.key, first.size], [key, 5])
    assert.ok(Math.abs(first.modifiedAt - Date.now()) < 3600_000, 'modifiedAt is in milliseconds since the epoch')
    await target.put(key, text('second!'))
    sameBytes(await target.read(key, 0, 7), text('second!'))
    const stat = await target.stat(key)
    assert.equal(stat?.size, 7)
    if (stat?.etag !== null) assert.notEqual(stat?.etag, first.etag)
  })
  test('X4: put keeps a copy: the caller may reuse its bytes', async () => {
    const { target } = current()
    const key = freshKey()
    const bytes = text('mine')
    await target.put(key, bytes)
    bytes.fill(0)
    sameBytes(await target.read(key, 0, 4), text('mine'))
  })
  test('X4: an empty object is an object', async () => {
    const { target } = current()
    const key = freshKey()
    await target.put(key, new Uint8Array())
    assert.equal((await target.stat(key))?.size, 0)
    sameBytes(await target.read(key, 0, 0), new Uint8Array())
    await assert.rejects(target.read(key, 0, 1), fails('out-of-range'))
  })
  test('X4: put with ifAbsent stores once, and of many at once one wins', async () => {
    const { target, another } = current()
    const key = freshKey()
    await using second = await another()
    const rivals = Array.from({ length: 8 }, (_, i) => (i % 2 ? second : target).put(key, text(`rival ${i}`), { ifAbsent: true }))
    const results = await Promise.allSettled(rivals)
    const winners = results.flatMap((result, i) => (result.status === 'fulfilled' ? [i] : []))
    assert.equal(winners.length, 1)
    for (const result of results) if (result.status === 'rejected') fails('exists')(result.reason)
    sameBytes(await target.read(key, 0, 7), text(`rival ${winners[0]}`))
    await assert.rejects(target.put(key, text('late'), { ifAbsent: true }), fails('exists'))
    sameBytes(await target.read(key, 0, 7), text(`rival ${winners[0]}`))
  })
  test('X4: a reader sees the old object or the new one, never a mixture or a gap', async () => {
    const { target, another } = current()
    const key = freshKey()
    const size = 300_000
    const versions = [1, 2, 3, 4].map((value) => new Uint8Array(size).fill(value))
    await target.put(key, versions[0]!)
    await using reader = await another()
    let done = false
    const reading = (async () => {
      let reads = 0
      while (!done || reads < 4) {
        const bytes = await reader.read(key, 0, size)
        assert.ok(
          bytes.every((byte) => byte === bytes[0]),
          'a mixture of two versions',
        )
        reads += 1
      }
    })()
    for (const version of [...versions, ...versions]) await target.put(key, version)
    done = true
    await reading
  })
  test('U2: delete removes, and a missing object counts as success', async () => {
    const { target, another } = current()
    const key = freshKey()
    await target.put(key, text('x'))
    await using second = await another()
    await Promise.all([target.delete(key), second.delete(key), target.delete(key)])
    await target.delete(key)
    assert.equal(await target.stat(key), null)
    await assert.rejects(target.read(key, 0, 1), fails('not-found'))
    await target.put(key, text('again'))
    sameBytes(await target.read(key, 0, 5), text('again'))
  })
}

function checkReads({ current }: Contract): void {
  test('S5: read answers exactly the range, or out-of-range', async () => {
    const { target } = current()
    const key = freshKey()
    const bytes = randomBytes(10_000)
    await target.put(key, bytes)
    for (const [offset, length] of [
      [0, 10_000],
      [0, 1],
      [9_999, 1],
      [1, 4_096],
      [4_095, 2],
      [10_000, 0],
      [5, 0],
    ] as const) {
      sameBytes(await target.read(key, offset, length), bytes.subarray(offset, offset + length))
    }
    for (const [offset, length] of [
      [0, 10_001],
      [10_000, 1],
      [10_001, 0],
      [9_999, 2],
      [2 ** 40, 1],
      [-1, 1],
      [0, -1],
      [0.5, 1],
      [0, Number.NaN],
    ]) {
      await assert.rejects(target.read(key, offset!, length!), fails('out-of-range'), `${offset}+${length}`)
    }
  })
  test('S5: read may use the memory that is offered, and answers the same', async () => {
    const { target } = current()
    const key = freshKey()
    const bytes = randomBytes(5_000)
    await target.put(key, bytes)
    const into = new Uint8Array(4_000)
    sameBytes(await target.read(key, 100, 4_000, { into }), bytes.subarray(100, 4_100))
    sameBytes(await target.read(key, 7, 20, { into }), bytes.subarray(7, 27))
    sameBytes(await target.read(key, 0, 5_000, { into }), bytes)
  })
  test('S5: many reads at once do not disturb each other', async () => {
    const { target } = current()
    const key = freshKey()
    const bytes = randomBytes(200_000)
    await target.put(key, bytes)
    await Promise.all(
      Array.from({ length: 16 }, async (_, i) =>
        sameBytes(await target.read(key, i * 9_000, 12_345), bytes.subarray(i * 9_000, i * 9_000 + 12_345)),
      ),
    )
  })
}

function checkListing({ current, partBytes }: Contract): void {
  test('D13: list finds the committed objects of a prefix, each once, and nothing else', async () => {
    const { target } = current()
    const top = freshKey('')
    const names = ['a', 'ab', 'b/c', 'b/d/e', 'b/d/f', 'bé ü', '-x', 'z.bin', 'b0']
    for (const name of names) await target.put(top + name, text(name))
    const write = await target.beginWrite(`${top}b/unfinished`, 10)
    const expected = (prefix: string) =>
      names
        .map((name) => top + name)
        .filter((key) => key.startsWith(prefix))
        .sort()
    for (const prefix of ['', 'a', 'b', 'b/', 'b/d', 'b/d/', 'b/d/e', 'none', 'z.bin/', 'b/d/e/']) {
      assert.deepEqual(await keysOf(target, top + prefix), expected(top + prefix), `prefix ${prefix}`)
    }
    const stats = new Map((await collect(target.list(top))).map((stat): [string, ObjectStat] => [stat.key, stat]))
    for (const name of names) assert.equal(stats.get(top + name)?.size, text(name).length)
    await target.abortWrite(`${top}b/unfinished`, write)
  })
  test('D13: list finds more objects than one page holds', async () => {
    const { target } = current()
    const top = freshKey('')
    const keys = Array.from({ length: 150 }, (_, i) => `${top}${i % 7}/${i}`)
    for (let i = 0; i < keys.length; i += 15) await Promise.all(keys.slice(i, i + 15).map((key) => target.put(key, text(key))))
    assert.deepEqual(await keysOf(target, top), keys.toSorted())
  })
  test('D13: a prefix that no key can have finds nothing', async () => {
    const { target } = current()
    for (const prefix of ['/', '../', 'a//', './', 'contract/../', 'no/such/place/']) assert.deepEqual(await keysOf(target, prefix), [])
  })
  test('D7: listWrites finds what was begun and neither committed nor aborted', async () => {
    const { target, another } = current()
    const top = freshKey('')
    const begin = async (name: string) => ({ key: top + name, write: await target.beginWrite(top + name, 3) })
    const [open, committed, aborted, other] = [
      await begin('open'),
      await begin('committed'),
      await begin('aborted'),
      await begin('deep/er'),
    ]
    const receipt = await target.writePart(committed.key, committed.write, { number: 1, offset: 0, bytes: text('abc') })
    await target.commitWrite(committed.key, committed.write, [receipt])
    await target.abortWrite(aborted.key, aborted.write)
    await using second = await another()
    const later = Date.now() + 3600_000
    const found = async (prefix: string, olderThan: number) =>
      (await collect(second.listWrites(prefix, olderThan))).map(({ key, write }) => `${key} ${write}`)
    const all = await found(top, later)
    for (const { key, write } of [open, other]) assert.ok(all.includes(`${key} ${write}`), `${key} is missing`)
    for (const { key, write } of [committed, aborted]) assert.ok(!all.includes(`${key} ${write}`), `${key} is listed`)
    assert.deepEqual((await found(`${top}deep`, later)).includes(`${open.key} ${open.write}`), false)
    assert.deepEqual(await found(top, Date.now() - 3600_000), [], 'nothing of these is an hour old')
    for await (const { key, write, startedAt } of second.listWrites(top, later)) {
      assert.ok(Math.abs(startedAt - Date.now()) < 3600_000)
      await second.abortWrite(key, write)
    }
    assert.deepEqual(await found(top, later), [])
    void partBytes
  })
}

function checkWrites({ current, partBytes }: Contract): void {
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

function checkCommit({ current, partBytes }: Contract): void {
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

function checkAbort({ current }: Contract): void {
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

function checkLifetime({ current }: Contract): void {
  /** Every call of a target, on an object `key` and a write `id` that exist. */
  const calls = (target: StorageTarget, at: { key: string; id: string }, signal?: AbortSignal): Record<string, () => Promise<unknown>> => {
    const { key, id } = at
    const options = signal ? { signal } : {}
    return {
      put: () => target.put(key, text('x'), options),
      read: () => target.read(key, 0, 1, options),
      stat: () => target.stat(key, options),
      list: () => collect(target.list('', options)),
      delete: () => target.delete(key, options),
      beginWrite: () => target.beginWrite(key, 1, options),
      writePart: () => target.writePart(key, id, { number: 1, offset: 0, bytes: text('y') }, options),
      flushWrite: () => target.flushWrite(key, id, options),
      commitWrite: () => target.commitWrite(key, id, [{ number: 1, size: 1, tag: null }], options),
      abortWrite: () => target.abortWrite(key, id, options),
      listWrites: () => collect(target.listWrites('', Date.now(), options)),
    }
  }
  test('S9: a call whose signal has fired rejects with its reason and does nothing', async () => {
    const { target } = current()
    const key = freshKey()
    await target.put(key, text('a'))
    const id = await target.beginWrite(key, 1)
    const reason = new Error('the user went away')
    for (const [name, call] of Object.entries(calls(target, { key, id }, AbortSignal.abort(reason)))) {
      await assert.rejects(call(), (error) => error === reason, name)
    }
    sameBytes(await target.read(key, 0, 1), text('a'))
    await target.abortWrite(key, id)
  })
  test('S9: a write that was interrupted by its signal is written again and comes out whole', async () => {
    const { target } = current()
    const key = freshKey()
    const bytes = randomBytes(9_000_000)
    const id = await target.beginWrite(key, bytes.length)
    const controller = new AbortController()
    const reason = new Error('cancelled')
    const interrupted = target.writePart(
      key,
      id,
      { number: 1, offset: 0, bytes: new Uint8Array(bytes.length) },
      { signal: controller.signal },
    )
    setImmediate(() => controller.abort(reason))
    await interrupted.catch((error: unknown) => assert.equal(error, reason))
    const receipt = await target.writePart(key, id, { number: 1, offset: 0, bytes })
    await target.commitWrite(key, id, [receipt])
    sameBytes(await target.read(key, 0, bytes.length), bytes)
  })
  test('T1: after dispose every call is refused, disposing twice is fine, and other drivers go on', async () => {
    const { target, another } = current()
    const second = await another()
    const key = freshKey()
    await second.put(key, text('kept'))
    const id = await second.beginWrite(key, 1)
    await second[Symbol.asyncDispose]()
    await second[Symbol.asyncDispose]()
    for (const [name, call] of Object.entries(calls(second, { key, id }))) await assert.rejects(call(), fails('closed'), name)
    sameBytes(await target.read(key, 0, 4), text('kept'))
    await target.abortWrite(key, id)
  })
}
