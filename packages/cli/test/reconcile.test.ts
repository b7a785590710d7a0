import assert from 'node:assert/strict'
import { mkdir, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import type { ObjectInitiated, Reconciliation, StoredObject } from '@holdfast/api'
import { type Environment, holdfast, type ServerProcess, scratch, serve, succeed } from './command.ts'

let folder: Awaited<ReturnType<typeof scratch>>
let server: ServerProcess
let env: Environment
before(async () => {
  folder = await scratch()
  const data = folder.at('data')
  await succeed(['init', '--data', data])
  const token = (await succeed(['token', 'create', '--data', data, '--role', 'admin'])).trim()
  server = await serve(data)
  env = { HOLDFAST_URL: server.url, HOLDFAST_TOKEN: token }
})
after(async () => {
  await server?.[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

async function call<T>(method: string, path: string, body?: object): Promise<T> {
  const headers = { authorization: `Bearer ${env.HOLDFAST_TOKEN}`, ...(body ? { 'content-type': 'application/json' } : {}) }
  const answer = await fetch(`${env.HOLDFAST_URL}/api/v1${path}`, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) })
  assert.ok(answer.ok, `${method} ${path} answered ${answer.status}`)
  return (await answer.json()) as T
}

/** Stores a table and answers where its object lies on the disk of the server. */
async function store(owner: string): Promise<string> {
  const bytes = Buffer.from('name,amount\nAda,1\n')
  const asked = { originalFilename: 'a.csv', contentType: 'text/csv', fileSize: bytes.length }
  const place = { objectClass: 'REPORT', ownerEntityType: 'User', ownerEntityId: owner }
  const begun = await call<ObjectInitiated>('POST', '/uploads/initiate', { ...place, ...asked })
  const { 'content-length': _, ...headers } = begun.uploadHeaders
  assert.ok((await fetch(begun.uploadUrl, { method: 'PUT', headers, body: bytes })).ok)
  const { id, storageKey } = await call<StoredObject>('POST', `/uploads/${begun.storedObject.id}/complete`, {})
  while ((await call<StoredObject>('GET', `/uploads/${id}`)).status !== 'READY') await new Promise((resolve) => setTimeout(resolve, 20))
  return join(folder.at('data'), 'objects', storageKey)
}

test('O8: storage reconcile reports, and removes what a report found only where it is named', async () => {
  const missing = await store('usr_1')
  await rm(missing)
  const [tenant = ''] = await readdir(join(folder.at('data'), 'objects', 'tenants'))
  const path = join(folder.at('data'), 'objects', 'tenants', tenant, 'User', 'usr_2', '0199f0a4-7c00-7000-8000-000000000001')
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, 'left')
  await utimes(path, 1_700_000_000, 1_700_000_000)
  const report = await succeed(['storage', 'reconcile', 'Local'], { env })
  assert.match(report, /^1 objects and 1 files compared at Local; report [0-9a-f-]{36}\n/)
  assert.match(report, /\n1 objects that no record names: --apply with --include-unrecorded removes them \(4 B\)\n {2}tenants\//)
  assert.match(report, /\n1 files whose object is missing .*\n {2}tenants\/\S+ \(a\.csv\): The object is not at the target\./)
  const id = /report (\S+)/.exec(report)?.[1] ?? ''
  const careful = await succeed(['storage', 'reconcile', 'Local', '--apply', id], { env })
  assert.match(careful, /\n0 objects removed \(0 B\), 0 kept\n$/)
  assert.ok(await stat(path))
  const [first = ''] = (await succeed(['storage', 'reconcile', 'Local', '--json'], { env })).split('\n')
  const { id: again } = JSON.parse(first) as Reconciliation
  const applied = await succeed(['storage', 'reconcile', 'Local', '--apply', again, '--include-unrecorded'], { env })
  assert.match(applied, /\n1 objects removed \(4 B\), 0 kept\n$/)
  await assert.rejects(stat(path), { code: 'ENOENT' })
})

test('O8: storage reconcile says what is wrong with its arguments', async () => {
  assert.equal((await holdfast(['storage', 'reconcile', 'Local', '--include-unrecorded'], { env })).status, 2)
  assert.match((await holdfast(['storage', 'reconcile', 'Nowhere'], { env })).stderr, /There is no storage target Nowhere/)
  const unknown = ['storage', 'reconcile', 'Local', '--apply', '0199f0a4-7c00-7000-8000-000000000001']
  assert.equal((await holdfast(unknown, { env })).status, 1)
})
