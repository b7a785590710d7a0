import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { foldedDirectName, fromDirectName, numberedDirectName, toDirectName } from '../src/core/direct-names.ts'
import { findNameFault } from '../src/core/file-name.ts'
import { newId } from '../src/core/ids.ts'
import { directKey, directScope, itemShortId } from '../src/core/object-keys.ts'
import { hasChanged } from '../src/core/object-mark.ts'
import { keyFault } from '../src/storage/key.ts'
import { smbNames } from '../src/storage/smb-names.ts'

const awkward = fc.constantFrom(
  '.hf-',
  '%',
  '%.hf-',
  '%2f',
  'a',
  'ß',
  '名',
  '😀',
  ':',
  '*',
  '?',
  '"',
  '|',
  '.',
  ' ',
  'con',
  'NUL.txt',
  '~',
  '(2)',
)
const name = fc
  .oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }),
    fc.array(awkward, { minLength: 1, maxLength: 200 }).map((all) => all.join('')),
  )
  .filter((text) => findNameFault(text) === null)
const scope = directScope({ tenantId: newId(), caseNumber: 'C'.repeat(64), itemId: newId() })
const isShort = (text: string): boolean => toDirectName(text).endsWith(text)

test('D14: every name that a file may have becomes one that every backend holds', () => {
  fc.assert(
    fc.property(name, fc.integer({ min: 2, max: 100_000 }), (original, nth) => {
      for (const stored of [toDirectName(original), numberedDirectName(toDirectName(original), nth)]) {
        assert.equal(keyFault(directKey(scope, stored)), null)
        const onShare = smbNames.toName(stored)
        assert.ok(Buffer.byteLength(onShare) <= 255, onShare)
        assert.equal(smbNames.toSegment(onShare), stored)
      }
    }),
  )
})

test('D14: names that need not be cut come back as they were, and no two names become one', () => {
  fc.assert(
    fc.property(name, name, (one, other) => {
      if (isShort(one)) assert.equal(fromDirectName(toDirectName(one)), one)
      if (one !== other) assert.notEqual(toDirectName(one), toDirectName(other))
    }),
  )
  for (const one of ['.hf-x', '%.hf-x', '%%.hf-x']) assert.equal(fromDirectName(toDirectName(one)), one)
})

test('D14: a name that others gave a file stands for itself, and leads back to the same object', () => {
  fc.assert(
    fc.property(name.filter(isShort), (found) => {
      if (found.startsWith('.hf-')) return
      assert.equal(toDirectName(fromDirectName(found)), found)
    }),
  )
})

test('D14: ordinary names are stored as they are, and numbered before their extension', () => {
  for (const plain of ['report.pdf', 'a:b?.txt', '100%.txt', '%41.txt', 'Ünïcode 名.e01', '.bashrc', 'no extension']) {
    assert.equal(toDirectName(plain), plain)
  }
  assert.equal(numberedDirectName('report.pdf', 2), 'report (2).pdf')
  assert.equal(numberedDirectName('.bashrc', 3), '.bashrc (3)')
  assert.equal(numberedDirectName('no extension', 10), 'no extension (10)')
  const long = `${'名'.repeat(200)}.e01`
  assert.match(toDirectName(long), /^名+~[0-9a-f]{16}\.e01$/)
  assert.equal(foldedDirectName('REPORT.PDF'), foldedDirectName('report.pdf'))
})

test('D14: the scope of a case is its number, that of an item the first 8 digits of its id', () => {
  const tenantId = '0199f0a4-7c00-7000-8000-0000000000aa'
  const itemId = '0199f0a5-7c00-7000-8000-0000000000bb'
  assert.equal(itemShortId(itemId), '0199f0a5')
  assert.equal(directScope({ tenantId, caseNumber: 'CASE-2026-003', itemId: null }), `direct/${tenantId}/CASE-2026-003/`)
  assert.equal(
    directKey(directScope({ tenantId, caseNumber: 'CASE-2026-003', itemId }), 'a.bin'),
    `direct/${tenantId}/CASE-2026-003/0199f0a5/a.bin`,
  )
})

test('D13: an object has changed where size, etag or second of its time differ; what is not told says nothing', () => {
  const known = { size: 5, etag: 'a', modifiedAt: 10_400 }
  assert.equal(hasChanged(known, known), false)
  assert.equal(hasChanged(known, { ...known, modifiedAt: 10_900 }), false)
  assert.equal(hasChanged(known, { ...known, modifiedAt: 11_000 }), true)
  assert.equal(hasChanged(known, { ...known, size: 6 }), true)
  assert.equal(hasChanged(known, { ...known, etag: 'b' }), true)
  assert.equal(hasChanged(known, { size: 5, etag: null, modifiedAt: null }), false)
})
