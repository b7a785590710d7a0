import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import fsPromises, { chmod, open, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { systemClock } from '../src/core/clock.ts'
import { openLocalTarget } from '../src/storage/local.ts'
import type { StorageTarget } from '../src/storage/target.ts'
import { type LocalRoots, openLocalRoots } from './local-kit.ts'
import { collect, fails, sameBytes, text } from './target.contract.ts'

// What a contract cannot see: the disk below the local driver.

let roots: LocalRoots
before(async () => {
  roots = await openLocalRoots()
})
after(() => roots?.[Symbol.asyncDispose]())
const openFresh: LocalRoots['openFresh'] = (options) => roots.openFresh(options)

const write = async (target: StorageTarget, key: string, bytes: Uint8Array): Promise<void> => {
  const id = await target.beginWrite(key, bytes.length)
  const receipt = await target.writePart(key, id, { number: 1, offset: 0, bytes })
  await target.commitWrite(key, id, [receipt])
}

test('X4: an object is the file that its key spells, readable by the server user alone', async () => {
  const { root, target } = await openFresh()
  const key = 'attachments/tenant/case/file.bin'
  await write(target, key, text('sealed'))
  await target.put('attachments/tenant/case/small.bin', text('sealed too'))
  assert.equal(await readFile(join(root, key), 'utf8'), 'sealed')
  for (const name of ['file.bin', 'small.bin']) assert.equal((await stat(join(root, 'attachments/tenant/case', name))).mode & 0o777, 0o600)
  for (const folder of ['attachments', 'attachments/tenant', 'attachments/tenant/case']) {
    assert.equal((await stat(join(root, folder))).mode & 0o777, 0o700)
  }
  assert.equal((await stat(root)).mode & 0o777, 0o700)
})

test('X4: while a write is under way its file lies beside the object, as long as it will be, and goes with an abort', async () => {
  const { root, target } = await openFresh()
  const id = await target.beginWrite('case/file.bin', 5_000)
  const [temporary, ...others] = await readdir(join(root, 'case'))
  assert.deepEqual(others, [])
  assert.match(temporary ?? '', /^\.hf-/)
  assert.equal((await stat(join(root, 'case', temporary!, 'file.bin'))).size, 5_000)
  assert.equal((await stat(join(root, 'case', temporary!, 'file.bin'))).mode & 0o777, 0o600)
  await target.abortWrite('case/file.bin', id)
  assert.deepEqual(await readdir(root), [])
})

test('U2: folders that a delete leaves empty go, others and the root stay', async () => {
  const { root, target } = await openFresh()
  await target.put('a/b/c/1', text('1'))
  await target.put('a/b/2', text('2'))
  await target.delete('a/b/c/1')
  assert.deepEqual((await readdir(root, { recursive: true })).sort(), ['a', 'a/b', 'a/b/2'])
  await target.delete('a/b/2')
  assert.deepEqual(await readdir(root), [])
  await target.delete('a/b/2')
})

test('U2: storing into folders that are being tidied away at the same time never fails', async () => {
  const { root, target } = await openFresh()
  await using other = await openLocalTarget({ path: root, clock: systemClock })
  const churn = async (driver: StorageTarget, name: string) => {
    for (let i = 0; i < 60; i += 1) {
      const key = `x/y/z/${name}`
      if (i % 2) await write(driver, key, text(name))
      else await driver.put(key, text(name), { ifAbsent: true })
      sameBytes(await driver.read(key, 0, name.length), text(name))
      await driver.delete(key)
    }
  }
  await Promise.all([churn(target, 'one'), churn(other, 'two'), churn(target, 'three'), churn(other, 'four')])
  assert.deepEqual(await readdir(root), [])
})

/** Runs `work` and answers with what reached the disk meanwhile, in order. */
async function observe(work: () => Promise<unknown>): Promise<string[]> {
  const log: string[] = []
  const probe = await open(roots.outer, 'r')
  const handles = Object.getPrototypeOf(probe)
  await probe.close()
  const saved = { rename: fsPromises.rename, link: fsPromises.link, sync: handles.sync, datasync: handles.datasync, write: handles.write }
  const told = (name: string, original: (...args: unknown[]) => Promise<unknown>) =>
    async function (this: unknown, ...args: unknown[]) {
      const isFolder =
        typeof (this as { stat?: unknown })?.stat === 'function' &&
        (await (this as { stat(): Promise<{ isDirectory(): boolean }> }).stat()).isDirectory()
      const result = await original.apply(this, args)
      log.push(isFolder ? `${name} folder` : name)
      return result
    }
  Object.assign(handles, { sync: told('sync', saved.sync), datasync: told('sync', saved.datasync), write: told('write', saved.write) })
  Object.assign(fsPromises, { rename: told('rename', saved.rename as never), link: told('link', saved.link as never) })
  syncBuiltinESMExports()
  try {
    await work()
  } finally {
    Object.assign(handles, { sync: saved.sync, datasync: saved.datasync, write: saved.write })
    Object.assign(fsPromises, { rename: saved.rename, link: saved.link })
    syncBuiltinESMExports()
  }
  return log
}

test('X4: bytes are synced before the rename, and the folder after it', async () => {
  const { target } = await openFresh()
  await target.put('folder/there', text('x'))
  assert.deepEqual(await observe(() => target.put('folder/a', text('1'))), ['write', 'sync', 'rename', 'sync folder'])
  assert.deepEqual(await observe(() => target.put('folder/b', text('1'), { ifAbsent: true })), ['write', 'sync', 'link', 'sync folder'])
  assert.deepEqual(await observe(() => target.delete('folder/b')), ['sync folder'])
  let id = ''
  const began = await observe(async () => {
    id = await target.beginWrite('folder/c', 3)
  })
  assert.deepEqual(began, ['sync', 'sync folder', 'sync folder'], 'the write can be found again after a power cut')
  const receipt = await target.writePart('folder/c', id, { number: 1, offset: 0, bytes: text('abc') })
  assert.deepEqual(await observe(() => target.flushWrite('folder/c', id)), ['sync'])
  assert.deepEqual(await observe(() => target.commitWrite('folder/c', id, [receipt])), ['sync', 'rename', 'sync folder'])
  assert.deepEqual(
    await observe(() => target.commitWrite('folder/c', id, [receipt])),
    ['sync folder'],
    'a repeated commit may follow a crash before the first sync',
  )
  assert.deepEqual((await observe(() => target.put('new/folders/d', text('1')))).filter((step) => step === 'sync folder').length, 3)
})

test('X4: a write whose flush failed is over: nothing that the kernel forgot is ever acknowledged', async () => {
  const { root, target } = await openFresh()
  await target.put('folder/a', text('old'))
  const id = await target.beginWrite('folder/a', 3)
  await target.writePart('folder/a', id, { number: 1, offset: 0, bytes: text('new') })
  const probe = await open(roots.outer, 'r')
  const handles = Object.getPrototypeOf(probe)
  await probe.close()
  const { datasync } = handles
  handles.datasync = () => Promise.reject(Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' }))
  try {
    await assert.rejects(target.flushWrite('folder/a', id), fails('unavailable'))
  } finally {
    handles.datasync = datasync
  }
  await assert.rejects(target.flushWrite('folder/a', id), fails('not-found'))
  await assert.rejects(target.commitWrite('folder/a', id, [{ number: 1, size: 3, tag: null }]), fails('not-found'))
  sameBytes(await target.read('folder/a', 0, 3), text('old'))
  assert.deepEqual(await readdir(join(root, 'folder')), ['a'])
})

test('T6: a root that has gone away is unavailable, never an empty target', async () => {
  const { root, target } = await openFresh()
  await target.put('a/b', text('x'))
  const id = await target.beginWrite('a/c', 1)
  await rename(root, `${root}-unmounted`)
  const calls: Record<string, () => Promise<unknown>> = {
    read: () => target.read('a/b', 0, 1),
    stat: () => target.stat('a/b'),
    list: () => collect(target.list('')),
    put: () => target.put('a/b', text('y')),
    delete: () => target.delete('a/b'),
    beginWrite: () => target.beginWrite('a/d', 1),
    listWrites: () => collect(target.listWrites('', Date.now())),
  }
  for (const [name, call] of Object.entries(calls)) await assert.rejects(call(), fails('unavailable'), name)
  await assert.rejects(stat(root), 'the root was made anew')
  await rename(`${root}-unmounted`, root)
  sameBytes(await target.read('a/b', 0, 1), text('x'))
  await target.abortWrite('a/c', id)
})

test('T6: opening says what is wrong with the folder', async () => {
  const missing = join(roots.outer, 'missing')
  await assert.rejects(openLocalTarget({ path: missing, clock: systemClock }), fails('not-found'))
  await writeFile(join(roots.outer, 'a-file'), '')
  await assert.rejects(openLocalTarget({ path: join(roots.outer, 'a-file'), clock: systemClock }), fails('unavailable'))
})

test('T8: free space is told in bytes', async () => {
  const { root, target } = await openFresh()
  const told = await target.space?.free()
  const { stdout } = await promisify(execFile)('df', ['--output=avail', '-B1', root])
  const expected = Number(stdout.split('\n')[1])
  assert.ok(told && Math.abs(told - expected) < 2 ** 30, `${told} against ${expected}`)
})

test('N1: a process that is killed while it writes leaves whole objects and writes that can be swept', async () => {
  const { root, target } = await openFresh()
  for (let round = 0; round < 3; round += 1) {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'local-writer.child.ts'), root], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    await new Promise((resolve) => setTimeout(resolve, 40 + 30 * round))
    child.kill('SIGKILL')
    await once(child, 'exit')
    for (const { key, size } of await collect(target.list(''))) {
      const bytes = await target.read(key, 0, size)
      assert.ok(bytes.length > 0 && bytes.every((byte) => byte === bytes[0]), `${key} is a mixture`)
      assert.equal(bytes.length, key.startsWith('big/') ? 3_000_000 : 5_000)
    }
  }
  for (const { key, write: id } of await collect(target.listWrites('', Date.now() + 1))) await target.abortWrite(key, id)
  for (const { key } of await collect(target.list(''))) await target.delete(key)
  assert.deepEqual(await readdir(root, { recursive: true }), [])
})

test('T6: a full disk, a read-only one and one that may not be written are told apart, and the old object stays', async () => {
  const mount = process.getuid?.() === 0 ? ['-m'] : ['-rm']
  const { stdout } = await promisify(execFile)('unshare', [...mount, process.execPath, join(import.meta.dirname, 'local-limits.child.ts')])
  assert.deepEqual(JSON.parse(stdout), {
    fullPut: 'full',
    fullPart: 'full',
    oldObject: 'kept',
    leftovers: [],
    afterFreeing: 'stored',
    readOnlyPut: 'denied',
    readOnlyBegin: 'denied',
    readOnlyDelete: 'denied',
    readOnlyRead: 'kept',
  })
})

test('T6: a folder that the server user may not enter is denied', async () => {
  const { root } = await openFresh()
  await chmod(root, 0o000)
  const script = `
    import { openLocalTarget } from ${JSON.stringify(join(import.meta.dirname, '../src/storage/local.ts'))}
    import { systemClock } from ${JSON.stringify(join(import.meta.dirname, '../src/core/clock.ts'))}
    if (process.getuid() === 0) process.setuid(65534)
    const faults = []
    const note = (error) => faults.push(error.fault)
    try {
      const target = await openLocalTarget({ path: process.argv[1], clock: systemClock })
      await target.put('a', new Uint8Array(1)).catch(note)
      await target.read('a', 0, 1).catch(note)
    } catch (error) { note(error) }
    console.log(JSON.stringify(faults))`
  await chmod(roots.outer, 0o755)
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, root])
  await chmod(root, 0o700)
  for (const fault of JSON.parse(stdout)) assert.equal(fault, 'denied')
  assert.notEqual(stdout.trim(), '[]')
})
