import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { StorageError, type StorageTarget } from '../src/storage/target.ts'
import { type Contract, collect, fails, freshKey, keysOf, sameBytes, text } from './target.contract-kit.ts'

/** Keys that no target may hold. */
const refused = [
  '',
  '/',
  '/absolute',
  'a/',
  'a//b',
  '.',
  '..',
  './a',
  'a/./b',
  '../escape',
  'a/../../escape',
  'a/..',
  '../../../../../../../../tmp/x',
  'nul\0',
  'a/\0/b',
  'line\nbreak',
  'tab\t',
  'del\u007f',
  'lone \ud800 surrogate',
  `${'x'.repeat(256)}`,
  `a/${'é'.repeat(128)}`,
  Array.from({ length: 600 }, () => 'a').join('/'),
  '.hf-x',
  'a/.hf-00000000-0/b',
]

/** Keys that a target stores exactly or refuses with 'bad-key'; nothing in between. */
const unusual = [
  'back\\slash',
  '..\\..\\escape',
  'trailing dot.',
  'trailing space ',
  ' leading space',
  '...',
  'a/.../b',
  '.hidden',
  '-rf',
  '~',
  '*?<>|"',
  'a:stream',
  'CON',
  'nul.txt',
  'com1',
  '%2e%2e',
  'up/%2e%2e/x',
  '%00',
  'percent%',
  '100%41',
  'plus+and space',
  'quote\'s "double"',
  '\u202eRTL',
  'emoji 🗂️',
  'e\u0301',
  '\u00e9',
  '\u2028',
  '\u{10ffff}',
  '$(id)',
  '`id`',
  'a?b#c&d=e',
  'a;b',
  '@{u}',
  '\\\\host\\share',
  'C:\\x',
]

async function storeOrRefuse(target: StorageTarget, key: string): Promise<boolean> {
  try {
    await target.put(key, text(key))
    return true
  } catch (error) {
    assert.ok(error instanceof StorageError && error.fault === 'bad-key', `${JSON.stringify(key)}: ${error}`)
    return false
  }
}

/** No key reaches outside of the target's place, and none is mistaken for another. */
export function checkKeys({ current, runs, longestSegment }: Contract): void {
  test('O6: keys that could escape, hide or collide are refused by every call', async () => {
    const { target } = current()
    const before = await keysOf(target)
    for (const key of refused) {
      const calls: Record<string, () => Promise<unknown>> = {
        put: () => target.put(key, text('x')),
        ifAbsent: () => target.put(key, text('x'), { ifAbsent: true }),
        read: () => target.read(key, 0, 1),
        stat: () => target.stat(key),
        delete: () => target.delete(key),
        beginWrite: () => target.beginWrite(key, 1),
        writePart: () => target.writePart(key, 'w', { number: 1, offset: 0, bytes: text('x') }),
        flushWrite: () => target.flushWrite(key, 'w'),
        commitWrite: () => target.commitWrite(key, 'w', []),
        abortWrite: () => target.abortWrite(key, 'w'),
      }
      for (const [name, call] of Object.entries(calls)) await assert.rejects(call(), fails('bad-key'), `${name} ${JSON.stringify(key)}`)
    }
    assert.deepEqual(await keysOf(target), before)
  })
  test('D14: unusual keys are stored exactly or refused, and never taken for one another', async () => {
    const { target } = current()
    const top = freshKey('')
    const stored: string[] = []
    const longest = ['x'.repeat(longestSegment), 'é'.repeat(longestSegment >> 1)]
    for (const key of [...unusual, ...longest]) if (await storeOrRefuse(target, top + key)) stored.push(top + key)
    assert.ok(stored.length >= 15, `only ${stored.length} of ${unusual.length} unusual keys can be stored`)
    for (const key of stored) sameBytes(await target.read(key, 0, text(key).length), text(key))
    assert.deepEqual(await keysOf(target, top), stored.toSorted())
    const written = stored.at(0)!
    for (const key of stored.slice(1)) await target.delete(key)
    assert.deepEqual(await keysOf(target, top), [written])
  })
  test('D14: keys that differ by case alone are two objects, or the second is refused', async () => {
    const { target } = current()
    const top = freshKey('')
    const keys = ['Exhibit/Photo.JPG', 'exhibit/photo.jpg', 'EXHIBIT/photo.jpg'].map((key) => top + key)
    const stored: string[] = []
    for (const key of keys) if (await storeOrRefuse(target, key)) stored.push(key)
    for (const key of stored) sameBytes(await target.read(key, 0, text(key).length), text(key))
    assert.deepEqual(await keysOf(target, top), stored.toSorted())
  })
  test('D14: a key below another object, or above others, is stored beside it or refused, and what is there stays', async () => {
    const { target } = current()
    const top = freshKey('')
    await target.put(`${top}file`, text('file'))
    await target.put(`${top}folder/inside`, text('inside'))
    const below = await storeOrRefuse(target, `${top}file/below`)
    const above = await storeOrRefuse(target, `${top}folder`)
    sameBytes(await target.read(`${top}file`, 0, 4), text('file'))
    sameBytes(await target.read(`${top}folder/inside`, 0, 6), text('inside'))
    if (!below) assert.equal(await target.stat(`${top}file/below`), null)
    if (!below) await assert.rejects(target.read(`${top}file/below`, 0, 1), fails('not-found'))
    if (!above) assert.equal(await target.stat(`${top}folder`), null)
    if (!above) await assert.rejects(target.read(`${top}folder`, 0, 1), fails('not-found'))
    await target.delete(`${top}folder`)
    await target.delete(`${top}file/below`)
    assert.deepEqual(await keysOf(target, top), [`${top}file`, `${top}folder/inside`])
  })
  test('D14: any key at all is stored reversibly or refused (property)', async () => {
    const { target } = current()
    const odd = fc.constantFrom(
      '.',
      '..',
      '/',
      '\\',
      '\0',
      '%',
      '%2f',
      ' ',
      'A',
      'a',
      'é',
      'e\u0301',
      ':',
      '\u202e',
      '🗂',
      '.hf-',
      '\n',
      '*',
    )
    const anyKey = fc.array(fc.oneof(odd, fc.string({ unit: 'binary', maxLength: 6 })), { maxLength: 8 }).map((parts) => parts.join(''))
    await fc.assert(
      fc.asyncProperty(anyKey, async (name) => {
        const top = freshKey('')
        if (!(await storeOrRefuse(target, top + name))) return
        assert.deepEqual(
          (await collect(target.list(top))).map((stat) => stat.key),
          [top + name],
        )
        await target.delete(top + name)
        assert.deepEqual(await keysOf(target, top), [])
      }),
      { numRuns: runs },
    )
  })
}
