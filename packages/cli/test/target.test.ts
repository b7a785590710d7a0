import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { GiB, type Target } from '@holdfast/api'
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
})
after(async () => {
  await server?.[Symbol.asyncDispose]()
  await samba?.stop()
  await folder[Symbol.asyncDispose]()
})

const add = (name: string, more: readonly string[] = []) => [
  ...['target', 'add', '--kind', 'smb', '--name', name, '--host', samba.host, '--port', String(samba.port)],
  ...['--share', samba.share, '--user', samba.user, ...more],
]
const listed = async (...more: string[]): Promise<Target[]> =>
  (await succeed(['target', 'list', '--json', ...more], { env }))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Target)

test('T1 T6: a target is tried, made, listed, tested and deleted, its secret coming from anywhere but the command line', async () => {
  const { stdout, stderr, status } = await holdfast(add('Vault', ['--quota', '2GB']), {
    env: { ...env, HOLDFAST_TARGET_SECRET: samba.password },
  })
  assert.equal(status, 0, stderr)
  const id = stdout.toString().trim()
  assert.match(stdout.toString(), /^[0-9a-f-]{36}\n$/)
  const found = (await listed()).find((one) => one.id === id)
  assert.deepEqual(
    [found?.name, found?.quotaBytes, found?.lastTestOk, found?.capabilities?.conditionalWrites],
    ['Vault', 2 * GiB, true, true],
  )
  const tested = await holdfast(['target', 'test', 'Vault'], { env })
  assert.equal(tested.status, 0)
  assert.match(tested.stdout.toString(), /^✔ Look up the name \([\d.]+ ms\): .*\n(✔ .* \([\d.]+ ms\).*\n)+$/)
  assert.match(await succeed(['target', 'list'], { env }), new RegExp(`^${id}\\tsmb\\t0 B of 2.0 GB\\t-\\tpassed \\S+\\tVault$`, 'm'))
  await succeed(['target', 'delete', 'Vault'], { env })
  assert.equal((await holdfast(['target', 'test', id], { env })).status, 1)
  await writeFile(folder.at('secret'), `${samba.password}\n`)
  await succeed(add('From a file', ['--secret-file', folder.at('secret')]), { env })
  await succeed(['target', 'delete', 'From a file'], { env })
  await succeed(add('From a pipe', ['--secret-stdin']), { env, input: samba.password })
  await succeed(['target', 'delete', 'From a pipe'], { env })
})

test('T1 T2 T8: a target is changed where it is: name, quota and secret, tried first; of the built-in one name and quota', async () => {
  await succeed(add('Before', ['--secret-stdin']), { env, input: samba.password })
  const edit = (name: string, more: readonly string[], input = '') => holdfast(['target', 'edit', name, ...more], { env, input })
  const find = async (name: string) => (await listed()).find((one) => one.name === name)
  assert.equal((await edit('Before', ['--name', 'After', '--quota', '3GB'])).status, 0)
  assert.deepEqual([(await find('After'))?.quotaBytes, await find('Before')], [3 * GiB, undefined])
  assert.equal((await edit('After', ['--quota', 'none'])).status, 0)
  assert.equal((await find('After'))?.quotaBytes, null)
  const wrong = await edit('After', ['--secret-stdin'], 'not the password')
  assert.deepEqual([wrong.status, /it was not changed\n$/.test(wrong.stderr)], [1, true], wrong.stderr)
  assert.equal((await holdfast(['target', 'test', 'After'], { env })).status, 0, 'the old secret still holds')
  assert.equal((await edit('After', ['--secret-stdin'], samba.password)).status, 0)
  assert.equal((await edit('After', ['--user', samba.user])).status, 0, 'the same place, with the secret that is kept')
  const moved = await edit('After', ['--share', 'elsewhere', '--untested'])
  assert.deepEqual([moved.status, /is another storage/.test(moved.stderr)], [1, true], moved.stderr)
  for (const more of [[], ['--bucket', 'b'], ['--quota', 'much']]) assert.equal((await edit('After', more)).status, 2, more.join())
  await succeed(['target', 'delete', 'After'], { env })
  assert.equal((await edit('Local', ['--quota', '1TB'])).status, 0)
  assert.equal((await find('Local'))?.quotaBytes, 1024 * GiB)
  assert.equal((await edit('Local', ['--host', 'h'])).status, 2)
})

test('T6: what does not pass its test is not made; the failed step, its time and what to do are told', async () => {
  const wrong = await holdfast(add('Wrong', ['--secret-stdin']), { env, input: 'not the password' })
  assert.equal(wrong.status, 1)
  assert.equal(wrong.stdout.length, 0)
  assert.match(wrong.stderr, /✔ Connect \([\d.]+ ms\)/)
  assert.match(
    wrong.stderr,
    /\n✖ [^\n]+ \([\d.]+ ms\): [^\n]+\n {2}[^\n]*\w[^\n]*\nholdfast: the test failed at “[^”]+”; it was not made\n$/,
  )
  assert.ok(!wrong.stderr.includes('not the password'))
  const id = (await succeed(add('Kept', ['--secret-stdin', '--untested']), { env, input: 'not the password' })).trim()
  const { status, stdout, stderr } = await holdfast(['target', 'test', 'Kept', '--json'], { env })
  assert.equal(status, 1)
  assert.equal(JSON.parse(stdout.toString()).ok, false)
  assert.match(stderr, /^holdfast: the test failed at “/)
  await succeed(['target', 'delete', id], { env })
})

test('T1: fields that are missing or of another kind are wrong use, and so is a secret that is nowhere', async () => {
  const wrong: [readonly string[], RegExp][] = [
    [['--kind', 'smb', '--name', 'x', '--host', 'h', '--user', 'u'], /needs --share/],
    [['--kind', 's3', '--name', 'x', '--region', 'r', '--bucket', 'bbb', '--share', 's'], /--share says nothing of a target of kind s3/],
    [['--kind', 'sftp', '--name', 'x', '--host', 'h', '--user', 'u', '--iam-role'], /--iam-role says nothing/],
    [['--kind', 's3', '--name', 'x', '--region', 'r', '--bucket', 'bbb'], /--access-key-id, or --iam-role/],
    [['--kind', 'smb', '--name', 'x', '--host', 'h', '--user', 'u', '--share', 's'], /the password is needed/],
    [['--kind', 'smb', '--name', 'x', '--quota', '5 apples'], /--quota/],
    [['--kind', 'ftp', '--name', 'x'], /--kind/],
  ]
  for (const [args, message] of wrong) {
    const { status, stderr } = await holdfast(['target', 'add', ...args], { env })
    assert.equal(status, 2, stderr)
    assert.match(stderr, message)
  }
})
