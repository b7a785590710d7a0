import assert from 'node:assert/strict'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Case, File, Me, PageOf, Sync } from '@holdfast/api'
import { type CrashPointName, crashPointNames } from '../src/core/crash-point.ts'
import type { Patient } from './crash-patient.ts'
import { sha256 } from './file-world.ts'
import type { KillableServer } from './killable-server.ts'

/** The points that crash-sync.test.ts kills a server at. */
export const syncPoints: readonly CrashPointName[] = crashPointNames.filter((name) => /^(hash|sync)\./.test(name))

/** Syncs the root of the case to its end, whatever dies meanwhile; a start that was not answered may have begun one. */
async function synced(server: KillableServer, { until }: Patient, caseId: string): Promise<Sync> {
  const { api } = server
  const list = async () => (await until(() => api.call<PageOf<Sync>>('GET', `/cases/${caseId}/syncs?limit=50`))).body.items
  const before = (await list()).length
  await until(async () => {
    const { status } = await api.call('POST', `/cases/${caseId}/syncs`, { body: { mode: 'apply' } })
    assert.ok([201, 409].includes(status))
  })
  for (;;) {
    const [latest, ...others] = await list()
    if (latest && others.length >= before && [latest, ...others].every((sync) => sync.status !== 'running')) return latest
    await sleep(20)
  }
}

async function hashed(server: KillableServer, { until }: Patient, fileId: string): Promise<File> {
  const { api } = server
  await until(async () => assert.equal((await api.call('POST', `/files/${fileId}/verify`, { body: {} })).status, 202))
  for (;;) {
    const file = await until(() => api.file(fileId))
    if (file.hashState === 'computed') return file
    await sleep(20)
  }
}

const count = async (server: KillableServer, { ok }: Patient, query: string): Promise<number> =>
  (await ok(() => server.admin.call<PageOf<unknown>>('GET', `/audit/entries?${query}&limit=200`))).items.length

/** Others put files into the folder of a case and take one out; each Sync, and each hash, is told once however often the server died. */
export async function workSync(server: KillableServer, patient: Patient): Promise<void> {
  const { api } = server
  const { tenant } = await patient.ok(() => api.call<Me>('GET', '/me'))
  const owner: Case = await patient.until(() => api.newCase())
  const folder = join(server.dataDir, 'second', 'direct', tenant.id, owner.number)
  await mkdir(folder, { recursive: true })
  for (const name of ['one', 'two', 'three']) await writeFile(join(folder, name), `content of ${name}`)
  const first = await synced(server, patient, owner.id)
  assert.deepEqual([first.status, first.added.count + first.unchanged], ['done', 3])
  const list = () => patient.ok(() => api.call<PageOf<File>>('GET', `/files?caseId=${owner.id}&tier=direct`))
  const files = (await list()).items
  assert.deepEqual(files.map((file) => file.name).sort(), ['one', 'three', 'two'])
  const file = await hashed(server, patient, files.find((one) => one.name === 'one')?.id ?? '')
  assert.equal(file.sha256, sha256(Buffer.from('content of one')))
  assert.equal(await count(server, patient, `fileId=${file.id}&action=SHA256_COMPUTED`), 1)
  await rm(join(folder, 'two'))
  await synced(server, patient, owner.id)
  assert.deepEqual((await list()).items.map((one) => one.name).sort(), ['one', 'three'])
  const gone = files.find((one) => one.name === 'two')?.id ?? ''
  assert.equal(await count(server, patient, `fileId=${gone}&action=DELETE`), 1)
  const syncs = (await patient.ok(() => api.call<PageOf<Sync>>('GET', `/cases/${owner.id}/syncs?limit=50`))).items
  assert.equal(await count(server, patient, `caseId=${owner.id}&action=DIRECT_SYNC`), syncs.length)
}
