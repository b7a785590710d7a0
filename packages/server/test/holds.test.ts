import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { File, Hold, PageOf } from '@holdfast/api'
import { openFileWorld } from './file-world.ts'
import { holdsContract } from './holds.contract.ts'

holdsContract('SQLite', { url: async () => null, end: async () => {} })

/** Where the server deletes; each is a path of the contract, or deletes what was decided in one of them. A new one is added to both. */
const knownDeletions: Readonly<Record<string, number>> = {
  'services/files.ts': 1,
  'services/expiry.ts': 1,
  'services/ingest/abort.ts': 1,
  // Held against holds by the suite of Sync.
  'services/direct/sync/remove-gone.ts': 1,
  'services/purge.ts': 1,
  'services/moves/move-file.ts': 1,
  // Copies that are not the object of the row: of a promoted asset the one in quarantine, of one that was not promoted the other.
  'services/evidence/quarantine.ts': 2,
  // Objects of no file: held against holds in reconcile.contract.ts.
  'services/reconcile/remove-found.ts': 2,
  'services/holds/lock-objects.ts': 2,
}

test('O10: every place of the services that deletes a file or an object is one that holds are tested against', async () => {
  const root = join(import.meta.dirname, '../src')
  const found: Record<string, number> = {}
  for (const entry of await readdir(join(root, 'services'), { recursive: true })) {
    if (!entry.endsWith('.ts')) continue
    const text = await readFile(join(root, 'services', entry), 'utf8')
    const places = text.match(/become\([^)]*'DELETED'|(?:target|lease\.target|store)\.delete\(|await deleteUnlocked\(|\.bury\(/g)
    if (places) found[`services/${entry}`] = places.length
  }
  assert.deepEqual(found, knownDeletions)
})

test('O10: a hold is on exactly one thing, of this tenant, with a reason; only administrators place it', async () => {
  await using world = await openFileWorld()
  const { admin, examiner, auditor, viewer } = world.tenant.api
  const { id: caseId } = await world.api.newCase()
  const bad = [
    {},
    { caseId },
    { caseId, reason: '  ' },
    { caseId, fileId: caseId, reason: 'Two' },
    { reason: 'None' },
    { ownerEntityType: 'User', reason: 'Half' },
    { ownerEntityId: 'usr_1', reason: 'Half' },
  ]
  for (const body of bad) assert.equal((await admin.call('POST', '/holds', { body })).status, 400, JSON.stringify(body))
  assert.equal((await admin.call('POST', '/holds', { body: { fileId: caseId, reason: 'Not a file' } })).status, 404)
  for (const api of [examiner, auditor, viewer])
    assert.equal((await api.call('POST', '/holds', { body: { caseId, reason: 'Me too' } })).status, 403)
  const other = await world.newTenant('other')
  assert.equal((await other.api.admin.call('POST', '/holds', { body: { caseId, reason: 'Not mine' } })).status, 404)
  assert.equal((await admin.call('POST', '/holds', { body: { caseId, reason: 'Mine' } })).status, 201)
  for (const [api, status] of [[auditor, 200] as const, [examiner, 200] as const, [viewer, 403] as const])
    assert.equal((await api.call('GET', '/holds')).status, status)
})

test('O10: lists of holds are paged and filtered; lists of files tell which are held', async () => {
  await using world = await openFileWorld()
  const { admin } = world.tenant.api
  const { id: caseId } = await world.api.newCase()
  const [held, free] = [await world.api.upload(caseId, randomBytes(5)), await world.api.upload(caseId, randomBytes(5))]
  const place = async (body: object) => (await admin.call<Hold>('POST', '/holds', { body: { ...body, reason: 'R' } })).body
  const onFile = await place({ fileId: held.id })
  const onOwner = await place({ ownerEntityType: 'User', ownerEntityId: 'usr_1' })
  const onOther = await place({ caseId: (await world.api.newCase()).id })
  await admin.call('POST', `/holds/${onOther.id}/release`, { body: { reason: 'Over' } })
  const list = async (query: string) => (await admin.call<PageOf<Hold>>('GET', `/holds?${query}`)).body
  const ids = async (query: string) => (await list(query)).items.map(({ id }) => id)
  assert.deepEqual(await ids(''), [onOther.id, onOwner.id, onFile.id])
  assert.deepEqual(await ids('active=true'), [onOwner.id, onFile.id])
  assert.deepEqual(await ids('active=false'), [onOther.id])
  assert.deepEqual(await ids(`caseId=${caseId}`), [onFile.id])
  assert.deepEqual(await ids(`fileId=${free.id}`), [])
  assert.deepEqual(await ids('ownerEntityType=User&ownerEntityId=usr_1'), [onOwner.id])
  const first = await list('limit=2')
  assert.deepEqual(await ids(`limit=2&cursor=${first.nextCursor}`), [onFile.id])
  const files = (await world.api.call<PageOf<File>>('GET', `/files?caseId=${caseId}`)).body.items
  assert.deepEqual(Object.fromEntries(files.map((file) => [file.id, file.held])), { [held.id]: true, [free.id]: false })
})
