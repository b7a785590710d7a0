import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { after, before, describe, test } from 'node:test'
import { PutBucketPolicyCommand } from '@aws-sdk/client-s3'
import type { TargetTest, TestStep } from '@holdfast/api'
import { goProgram } from '../../../test/servers/go-programs.ts'
import { systemClock } from '../src/core/clock.ts'
import { testTarget } from '../src/storage/probe.ts'
import { openS3Target, type S3Options } from '../src/storage/s3.ts'
import { s3ConnectSteps } from '../src/storage/s3-connect.ts'
import { type S3World, s3World } from './s3-world.ts'
import { fails, text } from './target.contract.ts'

const clock = systemClock
const probe = (options: S3Options): Promise<TargetTest> =>
  testTarget({ kind: 's3', clock, open: async () => openS3Target(options), connect: s3ConnectSteps(options) })

/** The step that failed, with its detail and its remedy. */
async function failureOf(options: S3Options): Promise<TestStep> {
  const result = await probe(options)
  const step = result.steps.at(-1)
  assert.ok(step && !step.ok && !result.ok, `nothing failed: ${JSON.stringify(result.steps)}`)
  assert.ok(step.detail && step.remedy)
  assert.ok(!JSON.stringify(result).includes(options.credentials?.secretAccessKey ?? 'none'), 'the secret is told')
  return step
}

describe('T6: each way in which an S3 target can be wrong fails at its own step', () => {
  let world: S3World
  let bucket: string
  before(async () => {
    world = await s3World('versitygw')
    bucket = await world.bucket()
  })
  after(() => world[Symbol.asyncDispose]())
  const expectFailure = async (more: Partial<S3Options>, expected: { step: string; detail: RegExp; remedy: RegExp }): Promise<void> => {
    const step = await failureOf(world.options(bucket, more))
    assert.deepEqual(
      [step.name, expected.detail.test(step.detail ?? ''), expected.remedy.test(step.remedy ?? '')],
      [expected.step, true, true],
      JSON.stringify(step),
    )
  }

  test('T6: a host name that does not exist', () =>
    expectFailure(
      { endpoint: 'http://no-such-host.invalid:9000' },
      { step: 'Look up the name', detail: /cannot be looked up/, remedy: /host name/ },
    ))
  test('T6: a port where nothing listens', () =>
    expectFailure({ endpoint: 'http://127.0.0.1:1' }, { step: 'Connect', detail: /nothing listens/, remedy: /firewall/ }))
  test('T6: TLS at a port that does not speak it', () =>
    expectFailure(
      { endpoint: world.server.endpoint.replace('http:', 'https:') },
      { step: 'Check the certificate', detail: /does not speak TLS/, remedy: /TLS off/ },
    ))
  test('T6: an access key that is not known', () =>
    expectFailure(
      { credentials: { accessKeyId: 'nobody', secretAccessKey: world.server.secretAccessKey } },
      { step: 'Sign in to the bucket', detail: /access key is not known/, remedy: /access key/ },
    ))
  test('T6: a wrong secret key', () =>
    expectFailure(
      { credentials: { accessKeyId: world.server.accessKeyId, secretAccessKey: 'not-the-secret' } },
      { step: 'Sign in to the bucket', detail: /secret key is wrong/, remedy: /again/ },
    ))
  test('T6: a bucket that does not exist', () =>
    expectFailure(
      { bucket: 'no-such-bucket' },
      { step: 'Sign in to the bucket', detail: /bucket does not exist/, remedy: /Make the bucket/ },
    ))
  test('T6: a wrong region', () =>
    expectFailure(
      { region: 'eu-central-1' },
      { step: 'Sign in to the bucket', detail: /region us-east-1|another region/, remedy: /region/ },
    ))
  test('T6: a clock that is off by an hour', () =>
    expectFailure(
      { clock: { ...clock, now: () => Date.now() - 3_600_000 } },
      { step: 'Sign in to the bucket', detail: /clocks/, remedy: /NTP/ },
    ))

  test('T6: TLS with a certificate that is not trusted, and the same with the check off', async () => {
    await using tls = await s3World('versitygw', { tls: true }).catch((error: unknown) => Promise.reject(error))
    const options = { ...world.options(bucket), endpoint: tls.server.endpoint }
    const step = await failureOf(options)
    assert.equal(step.name, 'Check the certificate')
    assert.match(step.detail ?? '', /self-signed/)
    const unchecked = await probe({ ...options, verifyCertificate: false })
    assert.deepEqual(
      unchecked.steps.filter((done) => !done.ok).map((done) => [done.name, /bucket does not exist/.test(done.detail ?? '')]),
      [['Sign in to the bucket', true]],
      'the connection itself is taken',
    )
    await using target = openS3Target(options)
    await assert.rejects(target.put('k', text('x')), fails('denied'), 'the driver itself checks too')
  })

  const actions = [
    's3:ListBucket',
    's3:GetObject',
    's3:PutObject',
    's3:DeleteObject',
    's3:AbortMultipartUpload',
    's3:ListMultipartUploadParts',
  ]
  const as = async (allowed: string[]): Promise<S3Options> => {
    const own = await world.bucket()
    const user = `user-${Math.random().toString(36).slice(2)}`
    const made = spawnSync(goProgram('versitygw'), [
      ...['admin', '--access', world.server.accessKeyId, '--secret', world.server.secretAccessKey, '--endpoint-url', world.server.endpoint],
      ...['create-user', '--access', user, '--secret', 'user-secret', '--role', 'user'],
    ])
    assert.equal(made.status, 0, String(made.stderr))
    const Resource = [`arn:aws:s3:::${own}`, `arn:aws:s3:::${own}/*`]
    const Statement = allowed.map((Action) => ({
      ...{ Effect: 'Allow', Principal: { AWS: [user] }, Action },
      Resource: Action === 's3:ListBucket' ? Resource[0] : Resource[1],
    }))
    if (Statement.length > 0) {
      const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
      await world.admin.send(new PutBucketPolicyCommand({ Bucket: own, Policy }))
    }
    return world.options(own, { credentials: { accessKeyId: user, secretAccessKey: 'user-secret' } })
  }
  test('T6 T11: with exactly the actions of the policy everything works', async () => {
    const result = await probe(await as(actions))
    assert.equal(result.ok, true, JSON.stringify(result.steps.filter((step) => !step.ok)))
  })
  for (const [missing, step] of [
    ['s3:ListBucket', 'Sign in to the bucket'],
    ['s3:PutObject', 'Write a sealed probe'],
    ['s3:GetObject', 'Write a sealed probe'],
    ['s3:ListMultipartUploadParts', 'Replace it by a write in parts'],
    ['s3:DeleteObject', 'Delete it'],
  ] as const) {
    test(`T6: the permission ${missing} is missing, and it is named`, async () => {
      const failed = await failureOf(await as(actions.filter((action) => action !== missing)))
      assert.equal(failed.name, step)
      assert.ok(failed.detail?.includes(missing), failed.detail ?? '')
      assert.ok(failed.remedy?.includes(`Allow ${missing}`), failed.remedy ?? '')
    })
  }
})
