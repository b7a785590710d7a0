import { randomBytes } from 'node:crypto'
import type { Clock } from '../core/clock.ts'
import { newId } from '../core/ids.ts'
import type { EntityKeyRow, EntityType } from '../db/keys.ts'
import type { Store } from '../db/store.ts'
import { keyCache } from './key-cache.ts'
import { KeyError, type KeyProvider } from './provider.ts'
import { KEY_BYTES, unwrapKey, wrapKey } from './wrap.ts'

/** What a file's key hangs below: a case, or an owner of an app. */
export type KeyOwner = { readonly tenantId: string; readonly entityType: EntityType; readonly entityId: string }
export type NewFileKey = { readonly fileKey: Uint8Array; readonly entityKeyId: string; readonly wrapped: Uint8Array }
export type WrappedFileKey = {
  readonly tenantId: string
  readonly entityKeyId: string
  readonly fileId: string
  readonly wrapped: Uint8Array
}

/**
 * Master key → tenant key → key of a case or owner → file key (S1). Only wrapped keys are stored. Calls begin transactions of
 * their own: never call one from within a transaction. Safe for any number of instances at once.
 */
export interface KeyHierarchy extends AsyncDisposable {
  ensureTenantKey(tenantId: string): Promise<void>
  /** A fresh random file key, and its wrap, which the caller stores with the file. The caller clears `fileKey`. */
  createFileKey(owner: KeyOwner, fileId: string): Promise<NewFileKey>
  /** `KeyError` where the key was destroyed or the wrap is not this file's. The caller clears the answer. */
  openFileKey(file: WrappedFileKey): Promise<Uint8Array>
  /** Opens every tenant key: `KeyError` where the master key is not the one that this database was made with. For the start. */
  verifyTenantKeys(): Promise<{ tenantKeys: number; toRewrap: number }>
  /** Wraps every tenant key under the provider's current key and answers how many there were to do. No file is touched. */
  rewrapTenantKeys(): Promise<number>
}

// The contexts of the wraps. Owners' ids come from apps and are encoded, so that no two contexts read the same.
const tenantContext = (tenantId: string): string => `holdfast:v1:tenant:${tenantId}`
const entityContext = (row: Omit<EntityKeyRow, 'wrapped' | 'createdAt'>): string =>
  `holdfast:v1:entity:${row.tenantId}:${row.id}:${row.entityType}:${encodeURIComponent(row.entityId.toWellFormed())}`
const fileContext = (file: { tenantId: string; entityKeyId: string; fileId: string }): string =>
  `holdfast:v1:file:${file.tenantId}:${file.entityKeyId}:${file.fileId}`

const CACHED_TENANT_KEYS = 256
const CACHED_ENTITY_KEYS = 2048
const PAGE = 100

export type HierarchyDeps = { readonly store: Store; readonly provider: KeyProvider; readonly clock: Clock }

export function createKeyHierarchy(deps: HierarchyDeps): KeyHierarchy {
  const { store, provider } = deps
  const tenantKeys = keyCache(CACHED_TENANT_KEYS)
  const entityKeys = keyCache(CACHED_ENTITY_KEYS)

  const withTenantKey = <T>(tenantId: string, use: (key: Uint8Array) => T): Promise<T> =>
    tenantKeys.lend(tenantId, () => loadTenantKey(deps, tenantId), use)
  const withEntityKey = <T>(row: EntityKeyRow, use: (key: Uint8Array) => T): Promise<T> => {
    const { wrapped } = row
    if (!wrapped) throw new KeyError(`The key of this ${row.entityType} was destroyed; its files can no longer be opened`)
    return entityKeys.lend(row.id, () => withTenantKey(row.tenantId, (key) => unwrapKey(key, wrapped, entityContext(row))), use)
  }
  return {
    ensureTenantKey: (tenantId) => withTenantKey(tenantId, () => {}),
    async createFileKey(owner, fileId) {
      const row = (await store.read.keys.findKeyOf(owner)) ?? (await createEntityKey(deps, { owner, withTenantKey }))
      const fileKey = new Uint8Array(randomBytes(KEY_BYTES))
      const context = fileContext({ tenantId: owner.tenantId, entityKeyId: row.id, fileId })
      return { fileKey, entityKeyId: row.id, wrapped: await withEntityKey(row, (key) => wrapKey(key, fileKey, context)) }
    },
    async openFileKey(file) {
      const row = await store.read.keys.findEntityKey(file.tenantId, file.entityKeyId)
      if (!row) throw new KeyError('The key that this file hangs below does not exist')
      return await withEntityKey(row, (key) => unwrapKey(key, file.wrapped, fileContext(file)))
    },
    async verifyTenantKeys() {
      const seen = { tenantKeys: 0, toRewrap: 0 }
      await eachTenantKey(store, async (row) => {
        const key = await provider.unwrap({ keyId: row.keyId, bytes: row.wrapped }, tenantContext(row.tenantId))
        key.fill(0)
        seen.tenantKeys += 1
        if (row.keyId !== provider.currentKeyId) seen.toRewrap += 1
      })
      return seen
    },
    async rewrapTenantKeys() {
      let done = 0
      await eachTenantKey(store, async (row) => {
        if (row.keyId === provider.currentKeyId) return
        const key = await provider.unwrap({ keyId: row.keyId, bytes: row.wrapped }, tenantContext(row.tenantId))
        const wrap = await provider.wrap(key, tenantContext(row.tenantId))
        key.fill(0)
        await store.transaction((tx) => tx.keys.rewrapTenantKey(row, wrap))
        done += 1
      })
      return done
    },
    async [Symbol.asyncDispose]() {
      tenantKeys.close()
      entityKeys.close()
    },
  }
}

type TenantKey = NonNullable<Awaited<ReturnType<Store['read']['keys']['findTenantKey']>>>

async function eachTenantKey(store: Store, visit: (row: TenantKey) => Promise<void>): Promise<void> {
  let after = ''
  for (;;) {
    const rows = await store.read.keys.tenantKeys(after, PAGE)
    for (const row of rows) await visit(row)
    const last = rows.at(-1)
    if (!last) return
    after = last.tenantId
  }
}

async function loadTenantKey(deps: HierarchyDeps, tenantId: string): Promise<Uint8Array> {
  const context = tenantContext(tenantId)
  const row = (await deps.store.read.keys.findTenantKey(tenantId)) ?? (await createTenantKey(deps, tenantId))
  return await deps.provider.unwrap({ keyId: row.keyId, bytes: row.wrapped }, context)
}

/** Whoever comes second finds the row of the first and uses that. */
async function createTenantKey(deps: HierarchyDeps, tenantId: string): Promise<TenantKey> {
  const key = new Uint8Array(randomBytes(KEY_BYTES))
  const { keyId, bytes } = await deps.provider.wrap(key, tenantContext(tenantId))
  key.fill(0)
  const row = await deps.store.transaction(async (tx) => {
    await tx.keys.addTenantKey({ tenantId, keyId, wrapped: bytes, createdAt: deps.clock.now() })
    return await tx.keys.findTenantKey(tenantId)
  })
  if (!row) throw new KeyError('The tenant has no key')
  return row
}

type WithTenantKey = <T>(tenantId: string, use: (key: Uint8Array) => T) => Promise<T>

async function createEntityKey(deps: HierarchyDeps, made: { owner: KeyOwner; withTenantKey: WithTenantKey }): Promise<EntityKeyRow> {
  const { owner, withTenantKey } = made
  const key = new Uint8Array(randomBytes(KEY_BYTES))
  const entity = { ...owner, id: newId() }
  const wrapped = await withTenantKey(owner.tenantId, (tenantKey) => wrapKey(tenantKey, key, entityContext(entity)))
  key.fill(0)
  const row = await deps.store.transaction(async (tx) => {
    await tx.keys.addEntityKey({ ...entity, wrapped, createdAt: deps.clock.now() })
    return await tx.keys.findKeyOf(owner)
  })
  if (!row) throw new KeyError(`The ${owner.entityType} has no key`)
  return row
}
