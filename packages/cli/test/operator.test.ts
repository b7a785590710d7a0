import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import type { AuditVerification } from '@holdfast/api'
import { createClient } from '@holdfast/client'
import { holdfast, scratch, serve, serveWithCase, succeed } from './command.ts'

test('S8: init makes the keys once, says where they are and that losing them loses the files', async () => {
  await using folder = await scratch()
  const first = await succeed(['init', '--data', folder.at('data')])
  assert.match(first, /master\.key/)
  assert.match(first, /losing them loses the files/)
  const keys = folder.at('data/keys')
  const names = await readdir(keys)
  assert.deepEqual(names.sort(), ['audit.key', 'credential.key', 'master.key'])
  const before = await Promise.all(names.map((name) => readFile(join(keys, name), 'utf8')))
  for (const [index, name] of names.entries()) {
    assert.equal((await stat(join(keys, name))).mode & 0o777, 0o600)
    assert.ok(!first.includes(before[index]!.trim()), 'no key is printed')
  }
  await succeed(['init', '--data', folder.at('data')])
  assert.deepEqual(await Promise.all(names.map((name) => readFile(join(keys, name), 'utf8'))), before)
})

test('S8: without keys, or with one that others can read, serve does not start and says why', async () => {
  await using folder = await scratch()
  const missing = await holdfast(['serve', '--data', folder.at('data'), '--port', '0'])
  assert.equal(missing.status, 1)
  assert.match(missing.stderr, /^holdfast: [^\n]*master\.key[^\n]*\n$/)
  await succeed(['init', '--data', folder.at('data')])
  await chmod(folder.at('data/keys/master.key'), 0o644)
  const readable = await holdfast(['serve', '--data', folder.at('data'), '--port', '0'])
  assert.equal(readable.status, 1)
  assert.match(readable.stderr, /^holdfast: [^\n]*open to other users[^\n]*\n$/)
})

test('N3: token create prints the token alone, and the server takes it with its role', async () => {
  await using folder = await scratch()
  await succeed(['init', '--data', folder.at('data')])
  await using server = await serve(folder.at('data'))
  const printed = await succeed(['token', 'create', '--data', folder.at('data'), '--role', 'auditor', '--name', 'ci'])
  assert.match(printed, /^hf_[A-Za-z0-9_-]{43}\n$/)
  const me = await createClient({ baseUrl: server.url, token: printed.trim() }).me.get()
  assert.deepEqual([me.kind, me.name, me.role], ['token', 'ci', 'auditor'])
  assert.equal((await holdfast(['token', 'create', '--data', folder.at('data'), '--role', 'root'])).status, 2)
  const limited = await succeed([
    'token',
    'create',
    '--data',
    folder.at('data'),
    '--role',
    'examiner',
    '--scope',
    'upload.read',
    'upload.write',
  ])
  const { permissions } = await createClient({ baseUrl: server.url, token: limited.trim() }).me.get()
  assert.ok(permissions.includes('file.upload') && !permissions.includes('case.write'), permissions.join())
})

test('N3 O6: tenant create makes an organisation of its own, whose people and tokens see nothing of another', async () => {
  await using folder = await scratch()
  const data = ['--data', folder.at('data')]
  await using server = await serveWithCase(folder.at('data'))
  const other = (await succeed(['tenant', 'create', ...data, '--name', 'Second lab', '--slug', 'second'])).trim()
  assert.match(other, /^[0-9a-f-]{36}$/)
  const taken = await holdfast(['tenant', 'create', ...data, '--name', 'Third', '--slug', 'second'])
  assert.deepEqual([taken.status, /There is a tenant second already/.test(taken.stderr)], [1, true])
  assert.equal((await holdfast(['tenant', 'create', ...data, '--name', 'Third', '--slug', '../x'])).status, 2)
  const listed = await succeed(['tenant', 'list', ...data])
  assert.deepEqual(listed.trim().split('\n').length, 2)
  assert.match(listed, new RegExp(`${other}\\s+second\\s+Second lab`))
  const unnamed = await holdfast(['token', 'create', ...data, '--role', 'admin'])
  assert.deepEqual([unnamed.status, /several tenants/.test(unnamed.stderr)], [1, true], 'with several, none is taken by chance')
  const token = (await succeed(['token', 'create', ...data, '--role', 'admin', '--tenant', other])).trim()
  const stranger = createClient({ baseUrl: server.url, token })
  assert.equal((await stranger.me.get()).tenant.id, other)
  assert.deepEqual((await stranger.cases.list({})).items, [])
  const own = await stranger.cases.create({ number: 'CASE-2026-001', title: 'A number of another tenant is free here' })
  assert.equal(own.number, 'CASE-2026-001')
  assert.deepEqual(
    (await stranger.targets.list({})).items.map(({ name, kind }) => [name, kind]),
    [['Local', 'local']],
  )
})

test('N3: user create reads the password from standard input, and that person can sign in', async () => {
  await using folder = await scratch()
  await succeed(['init', '--data', folder.at('data')])
  const args = ['user', 'create', '--data', folder.at('data'), '--email', 'ada@example.org', '--name', 'Ada', '--role', 'admin']
  assert.equal((await holdfast(args)).status, 2)
  assert.equal((await holdfast([...args, '--password-stdin'], { input: 'short\n' })).status, 2)
  await succeed([...args, '--password-stdin'], { input: 'a long password\n' })
  const again = await holdfast([...args, '--password-stdin'], { input: 'a long password\n' })
  assert.equal(again.status, 1)
  assert.match(again.stderr, /already/)
  await using server = await serve(folder.at('data'))
  const body = JSON.stringify({ email: 'ada@example.org', password: 'a long password' })
  const headers = { 'content-type': 'application/json', origin: server.url }
  const answer = await fetch(`${server.url}/api/auth/sign-in/email`, { method: 'POST', headers, body })
  assert.equal(answer.status, 200)
})

test('N1: a second server on the same data folder is refused, and the folder is free once the first is gone', async () => {
  await using folder = await scratch()
  await succeed(['init', '--data', folder.at('data')])
  const first = await serve(folder.at('data'))
  const second = await holdfast(['serve', '--data', folder.at('data'), '--port', '0'])
  assert.equal(second.status, 1)
  assert.match(second.stderr, /^holdfast: Another Holdfast server[^\n]*\n$/)
  await first.kill()
  const third = await serve(folder.at('data'))
  await third[Symbol.asyncDispose]()
  assert.equal(third.child.exitCode, 0, 'it ends by itself when asked to')
})

test('N1: a server that is asked to end does so, also after a cancel in the middle of a part and with a part that stands still', async () => {
  await using folder = await scratch()
  const server = await serveWithCase(folder.at('data'))
  const client = createClient({ baseUrl: server.url, token: server.env.HOLDFAST_TOKEN })
  const owner = await client.cases.findByNumber('CASE-1')
  const sockets: Socket[] = []
  for (const [name, cancelled] of [
    ['cancelled', true],
    ['still', false],
  ] as const) {
    const upload = await client.uploads.create({ caseId: owner!.id, name, size: 80_000_000 })
    const { host, port, pathname } = new URL(client.uploads.partUrl(upload.id, 1))
    const socket = connect(Number(port), '127.0.0.1')
    await once(socket, 'connect')
    const headers = [`Host: ${host}`, `Authorization: Bearer ${server.env.HOLDFAST_TOKEN}`, `Content-Length: ${upload.partSize}`]
    socket.write(`PUT ${pathname} HTTP/1.1\r\n${headers.join('\r\n')}\r\nContent-Type: application/octet-stream\r\n\r\n`)
    await new Promise((written) => socket.write(Buffer.alloc(2_000_000), written))
    if (cancelled) await client.uploads.abort(upload.id)
    socket.on('error', () => {})
    sockets.push(socket)
  }
  sockets[0]?.destroy()
  await server[Symbol.asyncDispose]()
  assert.equal(server.child.exitCode, 0)
  sockets[1]?.destroy()
})

test('A3 X9: check, audit verify and storage verify pass on a sound store and name what was changed', async () => {
  await using folder = await scratch()
  const data = folder.at('data')
  const server = await serveWithCase(data)
  await writeFile(folder.at('a'), randomBytes(2_000_000))
  const id = (await succeed(['put', folder.at('a'), '--case', 'CASE-1'], { env: server.env })).trim()
  assert.match(await succeed(['check', '--data', data]), /Everything holds/, 'beside a running server')
  await server[Symbol.asyncDispose]()

  assert.equal(JSON.parse(await succeed(['check', '--data', data, '--json'])).ok, true)
  assert.match(await succeed(['storage', 'verify', '--data', data]), /Local\n( {2}✔ [^\n]*\n)+$/)
  const sound = JSON.parse(await succeed(['audit', 'verify', '--data', data, '--json'])) as AuditVerification
  assert.ok(sound.ok && sound.entries > 5 && sound.pending === 0)
  const lines = (await succeed(['audit', 'export', '--data', data])).trim().split('\n')
  assert.ok(lines.every((line) => JSON.parse(line)) && lines.some((line) => line.includes(id)))

  const database = new DatabaseSync(join(data, 'holdfast.db'))
  database.prepare(`update audit_entries set action = 'DELETE' where action = 'UPLOAD_COMPLETED'`).run()
  database.close()
  const changed = await holdfast(['audit', 'verify', '--data', data])
  assert.equal(changed.status, 1)
  assert.match(changed.stderr, /^holdfast: the audit log does not verify: entry \d+ \([0-9a-f-]{36}\)[^\n]*\n$/)

  const objects = join(data, 'objects')
  const object = (await readdir(objects, { recursive: true })).find((path) => path.endsWith(`${id}.bin`))
  await rm(join(objects, object ?? ''))
  const broken = await holdfast(['check', '--data', data])
  assert.equal(broken.status, 1)
  assert.match(broken.stdout.toString(), new RegExp(`✖ file-object [^\n]*${id}`))
  assert.match(broken.stderr, /^holdfast: the check found \d+ faults?\n$/)
})

test('X9: storage verify --all reads every file at a rate into a report, goes on where it was interrupted, and names what is damaged', async () => {
  await using folder = await scratch()
  const data = folder.at('data')
  const server = await serveWithCase(data)
  const ids: string[] = []
  for (const name of ['a', 'b', 'c']) {
    await writeFile(folder.at(name), randomBytes(1_500_000))
    ids.push((await succeed(['put', folder.at(name), '--case', 'CASE-1'], { env: server.env })).trim())
  }
  await server[Symbol.asyncDispose]()
  const run = (...more: string[]) => holdfast(['storage', 'verify', '--data', data, '--all', '--rate', '1000', ...more])
  const report = join(data, 'storage-verify.jsonl')
  type Line = { type: string; fileId?: string; outcome?: string; detail?: string; files?: number }
  const lines = async (): Promise<Line[]> =>
    (await readFile(report, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  const first = await run()
  assert.equal(first.status, 0, first.stderr)
  assert.match(
    first.stdout.toString(),
    /3 files \(4\.3 MB\): 3 proven, 0 read without a digest to compare, 0 damaged, 0 not read\nReport: [^\n]*storage-verify\.jsonl\n$/,
  )
  const whole = await lines()
  assert.deepEqual(
    whole.map(({ type, fileId, outcome }) => [type, fileId, outcome]),
    [['begin', undefined, undefined], ...ids.map((id) => ['file', id, 'proven']), ['end', undefined, undefined]],
  )

  // As an interruption leaves it: one file told of, another half.
  const [begun, told] = (await readFile(report, 'utf8')).split('\n')
  const marked = JSON.stringify({ ...JSON.parse(told ?? ''), detail: 'told before' })
  await writeFile(report, `${begun}\n${marked}\n{"type":"file","fileI`)
  const objects = join(data, 'objects')
  const object = (await readdir(objects, { recursive: true })).find((path) => path.endsWith(`${ids[2]}.bin`)) ?? ''
  const bytes = await readFile(join(objects, object))
  bytes[1_200_000]! ^= 1
  await writeFile(join(objects, object), bytes)
  const second = await run('--json')
  assert.equal(second.status, 1)
  assert.match(second.stderr, new RegExp(`✖ damaged ${ids[2]}: `))
  assert.match(second.stderr, /holdfast: storage does not verify: damaged 1, not read 0\n$/)
  const gone = (await lines()).slice(1)
  assert.deepEqual(
    gone.map(({ fileId, outcome, detail }) => [fileId, outcome, detail === 'told before']),
    [
      [ids[0], 'proven', true],
      [ids[1], 'proven', false],
      [ids[2], 'damaged', false],
      [undefined, undefined, false],
    ],
  )
  assert.equal(gone.at(-1)?.files, 3)

  await writeFile(report, 'something else\n')
  assert.match((await run()).stderr, /not a report of storage verify/)
})

test('N1: holdfast --help names every command, and an unknown one is wrong use', async () => {
  const help = await succeed(['--help'])
  for (const name of ['init', 'serve', 'work', 'token', 'put', 'get', 'ls', 'storage', 'audit', 'seal', 'open', 'check', 'case', 'user']) {
    assert.match(help, new RegExp(`^ {2}${name}\\b`, 'm'))
  }
  const unknown = await holdfast(['chekc'])
  assert.equal(unknown.status, 2)
  assert.match(unknown.stderr, /Did you mean check/)
})
