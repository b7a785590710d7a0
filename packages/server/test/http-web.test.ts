import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { bucketOrigins } from '../src/core/bucket-origins.ts'
import { newId } from '../src/core/ids.ts'
import { openWorld, send, type World } from './http-world.ts'

let root: string
let outside: string
let world: World
before(async () => {
  outside = await mkdtemp(join(tmpdir(), 'holdfast-web-'))
  root = join(outside, 'dist')
  await mkdir(join(root, 'assets'), { recursive: true })
  await writeFile(join(outside, 'secret.txt'), 'secret')
  await writeFile(join(root, 'index.html'), '<!doctype html><title>Holdfast</title>')
  await writeFile(join(root, 'assets', 'app-Bx3_9aZ1.js'), 'export {}')
  await writeFile(join(root, 'assets', 'plain.js'), 'export {}')
  await writeFile(join(root, 'sw.js'), 'self')
  await symlink(join(outside, 'secret.txt'), join(root, 'link.txt'))
  world = await openWorld({ webRoot: root })
})
after(async () => {
  await world[Symbol.asyncDispose]()
  await rm(outside, { recursive: true, force: true })
})
const get = (url: string, headers: Record<string, string> = {}) => send(world.app, { url, headers })

test('U1: hashed assets are kept for ever, other files revalidated, the page never stored', async () => {
  assert.equal((await get('/assets/app-Bx3_9aZ1.js')).headers['cache-control'], 'public, max-age=31536000, immutable')
  assert.equal((await get('/assets/plain.js')).headers['cache-control'], 'no-cache')
  assert.equal((await get('/sw.js')).headers['cache-control'], 'no-cache')
  for (const url of ['/', '/cases', '/cases/01890a5d-ac96-774b-bcce-b302099a8057', '/settings/storage?tab=1', '/setup']) {
    const page = await get(url, { accept: 'text/html,*/*' })
    assert.deepEqual([page.status, page.headers['cache-control']], [200, 'no-store'], url)
    assert.match(page.text, /<title>Holdfast/)
    assert.match(String(page.headers['content-type']), /^text\/html/)
  }
})

test('U1: missing files, API addresses and requests for data do not get the page', async () => {
  for (const url of ['/assets/gone-12345678.js', '/favicon.ico', '/api/nothing', '/healthz/x', '/robots.txt']) {
    assert.equal((await get(url, { accept: 'text/html' })).status, 404, url)
  }
  assert.equal((await get('/cases', { accept: 'application/json' })).status, 404)
  assert.equal((await send(world.app, { method: 'POST', url: '/cases', body: {} })).status, 404)
})

test('N3: nothing outside the web app’s folder is served', async () => {
  for (const url of [
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '//etc/passwd',
    '/assets/%00',
    '/.git/config',
  ]) {
    const answer = await get(url)
    assert.ok(answer.status >= 400 || /<title>Holdfast/.test(answer.text), `${url} ${answer.status}`)
    assert.doesNotMatch(answer.text, /secret|root:/, url)
  }
})

test('U1: without a built web app the page says how to build it, and the API works', async () => {
  await using bare = await openWorld({ webRoot: join(outside, 'nothing-here') })
  const page = await send(bare.app, { url: '/', headers: { accept: 'text/html' } })
  assert.equal(page.status, 503)
  assert.match(page.text, /npm run build/)
  assert.equal((await send(bare.app, { url: '/api/v1/me', token: bare.tenant.tokens.viewer })).status, 200)
})

test('N4: the reference is served with its own script and reads nothing from elsewhere', async () => {
  const page = await get('/api/docs/')
  assert.equal(page.status, 200)
  assert.doesNotMatch(page.text, /https?:\/\//)
  const policy = String(page.headers['content-security-policy'])
  assert.match(policy, /script-src 'self' 'sha256-[A-Za-z0-9+/=]+'/)
  assert.match(policy, /connect-src 'self'(;|$)/)
  const script = await get('/api/docs/js/scalar.js')
  assert.match(String(script.headers['content-type']), /^text\/javascript/)
  assert.ok(script.text.length > 100_000)
})

test('N2: health and readiness need no sign-in and tell nothing else', async () => {
  assert.deepEqual((await get('/healthz')).json, { status: 'ok' })
  assert.deepEqual((await get('/readyz')).json, { ready: true, checks: { database: true } })
})

test('D2: a bucket is reached where AWS or the endpoint says, by its path where its name has dots', () => {
  const aws = { endpoint: '', region: 'eu-central-1', bucket: 'evidence' }
  assert.deepEqual(bucketOrigins(aws), ['https://evidence.s3.eu-central-1.amazonaws.com'])
  assert.deepEqual(bucketOrigins({ ...aws, bucket: 'a.b' }), ['https://s3.eu-central-1.amazonaws.com'])
  assert.deepEqual(bucketOrigins({ ...aws, region: 'cn-north-1' }), ['https://evidence.s3.cn-north-1.amazonaws.com.cn'])
  assert.deepEqual(bucketOrigins({ ...aws, endpoint: 'https://minio.example.org:9000/' }), ['https://minio.example.org:9000'])
})

test('D2 D12: the page of a signed-in person may talk to the buckets of their tenant, and nobody else learns of them', async () => {
  await using own = await openWorld({ webRoot: root })
  const { app, store, tenant, other } = own
  for (const [tenantId, host] of [
    [tenant.id, 'ours'],
    [other.id, 'theirs'],
  ] as const) {
    const [local] = await store.read.targets.list(tenantId, { limit: 1, after: null })
    assert.ok(local)
    const place = { endpoint: `https://${host}.example.org`, region: 'us-east-1', bucket: 'evidence' }
    await store.transaction((tx) =>
      tx.targets.insert({ ...local, id: newId(), name: 'Bucket', kind: 's3', builtin: false, place, location: host }),
    )
  }
  const policyOf = async (headers: Record<string, string>) =>
    String((await send(app, { url: '/cases', headers: { accept: 'text/html', ...headers } })).headers['content-security-policy'])
  const stranger = await policyOf({})
  assert.match(stranger, /connect-src 'self';.*frame-src 'none';/)
  assert.equal(await policyOf({ cookie: 'holdfast.session_token=made-up' }), stranger)

  const person = { name: 'Ada', email: 'ada@example.org', password: 'correct horse battery', role: 'viewer' }
  await send(app, { method: 'POST', url: '/api/v1/members', token: tenant.tokens.admin, body: person })
  const { email, password } = person
  const signedIn = await send(app, { method: 'POST', url: '/api/auth/sign-in/email', body: { email, password } })
  const cookie = String([signedIn.headers['set-cookie']].flat()[0]).split(';', 1)[0] ?? ''
  const policy = await policyOf({ cookie })
  assert.match(policy, /connect-src 'self' https:\/\/ours\.example\.org;.*frame-src https:\/\/ours\.example\.org;/)
  assert.doesNotMatch(policy, /theirs/)
})
