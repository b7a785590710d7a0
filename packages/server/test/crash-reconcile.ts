import assert from 'node:assert/strict'
import { mkdir, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Me, PageOf, Reconciliation, Target } from '@holdfast/api'
import { type CrashPointName, crashPointNames } from '../src/core/crash-point.ts'
import { newId } from '../src/core/ids.ts'
import type { Patient } from './crash-patient.ts'
import type { KillableServer } from './killable-server.ts'

/** The points that crash-reconcile.test.ts kills a server at. */
export const reconcilePoints: readonly CrashPointName[] = crashPointNames.filter((name) => name.startsWith('reconcile.'))

type Place = { readonly server: KillableServer; readonly patient: Patient; readonly targetId: string }

/** Waits for the end of the newest reconciliation and of its job, whatever dies meanwhile. */
async function ended({ server, patient, targetId }: Place): Promise<Reconciliation> {
  for (;;) {
    const jobs = await patient.ok(() => server.admin.call<PageOf<{ status: string }>>('GET', '/jobs?kind=reconcile-target&limit=200'))
    const isFree = jobs.items.every(({ status }) => status !== 'queued' && status !== 'running')
    const path = `/targets/${targetId}/reconciliations?limit=1`
    const [latest] = (await patient.ok(() => server.admin.call<PageOf<Reconciliation>>('GET', path))).items
    if (isFree && latest && !['reporting', 'applying'].includes(latest.status)) return latest
    await sleep(20)
  }
}

/** Each step is repeated until it is answered; one that was not answered may have been done. */
async function step(place: Place, path: string, body = {}): Promise<Reconciliation> {
  await place.patient.until(async () => {
    const { status } = await place.server.admin.call('POST', path, { body })
    assert.ok([200, 201, 409].includes(status), `${path} answered ${status}`)
  })
  return ended(place)
}

/** Objects that no row names lie at the target for long; each goes once, and is told once, however often the server died. */
export async function workReconciliation(server: KillableServer, patient: Patient): Promise<void> {
  const { tenant } = await patient.ok(() => server.api.call<Me>('GET', '/me'))
  const { items } = await patient.ok(() => server.admin.call<PageOf<Target>>('GET', '/targets'))
  const targetId = items.find((target) => target.builtin)?.id ?? assert.fail('no built-in target')
  const keys = ['one', 'two', 'three'].map((owner) => `tenants/${tenant.id}/User/${owner}/${newId()}`)
  for (const key of keys) {
    const path = join(server.dataDir, 'objects', key)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, key)
    await utimes(path, 1_700_000_000, 1_700_000_000)
  }
  const place = { server, patient, targetId }
  const reported = await step(place, `/targets/${targetId}/reconciliations`)
  assert.deepEqual([reported.status, reported.unrecorded.count, reported.objects], ['reported', 3, 3])
  const applied = await step(place, `/reconciliations/${reported.id}/apply`, { includeUnrecorded: true })
  assert.deepEqual([applied.id, applied.status, applied.removed.count, applied.kept.count], [reported.id, 'applied', 3, 0])
  for (const key of keys) await assert.rejects(stat(join(server.dataDir, 'objects', key)), { code: 'ENOENT' })
  const entries = async (action: string) => {
    const path = `/audit/entries?action=${action}&limit=200`
    return (await patient.ok(() => server.admin.call<PageOf<{ details: Record<string, unknown> }>>('GET', path))).items
  }
  const removed = (await entries('LEFTOVER_REMOVED')).map(({ details }) => details.key)
  for (const key of keys) assert.equal(removed.filter((one) => one === key).length, 1, 'each is told once')
  const ends = (await entries('STORAGE_CLEANED')).filter(({ details }) => details.reconciliationId === reported.id)
  assert.equal(ends.length, 1)
}
