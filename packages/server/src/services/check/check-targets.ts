import { UPLOAD_IDLE_SECONDS } from '@holdfast/api'
import { assetPrefixes } from '../../core/evidence-keys.ts'
import { directPrefix, objectPrefix, PROBE_PREFIX, rolePrefixes, securePrefix } from '../../core/object-keys.ts'
import { tenantOfKey } from '../../core/own-keys.ts'
import type { TargetRow } from '../../db/targets.ts'
import type { StorageTarget } from '../../storage/target.ts'
import { isKnownObject } from '../known-objects.ts'
import type { CheckDeps, CheckOptions } from './check-store.ts'
import type { CheckNotes } from './report.ts'

/** A write without an upload is what a crash between its begin and its row leaves; the sweep has this long to remove it. */
const ORPHAN_PATIENCE = UPLOAD_IDLE_SECONDS * 1000

/** What a tenant's files are stored below, each by its tier. */
const prefixesOf = ({ tenantId }: TargetRow): string[] => [securePrefix(tenantId), objectPrefix(tenantId), ...assetPrefixes(tenantId)]

/** Looks at what lies at one target and whether a row knows it. */
export async function checkTarget(deps: CheckDeps, row: TargetRow, options: CheckOptions & { notes: CheckNotes }): Promise<void> {
  const { notes, signal } = options
  const place = { tenantId: row.tenantId, targetId: row.id }
  notes.counts.targets += 1
  try {
    await using lease = await deps.targets.lease(row.tenantId, row.id)
    for (const prefix of prefixesOf(row)) {
      for await (const { key } of lease.target.list(prefix, { signal })) {
        notes.counts.objects += 1
        if (!(await isKnownObject(deps, place, key))) notes.find('object-row', key, 'no file has this object')
      }
      await checkWrites(deps, { row, target: lease.target, prefix }, options)
    }
    await countDirectWrites(deps, { row, target: lease.target }, options)
  } catch (error) {
    signal.throwIfAborted()
    notes.find('target', row.id, error instanceof Error ? error.message : 'unknown')
  }
}

/**
 * The folder of the built-in Local target is Holdfast's alone, so whatever lies in it below no tenant's prefix was put there by another
 * way, and maybe in the open. All tenants share it: once is enough.
 */
export async function checkStrays(
  deps: CheckDeps,
  rows: readonly TargetRow[],
  options: CheckOptions & { notes: CheckNotes },
): Promise<void> {
  const { notes, signal } = options
  const builtin = rows.find((row) => row.builtin)
  if (!builtin) return
  const known = new Set(rows.map((row) => row.tenantId))
  await using lease = await deps.targets.lease(builtin.tenantId, builtin.id)
  for await (const { key } of lease.target.list('', { signal })) {
    if (key.startsWith(PROBE_PREFIX) || key.startsWith(rolePrefixes.backup)) continue
    const tenantId = tenantOfKey(key)
    if (tenantId !== null && (known.has(tenantId) || (await deps.store.read.tenants.find(tenantId)) !== null)) continue
    notes.find('object-row', key, 'no file has this object, and no tenant has this place')
  }
}

/** Others write there, too, and nobody but the sweep judges which are whose. */
async function countDirectWrites(
  deps: CheckDeps,
  at: { row: TargetRow; target: StorageTarget },
  { notes, signal }: CheckOptions & { notes: CheckNotes },
): Promise<void> {
  for await (const { write } of at.target.listWrites(directPrefix(at.row.tenantId), deps.clock.now() + 1, { signal })) {
    if (await deps.store.read.uploads.isWriteRunning(write)) notes.counts.writes += 1
  }
}

async function checkWrites(
  deps: CheckDeps,
  at: { row: TargetRow; target: StorageTarget; prefix: string },
  { notes, signal }: CheckOptions & { notes: CheckNotes },
): Promise<void> {
  const now = deps.clock.now()
  for await (const { key, write, startedAt } of at.target.listWrites(at.prefix, now + 1, { signal })) {
    notes.counts.writes += 1
    if (startedAt > now - ORPHAN_PATIENCE || (await deps.store.read.uploads.isWriteRunning(write))) continue
    if (await deps.store.read.moves.isWriteRunning(write)) continue
    const file = await deps.store.read.files.findByKey(at.row.tenantId, key)
    const isGoing = file?.status === 'DELETED' && file.purgedAt === null
    if (!isGoing) notes.find('write-row', key, 'no upload has this write, and the sweep has not removed it')
  }
}

/** Compares what targets say they hold with what rows add up to. Both are read once more before a difference counts. */
export async function checkUsage(deps: CheckDeps, rows: readonly TargetRow[], notes: CheckNotes): Promise<void> {
  for (const difference of await usageDifferences(deps, rows)) {
    const again = await usageDifferences(deps, rows)
    if (again.includes(difference))
      notes.find('quota-sum', difference.split(' ', 1)[0] ?? '', difference.slice(difference.indexOf(' ') + 1))
  }
}

async function usageDifferences(deps: CheckDeps, rows: readonly TargetRow[]): Promise<string[]> {
  const differences: string[] = []
  await deps.store.transaction(async (tx) => {
    const used = await tx.files.usageByTarget()
    const reservations = [await tx.uploads.reservedByTarget(), await tx.moves.reservedByTarget(), await tx.files.reservedForSync()]
    differences.length = 0
    for (const { tenantId, id } of rows) {
      const row = await tx.targets.find(tenantId, id)
      const sums = { used: used.get(id) ?? 0, reserved: reservations.reduce((sum, of) => sum + (of.get(id) ?? 0), 0) }
      if (row && row.usedBytes !== sums.used) differences.push(`${id} used_bytes is ${row.usedBytes}, its files add up to ${sums.used}`)
      if (row && row.reservedBytes !== sums.reserved) {
        differences.push(`${id} reserved_bytes is ${row.reservedBytes}, its uploads and moves add up to ${sums.reserved}`)
      }
    }
  })
  return differences
}
