import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, parse } from 'content-disposition'
import fc from 'fast-check'
import { mayShowInline, servedContentType, storedContentType } from '../src/core/content-types.ts'
import { describeNameFault, findNameFault, visibleName } from '../src/core/file-name.ts'
import { fileTransitions, hasObject, mayBecome, statesBefore } from '../src/core/file-states.ts'
import { containerAad, secureKey } from '../src/core/object-keys.ts'

test('S6: names that are evidence are kept as they are: any script, reserved Windows names, RTL marks, long names', () => {
  const kept = [
    'CON',
    'nul.txt',
    'a:b',
    'trailing. ',
    ' lead',
    'évidence n°1.pdf',
    '証拠.zip',
    'x\u202Egpj.exe',
    '😀'.repeat(60),
    'n'.repeat(1024),
    '...',
    '.hidden',
    '%2e%2e%2f',
  ]
  for (const name of kept) assert.equal(findNameFault(name), null, name)
})

test('S6: names that cannot be one name are refused with what to do', () => {
  const refused: [string, string][] = [
    ['', 'empty'],
    ['.', 'dots'],
    ['..', 'dots'],
    ['a/b', 'separator'],
    ['..\\x', 'separator'],
    ['/etc/passwd', 'separator'],
    ['a\0b', 'control'],
    ['a\nb', 'control'],
    ['a\u0085b', 'control'],
    ['\ud800', 'not-unicode'],
    ['n'.repeat(1025), 'too-long'],
    ['é'.repeat(513), 'too-long'],
  ]
  for (const [name, fault] of refused) {
    assert.equal(findNameFault(name), fault, JSON.stringify(name))
    assert.ok(describeNameFault(findNameFault(name)!).length > 10)
  }
})

test('S6: marks that turn or hide text are spelled out where a name is shown as plain text', () => {
  assert.equal(visibleName('inv\u202Egpj.exe'), 'inv<U+202E>gpj.exe')
  assert.equal(visibleName('a\u200Bb\uFEFF'), 'a<U+200B>b<U+FEFF>')
  assert.equal(visibleName('plain – ünïcode 証拠'), 'plain – ünïcode 証拠')
})

test('S5: every name that is accepted survives Content-Disposition', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 80 }), (name) => {
      fc.pre(findNameFault(name) === null)
      const field = create(name)
      assert.match(field, /^[\x20-\x7e]*$/)
      assert.equal(parse(field).parameters.filename, name)
    }),
    { numRuns: 500 },
  )
})

test('S5: only types that run nothing are shown inline', () => {
  for (const type of [
    'text/html',
    'image/svg+xml',
    'application/xhtml+xml',
    'text/xml',
    'application/javascript',
    'application/octet-stream',
  ]) {
    assert.equal(mayShowInline(type), false, type)
  }
  assert.equal(mayShowInline('image/png'), true)
  assert.equal(servedContentType('text/plain'), 'text/plain; charset=utf-8')
})

test('S5: a declared type is reduced to type/subtype; nonsense becomes octets', () => {
  assert.equal(storedContentType('Text/HTML; charset=utf-8'), 'text/html')
  for (const bad of [undefined, '', 'x', 'a/b/c', 'a b/c', 'text/plain\r\nX: y', `a/${'b'.repeat(200)}`]) {
    assert.equal(storedContentType(bad), 'application/octet-stream')
  }
})

test('S6: keys are attachments/{tenant}/{case}/{file}.bin and the AAD binds tenant and file', () => {
  const ids = { tenantId: 't-1', caseId: 'c-2', fileId: 'f-3' }
  assert.equal(secureKey(ids), 'attachments/t-1/c-2/f-3.bin')
  assert.equal(Buffer.from(containerAad(ids)).toString(), 'holdfast:v1:t-1:f-3')
})

test('U2: a deleted file stays deleted, and only a file with an object can become ready', () => {
  assert.deepEqual(fileTransitions.DELETED, [])
  for (const from of statesBefore('READY')) assert.ok(hasObject(from), from)
  assert.equal(mayBecome('PENDING_UPLOAD', 'READY'), false)
  assert.equal(mayBecome('FAILED', 'READY'), false)
  assert.deepEqual([...statesBefore('DAMAGED')], ['READY'])
})
