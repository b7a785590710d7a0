import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type PageOf, type ProblemCode, type S3Policy, SECURE_TIER_MAX_BYTES, type Target, type TargetTestResult } from '@holdfast/api'
import { type FileWorld, openFileWorld } from './file-world.ts'

// A server on which no target may lie on its own host, as an operator has it who sets nothing.

let world: FileWorld
before(async () => {
  world = await openFileWorld({ allowLocalTargets: false })
})
after(() => world[Symbol.asyncDispose]())
const admin = () => world.tenant.api.admin

const s3 = (endpoint: string) => ({
  kind: 's3',
  place: { endpoint, region: 'us-east-1', bucket: 'evidence' },
  credentials: { accessKeyId: 'AKIA', secretAccessKey: 'hush-hush' },
})
const smb = (host: string) => ({ kind: 'smb', place: { host, share: 's', user: 'u' }, credentials: { password: 'hush-hush' } })
const sftp = (host: string, more = {}) => ({ kind: 'sftp', place: { host, user: 'u', ...more }, credentials: { password: 'hush-hush' } })
const hostKey = `ssh-ed25519 SHA256:${'A'.repeat(43)}`

const forbidden = [
  ...['http://127.0.0.1:9000', 'http://localhost:9000', 'http://[::1]:9000', 'http://169.254.169.254', 'http://[fd00:ec2::254]'].map(s3),
  ...['http://0.0.0.0', 'http://2130706433', 'http://0x7f.1', 'http://[::ffff:169.254.169.254]', 'http://[64:ff9b::7f00:1]'].map(s3),
  ...['http://[::127.0.0.1]', 'http://[::ffff:0:7f00:1]', 'http://[64:ff9b:1::7f00:1]', 'http://[2002:7f00:1::1]'].map(s3),
  ...['127.0.0.1', 'localhost', '169.254.169.254', '0.0.0.0', '127.1', '2130706433', '100.100.100.200'].map(smb),
  ...['127.0.0.1', 'localhost', '169.254.169.254', '127.0.0.2'].map((host) => sftp(host, { hostKey })),
  ...['127.0.0.1', 'localhost'].map((host) => sftp(host)),
]

test('T3 T4 T5: no target is made or tried where this host or a metadata service answers, whatever the spelling', async () => {
  for (const fields of forbidden) {
    const where = JSON.stringify(fields.place)
    for (const path of ['/targets', '/targets/test']) {
      const body = path === '/targets' ? { ...fields, name: 'x' } : fields
      const { status, problem } = await admin().call('POST', path, { body })
      assert.equal(status, 400, `${path} ${where}`)
      assert.equal(problem.code, 'VALIDATION_ERROR')
      const [error] = problem.errors ?? []
      assert.ok(['place.host', 'place.endpoint'].includes(error?.field ?? ''), `${where}: ${JSON.stringify(error)}`)
      assert.match(error?.message ?? '', /HOLDFAST_ALLOW_LOCAL_TARGETS/)
      assert.doesNotMatch(JSON.stringify(problem), /hush-hush/)
    }
  }
  assert.equal((await admin().call<PageOf<Target>>('GET', '/targets')).body.items.length, 1)
})

test('T3 T4 T5: a row that leads to this host is refused at each connection too', async () => {
  const { store, credentials } = world.instance
  for (const fields of [s3('http://localhost:9'), smb('localhost'), sftp('localhost', { hostKey })]) {
    const [local] = await store.read.targets.list(world.tenant.id, { limit: 1, after: null })
    assert.ok(local)
    const id = crypto.randomUUID()
    const context = { tenantId: world.tenant.id, targetId: id }
    const row = { ...local, id, name: fields.kind, kind: fields.kind as 's3', place: fields.place, builtin: false, location: null }
    await store.transaction((tx) => tx.targets.insert({ ...row, credentials: credentials.seal(fields.credentials, context) }))
    const { body } = await admin().call<TargetTestResult>('POST', `/targets/${id}/test`, { body: {} })
    assert.equal(body.ok, false)
    assert.match(body.steps.at(-1)?.detail ?? '', /localhost is an address of this server/)
    const saved = await store.read.targets.find(world.tenant.id, id)
    assert.ok(saved)
    await using lease = await world.instance.pool.lease(saved)
    await assert.rejects(lease.target.stat('attachments/x'), { fault: 'denied' }, fields.kind)
  }
})

test('T5: an SFTP target cannot be saved before somebody has compared its host key', async () => {
  const { status, problem } = await admin().call('POST', '/targets', { body: { ...sftp('files.invalid'), name: 'x' } })
  assert.deepEqual([status, problem.errors?.[0]?.field], [400, 'place.hostKey'])
  const made = await admin().call<Target>('POST', '/targets', { body: { ...sftp('files.invalid', { hostKey }), name: 'x' } })
  assert.equal(made.status, 201)
  const other = { ...made.body.place, hostKey: `ssh-ed25519 SHA256:${'B'.repeat(43)}` }
  const changed = await admin().call('PATCH', `/targets/${made.body.id}`, { body: { place: other } })
  assert.deepEqual([changed.status, changed.problem.errors?.[0]?.field], [400, 'place.hostKey'])
  assert.match(changed.problem.errors?.[0]?.message ?? '', /delete the target and make it anew/)
  assert.equal((await admin().call('DELETE', `/targets/${made.body.id}`)).status, 204)
  const anew = await admin().call<Target>('POST', '/targets', { body: { ...sftp('files.invalid', other), name: 'y' } })
  assert.deepEqual([anew.status, anew.body.id, anew.body.place.hostKey], [201, made.body.id, other.hostKey])
})

test('T1: fields that no driver takes are refused by name, and none of them is repeated', async () => {
  const wrong: [object, string][] = [
    [{ ...s3(''), place: { endpoint: '', region: 'r', bucket: 'No Bucket' } }, 'place.bucket'],
    [{ ...s3(''), place: { endpoint: 'ftp://hush', region: 'r', bucket: 'evidence' } }, 'place.endpoint'],
    [{ ...s3(''), place: { endpoint: '', region: 'r', bucket: 'evidence', secretAccessKey: 'hush-hush' } }, 'place'],
    [{ ...smb('files.invalid'), credentials: null }, 'credentials'],
    [{ ...smb('files.invalid'), credentials: { password: 'hush-hush', more: 'hush' } }, 'credentials'],
    [{ ...smb('files.invalid'), place: { host: 'a b', share: 's', user: 'u' } }, 'place.host'],
    [{ ...smb('files.invalid'), kind: 'local' }, 'kind'],
    [{ ...smb('files.invalid'), builtin: true }, 'builtin'],
  ]
  for (const [fields, field] of wrong) {
    const { status, problem } = await admin().call('POST', '/targets', { body: { ...fields, name: 'x' } })
    assert.equal(status, 400, JSON.stringify(fields))
    assert.ok(
      problem.errors?.some((error) => error.field.startsWith(field)),
      `${field}: ${JSON.stringify(problem.errors)}`,
    )
    assert.doesNotMatch(JSON.stringify(problem), /hush/)
  }
  const both = { password: 'hush-hush', privateKey: 'hush-hush' }
  const { status } = await admin().call('POST', '/targets', {
    body: { ...sftp('files.invalid', { hostKey }), credentials: both, name: 'x' },
  })
  assert.equal(status, 400)
})

test('T2: the built-in target keeps its place and has no credentials', async () => {
  for (const changes of [{ place: { path: '/etc' } }, { place: {} }, { credentials: { password: 'x' } }, { credentials: null }]) {
    assert.equal((await admin().call('PATCH', `/targets/${world.tenant.targetId}`, { body: changes })).status, 400)
  }
})

test('T11: an administrator gets the policy and the CORS rule of a bucket for the page that asks', async () => {
  const query = 'bucket=evidence&prefix=a/b&region=eu-west-1&origin=https://evidence.example.org'
  const { body } = await admin().call<S3Policy>('GET', `/targets/s3-policy?${query}`)
  assert.equal(body.origin, 'https://evidence.example.org')
  assert.match(JSON.stringify(body.policy), /arn:aws:s3:::evidence\/a\/b\/\*/)
  assert.match(JSON.stringify(body.cors), /evidence\.example\.org/)
  const bare = (await admin().call<S3Policy>('GET', '/targets/s3-policy?bucket=evidence')).body
  assert.deepEqual([bare.cors, bare.origin], [null, null])
  assert.equal((await admin().call('GET', '/targets/s3-policy?bucket=evidence&origin=javascript:x')).status, 400)
  assert.equal((await world.api.call('GET', '/targets/s3-policy?bucket=evidence')).status, 403)
})

test('S4 R4: nothing that people see knows of Direct before it is bound; afterwards a file that is too large is sent there', async () => {
  const { examiner, viewer, auditor } = world.tenant.api
  const { id: caseId } = await examiner.newCase()
  await examiner.upload(caseId, new Uint8Array(10))
  const tooLarge = { caseId, name: 'huge.bin', size: SECURE_TIER_MAX_BYTES + 1 }
  const asked = async (ofDirect: ProblemCode) => {
    const reads = ['/me', '/system', '/cases', `/cases/${caseId}`, '/files', '/upload-sessions', '/roles', '/targets']
    const answers = await Promise.all([examiner, viewer].flatMap((api) => reads.map((path) => api.call('GET', path))))
    const large = await examiner.call('POST', '/upload-sessions', { body: tooLarge })
    const small = await examiner.call('POST', '/upload-sessions', { body: { caseId, name: 'a', size: 1, tier: 'direct' } })
    assert.deepEqual([large.problem.code, small.problem.code], ['FILE_TOO_LARGE', ofDirect])
    return [...answers, large, small].map((answer) => JSON.stringify(answer.body)).join('\n')
  }
  assert.doesNotMatch(await asked('VALIDATION_ERROR'), /direct/i)
  const fields = { ...smb('files.invalid'), name: 'For plain files' }
  const { body: target } = await admin().call<Target>('POST', '/targets', { body: fields })
  const bind = (targetId: string | null) => admin().call('PUT', '/roles/direct', { body: { targetId } })
  assert.equal((await bind(target.id)).status, 200)
  assert.match(await asked('TARGET_UNAVAILABLE'), /Upload it to Direct Storage/)
  assert.equal((await auditor.call('PUT', '/roles/direct', { body: { targetId: null } })).status, 403)
  assert.equal((await bind(null)).status, 200)
  assert.doesNotMatch(await asked('VALIDATION_ERROR'), /direct/i)
})
