import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { type ObjectStat, writeName } from '../src/storage/target.ts'
import { type Contract, collect, fails, freshKey, keysOf, sameBytes, text } from './target.contract-kit.ts'

export function checkObjects({ current }: Contract): void {
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
  test('D14: what takes a name without being an object of it is seen by who asks for it', async () => {
    const { target } = current()
    const key = freshKey()
    assert.equal(await target.stat(key, { occupant: true }), null)
    await target.put(`${key}/below`, text('x'))
    assert.equal(await target.stat(key), null)
    const isTaken = await target.put(key, text('y')).then(
      () => false,
      () => true,
    )
    assert.equal((await target.stat(key, { occupant: true })) !== null, true, isTaken ? 'a folder' : 'the object')
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

export function checkReads({ current }: Contract): void {
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

export function checkListing({ current }: Contract): void {
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
  test('D13: listFolder finds what lies directly in a folder, each once, and nothing of what lies below or is being written', async () => {
    const { target } = current()
    const top = freshKey('')
    const names = ['a', 'ab', 'b/c', 'b/d/e', 'c/x', 'bé ü', '-x', 'z.bin', 'b0', '.dot']
    for (const name of names) await target.put(top + name, text(name))
    const write = await target.beginWrite(`${top}unfinished`, 10)
    const inside = async (folder: string) =>
      (await collect(target.listFolder(folder))).map((entry) =>
        entry.kind === 'object' ? entry.object.key : `${entry.kind} ${entry.name}`,
      )
    const objects = names.filter((name) => !name.includes('/')).map((name) => top + name)
    assert.deepEqual((await inside(top)).sort(), [...objects, 'folder b', 'folder c'].sort())
    assert.deepEqual((await inside(`${top}b/`)).sort(), [`${top}b/c`, 'folder d'])
    for (const none of [`${top}none/`, `${top}a/`, '../', 'a//', '/']) assert.deepEqual(await inside(none), [], none)
    for await (const entry of target.listFolder(top)) {
      if (entry.kind !== 'object') continue
      const { key, size, modifiedAt, etag } = (await target.stat(entry.object.key)) ?? { key: '', size: 0, modifiedAt: 0, etag: '' }
      assert.deepEqual([entry.object.key, entry.object.size, entry.object.etag], [key, size, etag])
      assert.equal(Math.floor(entry.object.modifiedAt / 1000), Math.floor(modifiedAt / 1000))
    }
    await target.abortWrite(`${top}unfinished`, write)
  })
  test('D13: a folder is made where the backend has folders, with those above it, again and again', async () => {
    const { target } = current()
    const top = freshKey('')
    const { folders } = target
    for (let times = 0; times < 2; times += 1) await folders?.make(`${top}one/two/`)
    assert.deepEqual(await collect(target.listFolder(`${top}one/`)), folders ? [{ kind: 'folder', name: 'two' }] : [])
    await target.put(`${top}one/two/x`, text('x'))
    await folders?.make(`${top}one/two/`)
    assert.equal((await target.stat(`${top}one/two/x`))?.size, 1)
  })
  test('D13: listFolder finds more than one page holds', async () => {
    const { target } = current()
    const top = freshKey('')
    const keys = Array.from({ length: 150 }, (_, i) => `${top}${i}`)
    for (let i = 0; i < keys.length; i += 15) await Promise.all(keys.slice(i, i + 15).map((key) => target.put(key, text(key))))
    assert.equal((await collect(target.listFolder(top))).length, keys.length)
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
    for (const { key, write } of [open, other]) assert.ok(all.includes(`${key} ${writeName(write)}`), `${key} is missing`)
    for (const { key, write } of [committed, aborted]) assert.ok(!all.includes(`${key} ${writeName(write)}`), `${key} is listed`)
    assert.deepEqual((await found(`${top}deep`, later)).includes(`${open.key} ${writeName(open.write)}`), false)
    assert.deepEqual(await found(top, Date.now() - 3600_000), [], 'nothing of these is an hour old')
    for await (const { key, write, startedAt } of second.listWrites(top, later)) {
      assert.ok(Math.abs(startedAt - Date.now()) < 3600_000)
      await second.abortWrite(key, write)
    }
    assert.deepEqual(await found(top, later), [])
  })
}
