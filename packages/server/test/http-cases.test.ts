import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Case } from '@holdfast/api'
import { openWorld, send } from './http-world.ts'

const world = await openWorld()
after(() => world[Symbol.asyncDispose]())
const { app, tenant } = world

test('U1: a case is made, read, changed and deleted', async () => {
  const made = await send<Case>(app, {
    method: 'POST',
    url: '/api/v1/cases',
    token: tenant.tokens.examiner,
    body: { number: 'CASE-2026-001', title: 'A' },
  })
  assert.equal(made.status, 201, made.text)
  const got = await send<Case>(app, { url: `/api/v1/cases/${made.json.id}`, token: tenant.tokens.viewer })
  assert.deepEqual(got.json, made.json)
})
