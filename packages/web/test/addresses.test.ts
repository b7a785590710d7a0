import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { dayOf, innerPathOf, oneOf, present, textOf } from '../src/app/search.ts'
import { toFilter } from '../src/features/audit/filters.ts'
import { caseNumberFault } from '../src/features/cases/case-number.ts'
import { cleanSetupCode, readSetupCode } from '../src/features/session/setup-code.ts'

test('N3: after sign-in nobody is sent to another site, however its address is spelt', () => {
  const hostile = [
    '//evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    'https://evil.example',
    'javascript:alert(1)',
    '\\\\evil',
    '/.//evil.example',
    '/x/..//evil.example',
    '',
    5,
  ]
  for (const address of hostile) assert.equal(innerPathOf(address), undefined, String(address))
  fc.assert(
    fc.property(fc.string({ maxLength: 60 }), (text) => {
      const path = innerPathOf(`/${text}`)
      if (path !== undefined) assert.equal(new URL(path, 'https://holdfast.example').origin, 'https://holdfast.example')
    }),
  )
})

test('N3: after sign-in the page that was asked for comes back, but never sign-in itself', () => {
  assert.equal(innerPathOf('/cases?q=disk'), '/cases?q=disk')
  assert.equal(innerPathOf('/cases/1#top'), '/cases/1')
  assert.equal(innerPathOf('/sign-in?next=/cases'), undefined)
  assert.equal(innerPathOf('/setup'), undefined)
})

test('A2: what the address bar holds is read or left out, never passed on unread', () => {
  assert.equal(textOf('x'.repeat(201)), undefined)
  assert.equal(textOf(2026), '2026')
  assert.equal(textOf({}), undefined)
  assert.equal(oneOf('ok', ['ok', 'denied']), 'ok')
  assert.equal(oneOf('OK', ['ok', 'denied']), undefined)
  assert.equal(dayOf('2026-01-15'), '2026-01-15')
  assert.equal(dayOf('2026-13-45'), undefined)
  assert.equal(dayOf('15.1.2026'), undefined)
  assert.deepEqual(present({ a: 1, b: undefined }), { a: 1 })
})

test('A2: a range of days reaches from the first to the last millisecond of the reader’s own days', () => {
  const filter = toFilter({ from: '2026-01-15', to: '2026-01-15', actor: 'u1', case: 'c1' })
  assert.equal(filter.from, new Date(2026, 0, 15, 0, 0, 0, 0).toISOString())
  assert.equal(filter.to, new Date(2026, 0, 15, 23, 59, 59, 999).toISOString())
  assert.equal(filter.actorId, 'u1')
  assert.equal(filter.caseId, 'c1')
  assert.deepEqual(toFilter({ entry: 'e1' }), {})
})

test('U1: a case number that cannot be kept is told while it is typed', () => {
  assert.equal(caseNumberFault('CASE-2026-003'), null)
  assert.equal(caseNumberFault(' CASE.1_a '), null)
  assert.match(caseNumberFault('') ?? '', /Enter/)
  assert.match(caseNumberFault('CASE 1') ?? '', /dash instead of a space/)
  assert.match(caseNumberFault('../x') ?? '', /Start with/)
  assert.match(caseNumberFault('a/b') ?? '', /“\/”/)
  assert.match(caseNumberFault('a'.repeat(65)) ?? '', /at most 64/)
})

test('U1: no case number passes the form that the API would refuse', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 80 }), (typed) => {
      assert.equal(caseNumberFault(typed) === null, /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(typed.trim()))
    }),
  )
})

test('N3: the one-time code is read from a link, from what was typed, or from a pasted link', () => {
  assert.equal(readSetupCode('#code=7KQ2-AAAA'), '7KQ2-AAAA')
  assert.equal(readSetupCode('#main'), null)
  assert.equal(readSetupCode(''), null)
  assert.equal(cleanSetupCode('  7KQ2-AAAA '), '7KQ2-AAAA')
  assert.equal(cleanSetupCode('http://localhost:8080/setup#code=7KQ2-AAAA'), '7KQ2-AAAA')
})
