import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { systemClock } from '../src/core/clock.ts'
import { newId } from '../src/core/ids.ts'
import { environmentKeyProvider } from '../src/keys/environment-provider.ts'
import { createKeyHierarchy, type KeyHierarchy, type KeyOwner } from '../src/keys/hierarchy.ts'
import { keyCache } from '../src/keys/key-cache.ts'
import { type LogRoom, OTHER_TENANT, onBothDatabases, TENANT } from './audit.log-room.ts'

const wrong = { name: 'KeyError' }
const master = randomBytes(32)
const hierarchyOf = ({ store }: LogRoom, ...keys: readonly Uint8Array[]): KeyHierarchy =>
  createKeyHierarchy({ store, clock: systemClock, provider: environmentKeyProvider(keys[0] ?? master, keys.slice(1)) })
const ofCase = (entityId: string, tenantId = TENANT): KeyOwner => ({ tenantId, entityType: 'case', entityId })

async function withTenants(room: LogRoom): Promise<LogRoom> {
  await room.store.transaction(async (tx) => {
    for (const [at, id] of [TENANT, OTHER_TENANT].entries()) await tx.tenants.insert({ id, slug: `t${at}`, name: 'T', createdAt: at })
  })
  return room
}

onBothDatabases((kind, open) => {
  test(`S1: on ${kind}, a file key comes back, here and in another instance, and only its wrap is stored`, async () => {
    await using room = await withTenants(await open())
    const keys = hierarchyOf(room)
    const [caseId, fileId] = [newId(), newId()]
    const { fileKey, entityKeyId, wrapped } = await keys.createFileKey(ofCase(caseId), fileId)
    assert.equal(fileKey.length, 32)
    const file = { tenantId: TENANT, entityKeyId, fileId, wrapped }
    assert.deepEqual(await keys.openFileKey(file), fileKey)
    assert.deepEqual(await hierarchyOf(room).openFileKey(file), fileKey)
    const again = await keys.createFileKey(ofCase(caseId), newId())
    assert.equal(again.entityKeyId, entityKeyId, 'one key a case')
    assert.notDeepEqual(again.fileKey, fileKey)
    assert.notEqual((await keys.createFileKey(ofCase(newId()), fileId)).entityKeyId, entityKeyId)
    assert.notEqual((await keys.createFileKey({ ...ofCase(caseId), entityType: 'owner' }, fileId)).entityKeyId, entityKeyId)
  })

  test(`S1: on ${kind}, a wrap opens for its own file, key and tenant alone`, async () => {
    await using room = await withTenants(await open())
    const keys = hierarchyOf(room)
    const fileId = newId()
    const made = await keys.createFileKey(ofCase('one'), fileId)
    const file = { tenantId: TENANT, entityKeyId: made.entityKeyId, fileId, wrapped: made.wrapped }
    const two = await keys.createFileKey(ofCase('two'), fileId)
    const theirs = await keys.createFileKey(ofCase('one', OTHER_TENANT), fileId)
    await assert.rejects(keys.openFileKey({ ...file, fileId: newId() }), wrong)
    await assert.rejects(keys.openFileKey({ ...file, entityKeyId: two.entityKeyId }), wrong)
    await assert.rejects(keys.openFileKey({ ...file, wrapped: theirs.wrapped }), wrong)
    await assert.rejects(keys.openFileKey({ ...file, tenantId: OTHER_TENANT }), wrong)
    await assert.rejects(keys.openFileKey({ ...file, entityKeyId: newId() }), wrong)
    await assert.rejects(keys.openFileKey({ ...file, wrapped: made.wrapped.with(20, made.wrapped[20]! ^ 1) }), wrong)
  })

  test(`S1: on ${kind}, wrapped keys that were exchanged between rows do not open`, async () => {
    await using room = await withTenants(await open())
    const files = await Promise.all(
      ['one', 'two'].map(async (entity) => ({
        tenantId: TENANT,
        fileId: entity,
        ...(await hierarchyOf(room).createFileKey(ofCase(entity), entity)),
      })),
    )
    const { writer } = room.database
    const [a, b] = await writer.selectFrom('entity_keys').selectAll().orderBy('id').execute()
    await writer.updateTable('entity_keys').set({ wrapped: b!.wrapped }).where('id', '=', a!.id).execute()
    await writer.updateTable('entity_keys').set({ wrapped: a!.wrapped }).where('id', '=', b!.id).execute()
    for (const file of files)
      await assert.rejects(hierarchyOf(room).openFileKey(file), { ...wrong, message: /changed, moved, or made under another key/ })
    await hierarchyOf(room).ensureTenantKey(OTHER_TENANT)
    await room.tamper(`update tenant_keys set wrapped = (select k.wrapped from tenant_keys k where k.tenant_id != tenant_keys.tenant_id)`)
    await assert.rejects(hierarchyOf(room).ensureTenantKey(TENANT), wrong)
    await assert.rejects(hierarchyOf(room).verifyTenantKeys(), wrong)
  })

  test(`S1 N1: on ${kind}, instances that use a tenant and a case for the first time at once end with one key each`, async () => {
    await using one = await withTenants(await open())
    await using two = await one.another()
    const hierarchies = [one, one, two, two].map((room) => hierarchyOf(room))
    const made = await Promise.all(
      hierarchies.flatMap((keys) =>
        Array.from({ length: 3 }, async () => ({ fileId: newId(), keys })).map(async (begun) => {
          const { fileId } = await begun
          return { fileId, tenantId: TENANT, ...(await keys.createFileKey(ofCase('case'), fileId)) }
        }),
      ),
    )
    assert.equal(new Set(made.map(({ entityKeyId }) => entityKeyId)).size, 1)
    for (const file of made) assert.deepEqual(await hierarchyOf(two).openFileKey(file), file.fileKey)
    assert.deepEqual(await hierarchies[0]!.verifyTenantKeys(), { tenantKeys: 1, toRewrap: 0 })
  })

  test(`S1: on ${kind}, a destroyed key opens nothing, also where it was in use before`, async () => {
    await using room = await withTenants(await open())
    const keys = hierarchyOf(room)
    const made = await keys.createFileKey(ofCase('case'), 'file')
    const file = { tenantId: TENANT, fileId: 'file', ...made }
    await keys.openFileKey(file)
    await room.tamper('update entity_keys set wrapped = null, destroyed_at = 1')
    await assert.rejects(keys.openFileKey(file), { ...wrong, message: /destroyed/ })
    assert.notEqual((await keys.createFileKey(ofCase('case'), 'file')).entityKeyId, made.entityKeyId)
  })

  test(`S8: on ${kind}, another master key than the database's is told at the start`, async () => {
    await using room = await withTenants(await open())
    await hierarchyOf(room).ensureTenantKey(TENANT)
    assert.deepEqual(await hierarchyOf(room).verifyTenantKeys(), { tenantKeys: 1, toRewrap: 0 })
    await assert.rejects(hierarchyOf(room, randomBytes(32)).verifyTenantKeys(), { ...wrong, message: /not configured here/ })
  })

  test(`S1: on ${kind}, a new master key takes over without touching a file's key`, async () => {
    await using room = await withTenants(await open())
    const made = await hierarchyOf(room).createFileKey(ofCase('case'), 'file')
    await hierarchyOf(room).ensureTenantKey(OTHER_TENANT)
    const file = { tenantId: TENANT, fileId: 'file', ...made }
    const fresh = randomBytes(32)
    const rotating = hierarchyOf(room, fresh, master)
    assert.deepEqual(await rotating.openFileKey(file), made.fileKey)
    assert.deepEqual(await rotating.verifyTenantKeys(), { tenantKeys: 2, toRewrap: 2 })
    assert.equal(await rotating.rewrapTenantKeys(), 2)
    assert.equal(await rotating.rewrapTenantKeys(), 0)
    assert.deepEqual(await hierarchyOf(room, fresh).openFileKey(file), made.fileKey)
    await assert.rejects(hierarchyOf(room).openFileKey(file), wrong)
  })

  test(`S1: on ${kind}, once closed the hierarchy opens nothing more`, async () => {
    await using room = await withTenants(await open())
    const keys = hierarchyOf(room)
    const made = await keys.createFileKey(ofCase('case'), 'file')
    await keys[Symbol.asyncDispose]()
    await assert.rejects(keys.openFileKey({ tenantId: TENANT, fileId: 'file', ...made }), wrong)
    await assert.rejects(keys.createFileKey(ofCase('case'), 'other'), wrong)
  })
})

test('S1: a cache keeps the latest keys, and overwrites with zeros those that leave', async () => {
  const cache = keyCache(2)
  const keys = new Map<string, Uint8Array>()
  let loads = 0
  const lend = (id: string) =>
    cache.lend(
      id,
      async () => {
        loads += 1
        const key = new Uint8Array(4).fill(id.charCodeAt(0))
        keys.set(id, key)
        return key
      },
      (key) => key[0],
    )
  assert.deepEqual([await lend('a'), await lend('b'), await lend('a'), loads], [97, 98, 97, 2])
  assert.equal(await lend('c'), 99)
  assert.deepEqual([keys.get('b')![0], keys.get('a')![0]], [0, 97], 'b was used least lately')
  assert.deepEqual([await lend('a'), loads], [97, 3])
  cache.close()
  assert.deepEqual([keys.get('a')![0], keys.get('c')![0]], [0, 0])
  await assert.rejects(lend('a'), wrong)
  assert.deepEqual([...keys.get('a')!], [0, 0, 0, 0])
})

test('S1: of two loads of one key at once the cache keeps one, and neither user sees a cleared key', async () => {
  const cache = keyCache(1)
  const lend = (id: string) =>
    cache.lend(
      id,
      async () => new Uint8Array(1).fill(7),
      (key) => key[0],
    )
  assert.deepEqual(await Promise.all(['a', 'a', 'b', 'a', 'c', 'b'].map(lend)), [7, 7, 7, 7, 7, 7])
})
