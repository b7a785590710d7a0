import { randomBytes } from 'node:crypto'
import type { Item, Sync, SyncStart } from '@holdfast/api'
import type { Caller } from '../src/core/actor.ts'
import { type CrashPoints, noCrashPoints } from '../src/core/crash-point.ts'
import { newId } from '../src/core/ids.ts'
import { directScope } from '../src/core/object-keys.ts'
import type { Database } from '../src/db/database.ts'
import { type FileRow, noObjectYet } from '../src/db/file-rows.ts'
import type { Store } from '../src/db/store.ts'
import { commandLineActor, commandLineCaller } from '../src/services/caller.ts'
import { caseService } from '../src/services/cases.ts'
import type { SyncDeps, SyncOptions } from '../src/services/direct/sync/deps.ts'
import { runSync } from '../src/services/direct/sync/run-sync.ts'
import { syncService } from '../src/services/direct/sync/syncs.ts'
import { fileService } from '../src/services/files.ts'
import { itemService } from '../src/services/items.ts'
import { createTenant } from '../src/services/setup.ts'
import { createMemoryStore, type MemoryStore, memoryTarget } from '../src/storage/memory.ts'
import type { StorageTarget } from '../src/storage/target.ts'
import { migrated, type Place, storeOn } from './database-places.ts'
import { movableClock, type TestClock } from './test-clock.ts'

const quiet: SyncOptions = { signal: new AbortController().signal, progress: async () => {} }

/** One case with one item, bound to a direct target in memory, and what reconciles them. */
export interface DirectRoom {
  readonly store: Store
  readonly clock: TestClock
  readonly caller: Caller
  readonly deps: SyncDeps
  readonly targetId: string
  readonly caseId: string
  readonly item: Item
  /** What lies on the storage, by key; others put things into it and take them out. */
  readonly storage: MemoryStore
  /** The folder of the case, or of its item. */
  readonly scope: (itemId?: string | null) => string
  /** The target as Sync sees it; a test may put another in its place. */
  target: StorageTarget
  put(key: string, bytes: Uint8Array): Promise<void>
  start(request?: Partial<SyncStart>): Promise<Sync>
  /** Starts a Sync and runs it to its end. */
  sync(request?: Partial<SyncStart>, options?: Partial<SyncOptions>): Promise<Sync>
  run(sync: Sync, options?: Partial<SyncOptions>): Promise<Sync>
  /** A stored file with the object at `key`, as an upload leaves it. */
  file(key: string, change?: Partial<FileRow>): Promise<FileRow>
  /** Rows of all files of the case, tombstones among them. */
  rows(): Promise<FileRow[]>
  usedBytes(): Promise<number>
}

async function makeTarget(store: Store, tenantId: string): Promise<string> {
  const id = newId()
  await store.transaction(async (tx) => {
    const builtin = await tx.targets.findBuiltin(tenantId)
    if (!builtin) throw new Error('The tenant has no target')
    await tx.targets.insert({ ...builtin, id, name: 'Share', kind: 'sftp', builtin: false, place: {}, location: 'sftp:room' })
    await tx.roleBindings.bind(tenantId, { role: 'direct', targetId: id, boundAt: 1, staged: false })
  })
  return id
}

export const openRoom = async (place: Place): Promise<DirectRoom> => roomOn(await migrated(place))

export async function roomOn(database: Database, points: CrashPoints = noCrashPoints): Promise<DirectRoom> {
  const clock = movableClock()
  const store = storeOn(database, clock)
  const slug = randomBytes(4).toString('hex')
  const by = { actor: commandLineActor, requestId: null, at: clock.now() }
  const { id: tenantId } = await store.transaction((tx) => createTenant(tx, { slug, name: slug }, by))
  const caller = commandLineCaller(tenantId)
  const targetId = await makeTarget(store, tenantId)
  const files = fileService({ store, clock })
  const { id: caseId, number: caseNumber } = await caseService({ store, clock, files }).create(caller, {
    number: `CASE-${slug}`,
    title: 'A',
  })
  const item = await itemService({ store, clock, files }).create(caller, caseId, { label: 'E1', title: 'Disk' })
  const storage = createMemoryStore()
  const syncs = syncService({ store, clock })
  const room: DirectRoom = {
    ...{ store, clock, caller, targetId, caseId, item, storage, target: memoryTarget(clock, storage) },
    deps: {
      ...{ store, clock, points },
      targets: { lease: async () => ({ target: room.target, [Symbol.asyncDispose]: async () => {} }) },
    },
    scope: (itemId = null) => directScope({ tenantId, caseNumber, itemId }),
    put: async (key, bytes) => void (await memoryTarget(clock, storage).put(key, bytes)),
    start: (request = {}) => syncs.start(caller, caseId, { mode: 'apply', ...request }),
    sync: async (request, options) => room.run(await room.start(request), options),
    async run(sync, options = {}) {
      await runSync(room.deps, { tenantId, syncId: sync.id }, { ...quiet, ...options })
      const job = await store.read.jobs.findActive(`sync-scope:${sync.itemId ?? caseId}`)
      if (job) await store.transaction((tx) => tx.jobs.cancel(tenantId, job.id))
      return syncs.get(caller, sync.id)
    },
    async file(key, change = {}) {
      const stat = await memoryTarget(clock, storage).stat(key)
      const row = storedFile({ room, key, stat, now: clock.now() })
      await store.transaction(async (tx) => {
        await tx.files.insert({ ...row, ...change })
        await tx.targets.settle(targetId, { reservedBytes: 0, usedBytes: row.objectSize })
      })
      return { ...row, ...change }
    },
    rows: async () => (await store.read.files.pageOfAll('', 100_000)).filter((row) => row.caseId === caseId),
    usedBytes: async () => (await store.read.targets.find(tenantId, targetId))?.usedBytes ?? -1,
  }
  return room
}

type Stored = { room: DirectRoom; key: string; stat: Awaited<ReturnType<StorageTarget['stat']>>; now: number }

function storedFile({ room, key, stat, now }: Stored): FileRow {
  const size = stat?.size ?? 0
  return {
    ...noObjectYet,
    ...{ id: newId(), tenantId: room.caller.tenantId, caseId: room.caseId, tier: 'direct', contentType: 'text/plain', size },
    itemId: key.startsWith(room.scope(room.item.id)) ? room.item.id : null,
    ...{ name: key.slice(key.lastIndexOf('/') + 1), status: 'READY', statusReason: null, targetId: room.targetId, objectKey: key },
    ...{ objectSize: size, container: null, entityKeyId: null, wrappedKey: null, sha256: 'a'.repeat(64), declaredSha256: null },
    ...{
      verifiedAt: now,
      uploadedBy: 'Ada',
      createdAt: now,
      readyAt: now,
      deletedAt: null,
      purgedAt: null,
      syncTargetId: null,
      version: 1,
    },
    ...{ hashState: 'computed', objectEtag: stat?.etag ?? null, objectModifiedAt: stat?.modifiedAt ?? null },
  }
}
