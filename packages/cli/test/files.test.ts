import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, open, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { File as StoredFile } from '@holdfast/api'
import { createClient } from '@holdfast/client'
import { begin, type Environment, holdfast, type Outcome, scratch, serve, serveWithCase, succeed } from './command.ts'

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

async function readAll(stream: AsyncIterable<Buffer>): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += chunk
  return text
}

let folder: Awaited<ReturnType<typeof scratch>>
let server: Awaited<ReturnType<typeof serveWithCase>>
let env: Environment
before(async () => {
  folder = await scratch()
  server = await serveWithCase(folder.at('data'))
  env = server.env
})
after(async () => {
  await server[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

const client = () => createClient({ baseUrl: server.url, token: env.HOLDFAST_TOKEN })
const caseId = async () => (await client().cases.findByNumber('CASE-1'))!.id

async function newFile(name: string, bytes: Uint8Array): Promise<string> {
  await writeFile(folder.at(name), bytes)
  return folder.at(name)
}

/** One line on stderr that says what `pattern` matches, and nothing on stdout. */
function assertFailed(outcome: Outcome, pattern: RegExp, status = 1): void {
  assert.equal(outcome.status, status, outcome.stderr)
  assert.match(outcome.stderr, /^holdfast: [^\n]+\n$/)
  assert.match(outcome.stderr, pattern)
  assert.equal(outcome.stdout.length, 0)
}

test('S5: a file that was put is fetched byte for byte, and the list tells its digest', async () => {
  const bytes = randomBytes(20_000_003)
  const path = await newFile('disk image (1).dd', bytes)
  const put = await holdfast(['put', path, '--case', 'CASE-1'], { env })
  assert.equal(put.status, 0, put.stderr)
  const id = put.stdout.toString().trim()
  assert.match(put.stdout.toString(), /^[0-9a-f-]{36}\n$/)
  await succeed(['get', id, '-o', folder.at('back.dd')], { env })
  assert.ok((await readFile(folder.at('back.dd'))).equals(bytes))
  const listed = (await succeed(['ls', '--case', 'CASE-1', '--json'], { env }))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as StoredFile)
  const found = listed.find((file) => file.id === id)
  assert.deepEqual([found?.name, found?.status, found?.size, found?.sha256], ['disk image (1).dd', 'READY', bytes.length, sha256(bytes)])
  const table = await succeed(['ls'], { env })
  assert.ok(table.split('\n').some((line) => line.startsWith(id) && line.includes('READY') && line.endsWith('disk image (1).dd')))
})

test('S5: several files give one id a line in their order, an empty one among them, and a bad one does not stop the rest', async () => {
  const paths = [await newFile('a', randomBytes(10)), folder.at('missing'), await newFile('empty', new Uint8Array()), folder.path]
  const { status, stdout, stderr } = await holdfast(['put', ...paths, '--case', 'CASE-1'], { env })
  assert.equal(status, 1)
  const names = await Promise.all(
    stdout
      .toString()
      .trim()
      .split('\n')
      .map(async (id) => (await client().files.get(id)).name),
  )
  assert.deepEqual(names, ['a', 'empty'])
  assert.match(stderr, /^holdfast: \S+missing: .*no such file.*\nholdfast: \S+: .*not a regular file\n$/)
  const empty = (await holdfast(['ls', '--json'], { env })).stdout
    .toString()
    .split('\n')
    .find((line) => line.includes('"empty"'))
  const { id } = JSON.parse(empty ?? '') as StoredFile
  await succeed(['get', id, '-o', folder.at('empty-back')], { env })
  assert.equal((await stat(folder.at('empty-back'))).size, 0)
})

test('S5: a range gives those bytes, to a file and to standard output', async () => {
  const bytes = randomBytes(3_000_000)
  const id = (await succeed(['put', await newFile('ranged', bytes), '--case', 'CASE-1'], { env })).trim()
  const ranges: [string, number, number][] = [
    ['0-0', 0, 1],
    ['1048000-2097200', 1_048_000, 2_097_201],
    ['2999990-', 2_999_990, 3_000_000],
    ['-7', 2_999_993, 3_000_000],
    ['5-99999999', 5, 3_000_000],
  ]
  for (const [range, from, to] of ranges) {
    const { status, stdout } = await holdfast(['get', id, '-o', '-', '--range', range], { env })
    assert.equal(status, 0)
    assert.ok(stdout.equals(bytes.subarray(from, to)), range)
  }
  await succeed(['get', id, '-o', folder.at('part'), '--range', '10-19'], { env })
  assert.ok((await readFile(folder.at('part'))).equals(bytes.subarray(10, 20)))
  assertFailed(await holdfast(['get', id, '-o', folder.at('none'), '--range', '3000000-'], { env }), /outside the file/)
  assertFailed(await holdfast(['get', id, '-o', folder.at('none'), '--range', '9-x'], { env }), /not of the form/, 2)
})

/** The sealed object of a file in the data folder of the server. */
async function objectOf(fileId: string): Promise<string> {
  const objects = folder.at('data/objects')
  const name = (await readdir(objects, { recursive: true })).find((path) => path.endsWith(`${fileId}.bin`))
  assert.ok(name !== undefined, 'the object is there')
  return join(objects, name)
}

test('S5: of an object that was tampered with nothing is left at the output, and what was there before stays', async () => {
  const id = (await succeed(['put', await newFile('evidence', randomBytes(5_000_000)), '--case', 'CASE-1'], { env })).trim()
  const object = await open(await objectOf(id), 'r+')
  await object.write(Buffer.from([1, 2, 3, 4]), 0, 4, 3_500_000)
  await object.close()
  await mkdir(folder.at('out'))
  await writeFile(folder.at('out/evidence'), 'kept')
  assertFailed(await holdfast(['get', id, '-o', folder.at('out/evidence')], { env }), /do not match|flagged|damaged/i)
  assert.deepEqual(await readdir(folder.at('out')), ['evidence'])
  assert.equal(await readFile(folder.at('out/evidence'), 'utf8'), 'kept')
})

test('S9: an interrupted put goes on from the parts that the server has', async () => {
  // Zeros cost nothing to make and are sealed like anything else.
  const path = folder.at('large.img')
  const file = await open(path, 'w')
  await file.truncate(400_000_000)
  await file.close()
  const first = begin(['put', path, '--case', 'CASE-1'], env)
  const session = async () => (await client().uploads.list({ caseId: await caseId() })).items.find(({ name }) => name === 'large.img')
  while (((await session())?.receivedParts.length ?? 0) < 1) assert.equal(first.exitCode, null, 'it is still sending')
  const closed = once(first, 'close')
  first.kill('SIGKILL')
  await closed
  const left = await session()
  assert.ok(left !== undefined && left.receivedParts.length > 0, 'the upload is unfinished')
  const { status, stdout, stderr } = await holdfast(['put', path, '--case', 'CASE-1'], { env })
  assert.equal(status, 0, stderr)
  assert.match(stderr, /unfinished upload/)
  const stored = await client().files.get(stdout.toString().trim())
  assert.deepEqual([stored.id, stored.status, stored.size], [left.fileId, 'READY', 400_000_000])
  assert.equal(await session(), undefined)
})

test('S9: an interrupt ends put with its own status and keeps what was sent', async () => {
  const path = folder.at('interrupted.img')
  const file = await open(path, 'w')
  await file.truncate(400_000_001)
  await file.close()
  const child = begin(['put', path, '--case', 'CASE-1'], env)
  const session = async () => (await client().uploads.list({ caseId: await caseId() })).items.find(({ name }) => name === 'interrupted.img')
  while ((await session()) === undefined) assert.equal(child.exitCode, null)
  const closed = once(child, 'close')
  child.kill('SIGINT')
  assert.deepEqual(await closed, [130, null])
  assert.equal((await session())?.status, 'open')
})

test('S9: an unfinished upload of somebody else is not taken up, even of a file of the same name and size', async () => {
  const other = (await succeed(['token', 'create', '--data', folder.at('data'), '--role', 'examiner', '--name', 'other'])).trim()
  const theirs = await createClient({ baseUrl: server.url, token: other }).uploads.create({
    caseId: await caseId(),
    name: 'shared',
    size: 7,
  })
  const { status, stdout } = await holdfast(['put', await newFile('shared', randomBytes(7)), '--case', 'CASE-1'], { env })
  assert.equal(status, 0)
  assert.notEqual(stdout.toString().trim(), theirs.fileId)
})

test('S9: put outlives a server that is killed in the middle and started again', async () => {
  await using own = await scratch()
  const first = await serveWithCase(own.at('data'))
  const path = own.at('large.img')
  const file = await open(path, 'w')
  await file.truncate(400_000_000)
  await file.close()
  const child = begin(['put', path, '--case', 'CASE-1'], first.env)
  const printed = readAll(child.stdout!)
  const admin = createClient({ baseUrl: first.url, token: first.env.HOLDFAST_TOKEN })
  while (((await admin.uploads.list()).items[0]?.receivedParts.length ?? 0) < 1) assert.equal(child.exitCode, null, 'it is still sending')
  await first.kill()
  await using second = await serve(own.at('data'), { port: new URL(first.url).port })
  assert.deepEqual(await once(child, 'close'), [0, null])
  const stored = await createClient({ baseUrl: second.url, token: first.env.HOLDFAST_TOKEN }).files.get((await printed).trim())
  assert.deepEqual([stored.status, stored.size, stored.sha256], ['READY', 400_000_000, stored.declaredSha256])
})

test('O13: what is refused ends with one line that says why', async () => {
  const path = await newFile('small', randomBytes(3))
  assertFailed(await holdfast(['put', path, '--case', 'CASE-9'], { env }), /no case CASE-9/)
  assertFailed(await holdfast(['put', path, '--case', 'CASE-1', '--item', 'HDD-7'], { env }), /no item HDD-7/)
  assertFailed(await holdfast(['put', path], { env }), /--case/, 2)
  assertFailed(await holdfast(['put', path, '--case', 'CASE-1', '--tier', 'fast'], { env }), /secure, direct/, 2)
  assertFailed(await holdfast(['get', '01890000-0000-7000-8000-000000000000', '-o', folder.at('x')], { env }), /no such/i)
  assertFailed(await holdfast(['get', '01890000-0000-7000-8000-000000000000', '-o', folder.path], { env }), /is a folder/)
  assertFailed(await holdfast(['ls'], { env: { ...env, HOLDFAST_TOKEN: 'hf_wrong' } }), /does not accept HOLDFAST_TOKEN/)
  assertFailed(await holdfast(['ls'], { env: { HOLDFAST_URL: server.url } }), /HOLDFAST_TOKEN is not set/, 2)
  assertFailed(await holdfast(['ls'], { env: { ...env, HOLDFAST_URL: 'ftp://x' } }), /not an http/, 2)
})

test('O13: a server that is not there is named', async () => {
  const gone = createServer().listen(0, '127.0.0.1')
  await once(gone, 'listening')
  const url = `http://127.0.0.1:${(gone.address() as AddressInfo).port}`
  gone.close()
  const outcome = await holdfast(['ls'], { env: { ...env, HOLDFAST_URL: url } })
  assertFailed(outcome, /cannot be reached/)
  assert.ok(outcome.stderr.includes(url))
})

test('S4: names with control characters cannot write to the terminal', async () => {
  const id = (await succeed(['put', await newFile('plain', randomBytes(1)), '--case', 'CASE-1'], { env })).trim()
  await rename(folder.at('plain'), folder.at('\u202egnp.exe'))
  const put = await holdfast(['put', folder.at('\u202egnp.exe'), '--case', 'CASE-1'], { env })
  const listed = (await succeed(['ls'], { env })) + put.stderr
  assert.ok(listed.includes(id))
  assert.ok(!listed.includes('\u202e'))
})
