import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Sync } from '@holdfast/api'
import { type SambaServer, startSamba } from '../../../test/servers/samba.ts'
import { type Environment, holdfast, type ServerProcess, scratch, serve, succeed } from './command.ts'

let folder: Awaited<ReturnType<typeof scratch>>
let samba: SambaServer
let server: ServerProcess
let env: Environment
before(async () => {
  folder = await scratch()
  samba = await startSamba('encryption-required')
  const data = folder.at('data')
  await succeed(['init', '--data', data])
  const token = (await succeed(['token', 'create', '--data', data, '--role', 'admin'])).trim()
  server = await serve(data, { env: { HOLDFAST_ALLOW_LOCAL_TARGETS: '1' } })
  env = { HOLDFAST_URL: server.url, HOLDFAST_TOKEN: token }
  await succeed(['case', 'create', '--number', 'CASE-1', '--title', 'Laptop'], { env })
})
after(async () => {
  await server?.[Symbol.asyncDispose]()
  await samba?.stop()
  await folder[Symbol.asyncDispose]()
})

const caseFolder = async (): Promise<string> => {
  const root = join(samba.folder, 'direct')
  const [tenant = ''] = await readdir(root)
  return join(root, tenant, 'CASE-1')
}
const sync = async (...more: string[]): Promise<Sync> =>
  JSON.parse(await succeed(['sync', '--case', 'CASE-1', '--json', ...more], { env })) as Sync

test('D13 R4: sync says that Direct is not set up, and what is wrong with its arguments', async () => {
  const unbound = await holdfast(['sync', '--case', 'CASE-1'], { env })
  assert.deepEqual([unbound.status, unbound.stdout.length], [1, 0])
  assert.match(unbound.stderr, /No storage target serves Direct Storage/)
  assert.equal((await holdfast(['sync'], { env })).status, 2)
  assert.match((await holdfast(['sync', '--case', 'CASE-9'], { env })).stderr, /There is no case CASE-9/)
})

test('D13: sync makes the folder, tells what it would do and does it; the brake makes it fail until removals are allowed', async () => {
  const add = ['target', 'add', '--kind', 'smb', '--name', 'NAS', '--host', samba.host, '--port', String(samba.port)]
  const made = await succeed([...add, '--share', samba.share, '--user', samba.user, '--secret-stdin'], { env, input: samba.password })
  const headers = { authorization: `Bearer ${env.HOLDFAST_TOKEN}`, 'content-type': 'application/json' }
  const body = JSON.stringify({ targetId: made.trim() })
  assert.equal((await fetch(`${env.HOLDFAST_URL}/api/v1/roles/direct`, { method: 'PUT', headers, body })).status, 200)
  assert.equal((await sync()).listed, 0)
  const path = await caseFolder()
  for (let index = 0; index < 8; index += 1) await writeFile(join(path, `photo ${index}.jpg`), `photo ${index}`)
  await mkdir(join(path, 'loose'))
  const preview = await succeed(['sync', '--case', 'CASE-1', '--preview'], { env })
  assert.match(preview, /^8 files on the storage, 0 unchanged \(preview: nothing was changed\)\n8 added \(56 B\)\n {2}photo 0\.jpg\n/)
  assert.match(preview, /\n1 skipped \(0 B\)\n {2}loose: A folder: /)
  assert.equal((await sync()).added.count, 8)
  for (let index = 0; index < 5; index += 1) await rm(join(path, `photo ${index}.jpg`))
  const stopped = await holdfast(['sync', '--case', 'CASE-1'], { env })
  assert.equal(stopped.status, 1)
  assert.match(stopped.stderr, /^holdfast: Nothing was changed\. 5 of the 8 files .*\n$/)
  assert.equal((await sync('--allow-removals')).removed.count, 5)
  assert.equal((await sync()).unchanged, 3)
})

test('D10: verify waits and prints the digest; what was tampered with fails and names both', async () => {
  const listed = (await succeed(['ls', '--case', 'CASE-1'], { env })).split('\n')
  const id = listed.find((line) => line.includes('photo 7.jpg'))?.split('\t')[0] ?? ''
  const digest = (text: string) => createHash('sha256').update(text).digest('hex')
  assert.equal(await succeed(['verify', id], { env }), `${digest('photo 7')}\n`)
  await writeFile(join(await caseFolder(), 'photo 7.jpg'), 'forged!')
  const forged = await holdfast(['verify', id], { env })
  assert.deepEqual([forged.status, forged.stdout.length], [1, 0])
  assert.equal(forged.stderr, `holdfast: the storage holds ${digest('forged!')} instead of ${digest('photo 7')}\n`)
  await rm(join(await caseFolder(), 'photo 7.jpg'))
  const gone = await holdfast(['verify', id], { env })
  assert.equal(gone.status, 1)
  assert.match(gone.stderr, /not on the storage any more/)
})

test('verify reads sealed files back, too', async () => {
  const path = folder.at('sealed.bin')
  await writeFile(path, 'sealed')
  const id = (await succeed(['put', path, '--case', 'CASE-1'], { env })).trim()
  assert.equal(await succeed(['verify', id], { env }), `${createHash('sha256').update('sealed').digest('hex')}\n`)
})
