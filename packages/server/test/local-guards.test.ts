import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { lstat, mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { type LocalRoots, openLocalRoots } from './local-kit.ts'
import { fails, keysOf, sameBytes, text } from './target.contract.ts'

// Links, special files and memory: what must not lead a local target astray.

let roots: LocalRoots
before(async () => {
  roots = await openLocalRoots()
})
after(() => roots?.[Symbol.asyncDispose]())
const openFresh: LocalRoots['openFresh'] = (options) => roots.openFresh(options)

test('O6: symbolic links below the root are neither followed nor listed nor written through', async () => {
  const { root, target } = await openFresh()
  const outside = `${root}-outside`
  await mkdir(join(outside, 'deep'), { recursive: true })
  await writeFile(join(outside, 'secret'), 'secret')
  await writeFile(join(outside, 'deep', 'secret'), 'secret')
  await target.put('real/object', text('mine'))
  await symlink(outside, join(root, 'link'))
  await symlink(join(outside, 'secret'), join(root, 'real', 'file-link'))
  await symlink(outside, join(root, 'real', 'folder-link'))
  for (const key of ['link/secret', 'link/deep/secret', 'real/folder-link/secret']) {
    await assert.rejects(target.read(key, 0, 1), fails('denied'), key)
    await assert.rejects(target.stat(key), fails('denied'), key)
    await assert.rejects(target.put(key, text('x')), fails('denied'), key)
    await assert.rejects(target.put(key, text('x'), { ifAbsent: true }), fails('denied'), key)
    await assert.rejects(target.beginWrite(key, 1), fails('denied'), key)
    await assert.rejects(target.delete(key), fails('denied'), key)
  }
  await assert.rejects(target.read('real/file-link', 0, 1), fails('not-found'))
  assert.equal(await target.stat('real/file-link'), null)
  for (const prefix of ['', 'link/', 'real/', 'real/folder-link/']) {
    assert.deepEqual(await keysOf(target, prefix), ['', 'real/'].includes(prefix) ? ['real/object'] : [], prefix)
  }
  await target.put('real/file-link', text('replaces the link'))
  assert.equal(await readFile(join(outside, 'secret'), 'utf8'), 'secret')
  assert.ok((await lstat(join(root, 'real', 'file-link'))).isFile())
  assert.deepEqual((await readdir(outside, { recursive: true })).sort(), ['deep', 'deep/secret', 'secret'])
})

test('O6: a folder that turns into a symbolic link during a write takes no bytes with it', async () => {
  const { root, target } = await openFresh()
  const outside = `${root}-outside`
  await mkdir(outside)
  const id = await target.beginWrite('case/file', 3)
  await rename(join(root, 'case'), join(root, 'moved'))
  await symlink(outside, join(root, 'case'))
  const part = { number: 1, offset: 0, bytes: text('abc') }
  await assert.rejects(target.writePart('case/file', id, part), fails('not-found'))
  await assert.rejects(target.commitWrite('case/file', id, [{ number: 1, size: 3, tag: null }]), (error) => error instanceof Error)
  assert.deepEqual(await readdir(outside), [])
})

test('O6: a pipe, a device or a folder in the place of an object is no object, and nothing hangs on it', async () => {
  const { root, target } = await openFresh()
  await promisify(execFile)('mkfifo', [join(root, 'pipe')])
  await mkdir(join(root, 'folder'))
  for (const key of ['pipe', 'folder']) {
    await assert.rejects(target.read(key, 0, 0), fails('not-found'), key)
    await assert.rejects(target.read(key, 0, 1), (error) => error instanceof Error, key)
    assert.equal(await target.stat(key), null)
  }
  assert.deepEqual(await keysOf(target), [])
  await target.put('folder', text('an empty folder makes way'))
  assert.equal((await target.stat('folder'))?.size, 25)
})

test('X4: large parts come out the same whatever memory, offset and order they are written from (property)', async () => {
  const { target } = await openFresh({ openFiles: 2 })
  const header = fc.constantFrom(0, 1, 74, 4095, 4096, 5000)
  const part = fc.constantFrom(262_143, 262_144, 300_001, 1_048_576)
  await fc.assert(
    fc.asyncProperty(header, part, fc.nat(5_000), fc.infiniteStream(fc.nat(3)), async (front, length, tail, choices) => {
      const whole = Buffer.allocUnsafe(front + length * 3 + tail)
      for (let i = 0; i < whole.length; i += 4096) whole.fill((i / 4096 + front) % 251, i, Math.min(i + 4096, whole.length))
      const bounds = [0, front + length, front + length * 2, front + length * 3, whole.length]
      const id = await target.beginWrite('whole', whole.length)
      const pieces = bounds.slice(0, -1).map((offset, i) => ({ number: i + 1, offset, length: bounds[i + 1]! - offset }))
      const receipts = await Promise.all(
        pieces
          .filter((piece) => piece.length > 0)
          .map(async ({ number, offset, length: size }) => {
            const choice = choices.next().value
            using buffer = choice > 0 ? target.memory!.take(offset, size) : null
            const bytes = buffer?.bytes ?? new Uint8Array(size)
            if (choice === 2) await target.writePart('whole', id, { number, offset, bytes: new Uint8Array(size).fill(255) })
            bytes.set(whole.subarray(offset, offset + size))
            return await target.writePart('whole', id, { number, offset, bytes })
          }),
      )
      await target.flushWrite('whole', id)
      await target.commitWrite('whole', id, receipts)
      sameBytes(await target.read('whole', 0, whole.length), whole)
    }),
    { numRuns: 25 },
  )
})

test('S2: write memory is page-aligned to the file, reused, and never runs out', async () => {
  const { target } = await openFresh()
  const memory = target.memory!
  const first = memory.take(74, 8 * 1024 * 1024)
  assert.equal(first.bytes.byteOffset % 4096, 74)
  const { byteOffset } = first.bytes
  first.release()
  first.release()
  const again = memory.take(4096 + 74, 1000)
  assert.equal(again.bytes.byteOffset, byteOffset)
  const many = Array.from({ length: 64 }, () => memory.take(0, 8 * 1024 * 1024))
  const places = new Set(many.map((buffer) => buffer.bytes.buffer))
  assert.equal(places.size > 1, true, 'beyond its own the memory is ordinary')
  const own = many.filter((buffer) => buffer.bytes.buffer === again.bytes.buffer).map((buffer) => buffer.bytes.byteOffset)
  assert.equal(new Set([...own, again.bytes.byteOffset - 74]).size, own.length + 1, 'two holders share a slot')
  assert.equal(memory.take(0, 100 * 1024 * 1024).bytes.length, 100 * 1024 * 1024)
})
