import { type ObjectClass, type ObjectClassCreate, type ObjectClassUpdate, type PageOf, Problem } from '@holdfast/api'
import type { Caller } from '../../core/actor.ts'
import { type Clock, toIso } from '../../core/clock.ts'
import { newId } from '../../core/ids.ts'
import { builtinClasses, classDefaults, type NamedClass } from '../../core/object-classes.ts'
import { DatabaseConflict } from '../../db/database.ts'
import type { ObjectClassRow } from '../../db/object-classes.ts'
import type { Store, Tx } from '../../db/store.ts'
import { existing, requireVersion, toldBy } from '../caller.ts'
import type { ObjectSettings } from './deps.ts'
import { findFixedClass, toPolicy } from './find-class.ts'

export interface ObjectClassService {
  /** Built-in ones, those of the configuration file, the tenant's own; all in one page. */
  list(caller: Caller): Promise<PageOf<ObjectClass>>
  get(caller: Caller, name: string): Promise<ObjectClass>
  create(caller: Caller, request: ObjectClassCreate): Promise<ObjectClass>
  /** Uploads that are under way keep the class as it was when they began (O3). */
  update(caller: Caller, name: string, request: { changes: ObjectClassUpdate; expectedVersion: number | null }): Promise<ObjectClass>
  /** Objects that are stored under the class stay as they are. */
  remove(caller: Caller, name: string, expectedVersion: number | null): Promise<void>
}

/** A tenant's own classes are listed whole. */
const MOST_CLASSES = 200

type Deps = { readonly store: Store; readonly clock: Clock; readonly settings: ObjectSettings }

const fixed =
  (source: 'builtin' | 'file') =>
  (one: NamedClass): ObjectClass => ({
    ...toPolicy(one),
    ...{ source, description: one.description, createdAt: null, version: 1 },
  })
const own = (row: ObjectClassRow): ObjectClass => ({
  ...toPolicy(row),
  ...{ source: 'own' as const, description: row.description, createdAt: toIso(row.createdAt), version: row.version },
})

const taken = (name: string): Problem => new Problem('CONFLICT', `There is an object class ${name} already. Choose another name.`)

/** Refuses changes of classes that are not the tenant's own. */
async function getOwn(deps: Deps, tx: Pick<Tx, 'objectClasses'>, at: { tenantId: string; name: string }): Promise<ObjectClassRow> {
  const found = findFixedClass(deps.settings, at.name)
  if (found) {
    const where = found.source === 'builtin' ? 'is built in' : 'comes from the configuration file'
    throw new Problem('CONFLICT', `${at.name} ${where} and cannot be changed here. Make a class of your own.`)
  }
  return existing(await tx.objectClasses.find(at.tenantId, at.name), 'object class')
}

async function insert(deps: Deps, tx: Tx, { caller, row }: { caller: Caller; row: ObjectClassRow }): Promise<void> {
  if (findFixedClass(deps.settings, row.name)) throw taken(row.name)
  if ((await tx.objectClasses.count(caller.tenantId)) >= MOST_CLASSES) {
    throw new Problem('CONFLICT', `There are ${MOST_CLASSES} object classes already. Delete one that is not used.`)
  }
  await tx.objectClasses.insert(row)
  const details = { kind: 'object-class', name: row.name, policy: toPolicy(row) }
  await tx.audit.append({ ...toldBy(caller), action: 'CREATE', details })
}

async function create(deps: Deps, caller: Caller, request: ObjectClassCreate): Promise<ObjectClass> {
  const made = { id: newId(), tenantId: caller.tenantId, createdBy: caller.actor.name, createdAt: deps.clock.now(), version: 1 }
  const row: ObjectClassRow = { ...classDefaults, ...request, ...made }
  try {
    await deps.store.transaction((tx) => insert(deps, tx, { caller, row }))
  } catch (error) {
    if (error instanceof DatabaseConflict && error.constraint === 'object_classes_tenant_id_name') throw taken(row.name)
    throw error
  }
  return own(row)
}

export const objectClassService = (deps: Deps): ObjectClassService => ({
  async list({ tenantId }) {
    const rows = await deps.store.read.objectClasses.list(tenantId, { limit: MOST_CLASSES, after: null })
    const shown = rows.filter(({ name }) => findFixedClass(deps.settings, name) === null)
    const items = [...builtinClasses.map(fixed('builtin')), ...deps.settings.classes.map(fixed('file')), ...shown.map(own)]
    return { items, nextCursor: null }
  },
  async get({ tenantId }, name) {
    const found = findFixedClass(deps.settings, name)
    if (found) return fixed(found.source)(found.fixed)
    return own(existing(await deps.store.read.objectClasses.find(tenantId, name), 'object class'))
  },
  create: (caller, request) => create(deps, caller, request),
  update: (caller, name, { changes, expectedVersion }) =>
    deps.store.transaction(async (tx) => {
      const row = await getOwn(deps, tx, { tenantId: caller.tenantId, name })
      requireVersion(row, expectedVersion)
      const next = { ...row, ...changes, version: row.version + 1 }
      await tx.objectClasses.update(next)
      const details = { kind: 'object-class', name, changed: Object.keys(changes), policy: toPolicy(next) }
      await tx.audit.append({ ...toldBy(caller), action: 'UPDATE', details })
      return own(next)
    }),
  remove: (caller, name, expectedVersion) =>
    deps.store.transaction(async (tx) => {
      const row = await getOwn(deps, tx, { tenantId: caller.tenantId, name })
      requireVersion(row, expectedVersion)
      await tx.objectClasses.delete(caller.tenantId, row.id)
      await tx.audit.append({ ...toldBy(caller), action: 'DELETE', details: { kind: 'object-class', name } })
    }),
})
