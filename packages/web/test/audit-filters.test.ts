import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actorChoices, nameOfActor } from '../src/features/audit/actor-choices.ts'
import { toFilter } from '../src/features/audit/filters.ts'
import { auditActionWords, isDirectAction } from '../src/ui/audit-words.ts'

const members = [
  { userId: 'u2', name: 'Grace' },
  { userId: 'u1', name: 'Ada' },
]

test('A2: everyone who may have done something is there once, by name', () => {
  const choices = actorChoices({
    members,
    tokens: [{ id: 'k1', name: 'Nightly', revokedAt: '2026-01-15T12:00:00Z' }],
    seen: [
      { kind: 'user', id: 'u1', name: 'Ada' },
      { kind: 'user', id: 'u9', name: 'Left Since' },
      { kind: 'system', id: 'system', name: 'Holdfast' },
      { kind: 'user', id: 'u9', name: 'Left Since' },
    ],
  })
  assert.deepEqual(
    choices.map(({ label, group }) => `${group}: ${label}`),
    ['People: Ada', 'People: Grace', 'API tokens: Nightly (revoked)', 'This server: Holdfast (system)', 'Others: Left Since'],
  )
})

test('A2: two people of one name are told apart, and an unknown id is shown in short', () => {
  const choices = actorChoices({ members: [...members, { userId: 'u3', name: 'Ada' }], tokens: [], seen: [] })
  assert.equal(new Set(choices.map((choice) => choice.label)).size, choices.length)
  assert.equal(nameOfActor(choices, 'u2'), 'Grace')
  assert.equal(nameOfActor(choices, '0123456789abcdef0123'), '0123456789abcdef…')
})

test('A2: actor and file of the address are what the list and both exports are asked for', () => {
  assert.deepEqual(toFilter({ actor: 'u1', file: 'f1', entry: 'e1' }), { actorId: 'u1', fileId: 'f1' })
})

test('R4: the actions that are hidden while Direct is not bound are those that name it', () => {
  const shown = Object.entries(auditActionWords).filter(([action]) => !isDirectAction(action))
  for (const [action, words] of shown) assert.doesNotMatch(`${action} ${words}`, /direct/i)
  assert.ok(Object.keys(auditActionWords).some(isDirectAction))
})
