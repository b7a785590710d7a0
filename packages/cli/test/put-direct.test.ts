import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { createClient } from '@holdfast/client'
import { type Line, startLine } from '../../../test/e2e/line.ts'
import { s3Fields } from '../../server/test/direct-world.ts'
import { type S3World, s3World } from '../../server/test/s3-world.ts'
import { begin, holdfast, scratch, serveWithCase, succeed } from './command.ts'

let folder: Awaited<ReturnType<typeof scratch>>
let server: Awaited<ReturnType<typeof serveWithCase>>
let s3: S3World
let line: Line
before(async () => {
  folder = await scratch()
  server = await serveWithCase(folder.at('data'), { env: { HOLDFAST_ALLOW_LOCAL_TARGETS: '1' } })
  s3 = await s3World('versitygw')
  line = await startLine(() => s3.server.port)
})
after(async () => {
  await server?.[Symbol.asyncDispose]()
  await line?.[Symbol.asyncDispose]()
  await s3?.[Symbol.asyncDispose]()
  await folder?.[Symbol.asyncDispose]()
})

const examiner = () => createClient({ baseUrl: server.url, token: server.env.HOLDFAST_TOKEN })
const put = (path: string) => ['put', path, '--case', 'CASE-1', '--tier', 'direct']

async function bindDirect(): Promise<void> {
  const token = (await succeed(['token', 'create', '--data', folder.at('data'), '--role', 'admin'])).trim()
  const admin = createClient({ baseUrl: server.url, token })
  const fields = s3Fields(s3, await s3.bucket())
  const place = { ...fields.place, endpoint: `http://127.0.0.1:${line.port}` }
  const target = await admin.targets.create({ ...fields, place, name: 'Bucket' })
  await admin.roles.bind('direct', target.id)
}

test('R4 D2 S9: put --tier direct says that Direct is not set up; then it goes straight into the bucket, and on from where it was', async () => {
  const bytes = randomBytes(600_000_003)
  const path = folder.at('disk.img')
  await writeFile(path, bytes)
  const early = await holdfast(put(path), { env: server.env })
  assert.equal(early.status, 1)
  assert.match(early.stderr, /^holdfast: Direct is not set up on this server[^\n]*\n$/)

  await bindDirect()
  const { items } = await examiner().cases.list()
  const caseId = items[0]!.id
  const received = async () => (await examiner().uploads.list({ caseId, mine: true })).items[0]?.receivedBytes ?? 0
  // Slow enough that it is far from its end when some of it is there, however fast the machine is.
  line.setSpeed(60_000_000)
  const child = begin(put(path), server.env)
  while ((await received()) === 0) assert.equal(child.exitCode, null, 'it is still sending')
  const closed = once(child, 'close')
  child.kill('SIGINT')
  assert.deepEqual(await closed, [130, null])
  const kept = await received()
  assert.ok(kept > 0)
  line.setSpeed(Number.POSITIVE_INFINITY)

  const { stdout, stderr } = await holdfast(put(path), { env: server.env })
  assert.match(stderr, /unfinished upload of this name and size is there; comparing/)
  const id = stdout.toString().trim()
  const file = await examiner().files.get(id)
  assert.deepEqual([file.tier, file.status, file.declaredSha256], ['direct', 'READY', createHash('sha256').update(bytes).digest('hex')])
  await succeed(['get', id, '-o', folder.at('back.img')], { env: server.env })
  assert.ok((await readFile(folder.at('back.img'))).equals(bytes))
})
