import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { PutBucketPolicyCommand } from '@aws-sdk/client-s3'
import type { File, RoleBinding, S3Policy, Target, TargetCreate, TargetTestResult } from '@holdfast/api'
import { goProgram } from '../../../test/servers/go-programs.ts'
import { type SshServer, startSshd } from '../../../test/servers/sshd.ts'
import { type FileWorld, openFileWorld } from './file-world.ts'
import { type S3World, s3World } from './s3-world.ts'

let world: FileWorld
before(async () => {
  world = await openFileWorld()
})
after(() => world?.[Symbol.asyncDispose]())

const admin = () => world.tenant.api.admin
const create = (body: TargetCreate) => admin().call<Target>('POST', '/targets', { body })
const tryOut = async (fields: Omit<TargetCreate, 'name'>) =>
  (await admin().call<TargetTestResult>('POST', '/targets/test', { body: fields })).body
const testSaved = async (id: string) => (await admin().call<TargetTestResult>('POST', `/targets/${id}/test`, { body: {} })).body
const bind = (targetId: string) => admin().call<RoleBinding>('PUT', '/roles/encrypted', { body: { targetId, staged: false } })
const remove = (target: Target) => admin().call('DELETE', `/targets/${target.id}?confirm=${encodeURIComponent(target.name)}`)

/** A file on this target, which serves its role for that long. */
async function fileOn(target: Target): Promise<{ file: File; content: Buffer }> {
  assert.equal((await bind(target.id)).status, 200)
  const content = randomBytes(200_000)
  const file = await world.api.upload((await world.api.newCase()).id, content)
  assert.equal(file.target.id, target.id)
  assert.equal((await bind(world.tenant.targetId)).status, 200)
  return { file, content }
}
const reads = async ({ id }: File, content: Buffer) => (await world.api.bytes(id)).bytes.equals(content)

describe('an S3 target, from its form to its files', () => {
  let s3: S3World
  before(async () => {
    s3 = await s3World('versitygw')
  })
  after(() => s3?.[Symbol.asyncDispose]())

  /** The keys of a user whom the policy of the form lets in, and nothing else. */
  async function userWithPolicy(bucket: string, prefix = ''): Promise<{ accessKeyId: string; secretAccessKey: string }> {
    const [accessKeyId, secretAccessKey] = [`user-${randomBytes(4).toString('hex')}`, 'secret-of-the-user']
    const { endpoint, accessKeyId: root, secretAccessKey: secret, region } = s3.server
    const access = ['admin', '--access', root, '--secret', secret, '--endpoint-url', endpoint]
    const user = ['create-user', '--access', accessKeyId, '--secret', secretAccessKey, '--role', 'user']
    const made = spawnSync(goProgram('versitygw'), [...access, ...user])
    assert.equal(made.status, 0, String(made.stderr))
    const { policy } = (await admin().call<S3Policy>('GET', `/targets/s3-policy?bucket=${bucket}&region=${region}&prefix=${prefix}`)).body
    const Statement = (policy.Statement as object[]).map((one) => ({ ...one, Principal: { AWS: [accessKeyId] } }))
    await s3.admin.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: JSON.stringify({ ...policy, Statement }) }))
    return { accessKeyId, secretAccessKey }
  }

  for (const prefix of ['', 'a/b']) {
    test(`T3 T9 T11 T12: with the rights that the form shows for “${prefix}” a target is tried, made, written, orphaned, taken back`, async () => {
      const bucket = await s3.bucket()
      const { endpoint, region } = s3.server
      const credentials = await userWithPolicy(bucket, prefix)
      const fields = { kind: 's3' as const, place: { endpoint, region, bucket, prefix }, credentials }
      const tried = await tryOut(fields)
      assert.equal(tried.ok, true, JSON.stringify(tried.steps))
      assert.deepEqual([tried.capabilities?.presign, tried.capabilities?.leastPartBytes], [true, 5 * 2 ** 20])
      const { body: target } = await create({ ...fields, name: 'Bucket' })
      assert.equal((await testSaved(target.id)).ok, true)
      const { file, content } = await fileOn(target)
      assert.ok(await reads(file, content))
      assert.equal((await remove(target)).status, 204)
      assert.equal((await world.api.call('GET', `/files/${file.id}/content`)).status, 410)
      const beside = await create({ ...fields, place: { ...fields.place, prefix: 'beside' }, name: 'Bucket' })
      assert.notEqual(beside.body.id, target.id)
      assert.equal((await testSaved(beside.body.id)).ok, prefix === '', 'rights end at the prefix')
      const back = await create({ ...fields, place: { ...fields.place, endpoint: `${endpoint}/` }, name: 'Bucket' })
      assert.equal(back.body.id, target.id)
      assert.ok(await reads(file, content))
      await remove(beside.body)
    })
  }
})

describe('an SFTP target, from its form to its files', () => {
  let sshd: SshServer
  before(async () => {
    sshd = await startSshd()
  })
  after(() => sshd?.stop())

  test('T5 T9: the host key is shown before anything secret is sent, pinned with the target, and never replaced in place', async () => {
    const key = await sshd.key()
    const credentials = { privateKey: key.privateKey }
    const place = { host: sshd.host, port: sshd.port, user: sshd.user, directory: sshd.folder }
    const first = await tryOut({ kind: 'sftp', place, credentials })
    assert.equal(first.ok, false)
    assert.equal(first.hostKey, sshd.hostKey())
    assert.deepEqual(
      first.steps.map(({ ok }) => ok),
      [true, true, true, false],
    )
    assert.match(first.steps.at(-1)?.detail ?? '', /nobody has compared the host key/)
    assert.doesNotMatch(sshd.log(), /Accepted|Failed|Postponed/)
    const pinned = { ...place, hostKey: sshd.hostKey() }
    const second = await tryOut({ kind: 'sftp', place: pinned, credentials })
    assert.equal(second.ok, true, JSON.stringify(second.steps))
    assert.match(sshd.log(), /Accepted/)
    const fields = { kind: 'sftp' as const, name: 'Server', place: pinned, credentials }
    const { body: target } = await create(fields)
    const { file, content } = await fileOn(target)

    sshd.changeHostKeys()
    await sshd.restart()
    const changed = await testSaved(target.id)
    assert.deepEqual([changed.ok, changed.steps.at(-1)?.name, changed.hostKey], [false, 'Check the host key', sshd.hostKey()])
    assert.equal((await world.api.call('GET', `/files/${file.id}/content`)).status, 503)
    const anew = { ...fields, place: { ...place, hostKey: sshd.hostKey() } }
    assert.equal((await admin().call('PATCH', `/targets/${target.id}`, { body: { place: anew.place } })).status, 400)
    assert.equal((await create(anew)).status, 409)
    assert.equal((await remove(target)).status, 204)
    assert.equal((await create(anew)).body.id, target.id)
    assert.ok(await reads(file, content))
  })
})
