import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { FileStatus } from '@holdfast/api'
import { systemClock } from '../src/core/clock.ts'
import { newId } from '../src/core/ids.ts'
import { DatabaseConflict } from '../src/db/database.ts'
import type { AssetRow } from '../src/db/evidence.ts'
import type { LinkRow } from '../src/db/evidence-links.ts'
import { type FileRow, noObjectYet } from '../src/db/file-rows.ts'
import type { Store } from '../src/db/store.ts'
import { commandLineActor } from '../src/services/caller.ts'
import { createTenant } from '../src/services/setup.ts'
import { migrated, type Places, storeOn } from './database-places.ts'

type Bench = { readonly store: Store; readonly tenantId: string; readonly targetId: string }

/** What the tables of the evidence contract keep, on both databases (C2, C3, N1). */
export function evidenceTablesContract(places: Places): void {
  const tableTest = (title: string, run: (bench: Bench) => Promise<void>) =>
    test(title, async () => {
      await using place = await places.create()
      const store = storeOn(await migrated(place), systemClock)
      await run({ store, ...(await newTenant(store)) })
    })
  suite(`evidence tables on ${places.name}`, () => {
    tableTest('C2 N1: assets are told with their files, tombstones too, and listed by what the states of their files make of them', listing)
    tableTest('C3 N1: an asset is found by either of its keys, and waits in quarantine until that was seen to be empty', promoting)
    tableTest('C2 N1: an Idempotency-Key stands for one intent of a tenant, which is renewed once', intents)
    tableTest('C2 N1: a link is there once for each asset, app, source and kind', links)
    tableTest('C10 N1: groups add up counts and bytes', groups)
  })
}

async function newTenant(store: Store): Promise<{ tenantId: string; targetId: string }> {
  const by = { actor: commandLineActor, requestId: null, at: 1 }
  const { id } = await store.transaction((tx) => createTenant(tx, { slug: `t-${newId()}`, name: 'T' }, by))
  return { tenantId: id, targetId: (await store.read.targets.findBuiltin(id))?.id ?? '' }
}

async function newAsset({ store, tenantId, targetId }: Bench, status: FileStatus, more: Partial<AssetRow> = {}): Promise<AssetRow> {
  const id = newId()
  const file: FileRow = {
    ...noObjectYet,
    ...{ id, tenantId, caseId: null, itemId: null, tier: 'object', name: 'a.txt', contentType: 'text/plain', size: 10, status },
    ...{ statusReason: null, targetId, syncTargetId: null, objectKey: `quarantine/${id}`, container: null, objectSize: 10 },
    ...{ entityKeyId: null, wrappedKey: null, sha256: null, declaredSha256: null, verifiedAt: null, uploadedBy: 'Ada', createdAt: 1 },
    ...{ readyAt: null, deletedAt: status === 'DELETED' ? 2 : null, purgedAt: null, version: 1, ownerType: 'Company', ownerId: 'acme' },
  }
  const asset: AssetRow = {
    ...{ id, tenantId, app: 'ledger', companyId: 'acme', kind: 'receipt', scanStatus: 'pending', targetId },
    ...{ quarantineKey: `quarantine/${id}`, finalKey: `final/${id}`, promotedAt: null, quarantinePurgedAt: null, archivedAt: null },
    ...more,
  }
  await store.transaction(async (tx) => {
    await tx.files.insert(file)
    await tx.assets.insert(asset)
  })
  return asset
}

const page = { before: null, limit: 100 }

async function listing(bench: Bench): Promise<void> {
  const { store, tenantId } = bench
  const of: Record<string, string[]> = {}
  const add = async (status: FileStatus, as: string, more: Partial<AssetRow> = {}) => {
    const { id } = await newAsset(bench, status, more)
    of[as] = [id, ...(of[as] ?? [])]
  }
  await add('PENDING_UPLOAD', 'pending_upload')
  await add('SCANNING', 'uploaded')
  await add('REJECTED', 'uploaded')
  await add('DAMAGED', 'uploaded')
  await add('READY', 'verified', { app: 'other', companyId: null })
  await add('READY', 'archived', { archivedAt: 5, kind: 'statement' })
  await add('DELETED', 'deleted')
  await add('FAILED', 'deleted')
  const ids = async (filter: object) => (await store.read.assets.list({ tenantId, ...filter }, page)).map(({ id }) => id)
  for (const status of ['pending_upload', 'uploaded', 'verified', 'archived', 'deleted'] as const)
    assert.deepEqual(await ids({ status }), of[status])
  assert.equal((await ids({})).length, 6)
  assert.deepEqual(await ids({ app: 'other' }), of.verified)
  assert.deepEqual(await ids({ kind: 'statement' }), of.archived)
  assert.deepEqual((await ids({ companyId: 'acme' })).length, 5)
  const [first, second] = await store.read.assets.list({ tenantId }, { before: null, limit: 2 })
  assert.deepEqual((await store.read.assets.list({ tenantId }, { before: first?.id ?? null, limit: 1 }))[0]?.id, second?.id)
  const stranger = await newTenant(store)
  assert.deepEqual(await store.read.assets.list({ tenantId: stranger.tenantId }, page), [])
  for (const id of Object.values(of).flat()) {
    assert.equal(await store.read.assets.find(stranger.tenantId, id), null)
    const found = await store.read.assets.find(tenantId, id)
    assert.deepEqual([found?.file.id, found?.held, found?.file.discovered], [id, false, false])
  }
}

async function promoting(bench: Bench): Promise<void> {
  const { store, tenantId } = bench
  const asset = await newAsset(bench, 'SCANNING')
  for (const key of [asset.quarantineKey, asset.finalKey]) assert.equal((await store.read.assets.findByKey(tenantId, key))?.id, asset.id)
  assert.equal(await store.read.assets.findByKey(tenantId, 'final/none'), null)
  assert.deepEqual(await store.read.assets.pageInQuarantine('', 10), [])
  await store.transaction(async (tx) => {
    assert.equal(await tx.files.become(asset, 'READY', { objectKey: asset.finalKey }), true)
    await tx.assets.settle(asset, { scanStatus: 'skipped', promotedAt: 7 })
  })
  const promoted = { ...asset, scanStatus: 'skipped', promotedAt: 7 }
  assert.deepEqual(await store.read.assets.pageInQuarantine('', 10), [promoted])
  assert.equal((await store.read.assets.find(tenantId, asset.id))?.file.objectKey, asset.finalKey)
  await store.transaction((tx) => tx.assets.markQuarantinePurged(asset, 9))
  await store.transaction((tx) => tx.assets.markQuarantinePurged(asset, 10))
  assert.deepEqual(await store.read.assets.pageInQuarantine('', 10), [])
  assert.equal((await store.read.assets.find(tenantId, asset.id))?.quarantinePurgedAt, 9)
  const archived = [
    await store.transaction((tx) => tx.assets.archive(asset, 11)),
    await store.transaction((tx) => tx.assets.archive(asset, 12)),
  ]
  assert.deepEqual(archived, [true, false])
}

async function intents(bench: Bench): Promise<void> {
  const { store, tenantId } = bench
  const [one, two, three] = [await newAsset(bench, 'DELETED'), await newAsset(bench, 'DELETED'), await newAsset(bench, 'PENDING_UPLOAD')]
  const row = { id: newId(), tenantId, assetId: one.id, idempotencyKey: 'k', requestHash: 'h', createdAt: 1, cancelledAt: null }
  await store.transaction((tx) => tx.intents.insert(row))
  assert.deepEqual(await store.read.intents.findByKey(tenantId, 'k'), row)
  assert.deepEqual(await store.read.intents.find(tenantId, row.id), row)
  assert.equal(await store.read.intents.find(newId(), row.id), null)
  const taken = store.transaction((tx) => tx.intents.insert({ ...row, id: newId(), assetId: two.id }))
  await assert.rejects(
    taken,
    (error) => error instanceof DatabaseConflict && error.constraint === 'evidence_intents_tenant_id_idempotency_key',
  )
  for (const assetId of [two.id, three.id]) {
    const keyless = { ...row, id: newId(), assetId, idempotencyKey: null }
    await store.transaction((tx) => tx.intents.insert(keyless))
    assert.equal((await store.read.intents.find(tenantId, keyless.id))?.idempotencyKey, null)
  }
  const fresh = await newAsset(bench, 'PENDING_UPLOAD')
  const renew = () => store.transaction((tx) => tx.intents.renew(row, { from: one.id, to: fresh.id }))
  assert.deepEqual([await renew(), await renew()], [true, false])
  await store.transaction((tx) => tx.intents.cancel(row, 3))
  await store.transaction((tx) => tx.intents.cancel(row, 4))
  assert.deepEqual(await store.read.intents.find(tenantId, row.id), { ...row, assetId: fresh.id, cancelledAt: 3 })
}

async function links(bench: Bench): Promise<void> {
  const { store, tenantId } = bench
  const { id: assetId } = await newAsset(bench, 'READY')
  const record = { tenantId, assetId, app: 'ledger', companyId: null, sourceType: 'expense', sourceId: 'e/1', kind: 'receipt' }
  const link = (more: Partial<LinkRow> = {}): LinkRow => ({ ...record, id: newId(), createdBy: 'Ada', createdAt: 1, ...more })
  const add = (row: LinkRow) => store.transaction((tx) => tx.links.add(row))
  const first = link()
  assert.deepEqual([await add(first), await add(link())], [true, false])
  assert.deepEqual(await store.read.links.findSole(record), first)
  for (const more of [{ app: 'b' }, { sourceType: 'b' }, { sourceId: 'E/1' }, { kind: 'b' }]) assert.equal(await add(link(more)), true)
  assert.equal((await store.read.links.list(record, page)).length, 5)
  assert.deepEqual(await store.read.links.list({ tenantId: newId(), assetId }, page), [])
  assert.equal(await store.read.links.find({ tenantId: newId(), assetId, id: first.id }), null)
  assert.equal(await store.transaction((tx) => tx.links.delete({ tenantId: newId(), id: first.id })), false)
  assert.equal(await store.transaction((tx) => tx.links.delete(first)), true)
  assert.equal(await store.read.links.findSole(record), null)
}

async function groups(bench: Bench): Promise<void> {
  for (const status of ['READY', 'READY', 'DELETED'] as const) await newAsset(bench, status, { scanStatus: 'clean' })
  await newAsset(bench, 'READY', { scanStatus: 'clean', archivedAt: 1 })
  const found = await bench.store.read.assets.groups(bench.tenantId)
  const line = (group: (typeof found)[number]) => [group.fileStatus, group.archived, group.scanStatus, group.assets, group.bytes].join(' ')
  assert.deepEqual(found.map(line).toSorted(), ['DELETED false clean 1 10', 'READY false clean 2 20', 'READY true clean 1 10'])
}
