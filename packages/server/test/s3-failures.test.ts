import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { networkInterfaces } from 'node:os'
import { after, before, describe, test } from 'node:test'
import { PutBucketPolicyCommand } from '@aws-sdk/client-s3'
import type { TargetTest, TestStep } from '@holdfast/api'
import { goProgram } from '../../../test/servers/go-programs.ts'
import { systemClock } from '../src/core/clock.ts'
import { isLocalAddress, resolveHost } from '../src/storage/endpoint-guard.ts'
import { connectSteps, openTarget } from '../src/storage/open-target.ts'
import { testTarget } from '../src/storage/probe.ts'
import { openS3Target, type S3Options } from '../src/storage/s3.ts'
import { s3ConnectSteps } from '../src/storage/s3-connect.ts'
import { wrapTarget } from '../src/storage/wrap.ts'
import { hostileServer } from './hostile-http.ts'
import { type S3World, s3World } from './s3-world.ts'
import { collect, fails, sameBytes, text } from './target.contract.ts'

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
    's3:ListBucketMultipartUploads',
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
      Resource: Action.startsWith('s3:ListBucket') ? Resource[0] : Resource[1],
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
    ['s3:ListBucketMultipartUploads', 'Give up a write'],
    ['s3:AbortMultipartUpload', 'Give up a write'],
    ['s3:DeleteObject', 'Delete it'],
  ] as const) {
    test(`T6: the permission ${missing} is missing, and it is named`, async () => {
      const failed = await failureOf(await as(actions.filter((action) => action !== missing)))
      assert.equal(failed.name, step)
      assert.ok(failed.detail?.includes(missing), failed.detail ?? '')
      assert.ok(failed.remedy?.includes(`Allow ${missing}`), failed.remedy ?? '')
    })
  }

  for (const [status, code] of [
    [507, 'XMinioStorageFull'],
    [507, 'InsufficientCapacity'],
    [400, 'QuotaExceeded'],
  ] as const) {
    test(`T6: a backend that is full and says so with ${code}`, async () => {
      await using full = await hostileServer((request, response) => {
        if (request.method === 'GET') return void response.end('<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>')
        if (request.method === 'PUT') return void response.writeHead(status).end(`<Error><Code>${code}</Code></Error>`)
        return void response.writeHead(404).end()
      })
      await expectFailure({ endpoint: full.endpoint }, { step: 'Write a sealed probe', detail: /full|used up/, remedy: /space|quota/i })
    })
  }
})

describe('T6: S3 servers that go away, hang or lie', () => {
  const hostile = (endpoint: string): S3Options => ({
    ...{ endpoint, region: 'us-east-1', bucket: 'bucket', policy: { allowLocal: true }, clock, timeout: 300 },
    credentials: { accessKeyId: 'key', secretAccessKey: 'secret-key-of-the-test' },
  })

  test('N1: a server that is stopped and started again is found again, and a write goes on', async () => {
    await using world = await s3World('minio')
    const bucket = await world.bucket()
    await using target = openS3Target(world.options(bucket, { timeout: 2_000 }))
    const write = await target.beginWrite('k', 5)
    await world.server.kill()
    await assert.rejects(target.put('other', text('x')), fails('unavailable'))
    await world.server.restart()
    const deadline = Date.now() + 20_000
    const patiently = async <T>(call: () => Promise<T>): Promise<T> => {
      for (;;) {
        try {
          return await call()
        } catch (error) {
          if (Date.now() > deadline) throw error
        }
      }
    }
    const receipt = await patiently(() => target.writePart('k', write, { number: 1, offset: 0, bytes: text('12345') }))
    await target.commitWrite('k', write, [receipt])
    sameBytes(await target.read('k', 0, 5), text('12345'))
  })

  test('T6: a server that accepts and then hangs is unavailable, and an abort ends the wait with its reason', async () => {
    await using world = await s3World('minio')
    const bucket = await world.bucket()
    await using target = openS3Target(world.options(bucket, { timeout: 400 }))
    await target.put('k', text('x'))
    await world.server.pause()
    try {
      await assert.rejects(target.read('k', 0, 1), fails('unavailable'))
      await assert.rejects(target.put('k', text('y')), fails('unavailable'))
      await using patient = openS3Target(world.options(bucket))
      const reason = new Error('gave up')
      const controller = new AbortController()
      const waiting = patient.read('k', 0, 1, { signal: controller.signal })
      setTimeout(() => controller.abort(reason), 50)
      await assert.rejects(waiting, (error) => error === reason)
    } finally {
      world.server.resume()
    }
    // A put that was given up may still have taken effect once the server went on.
    const now = Buffer.from(await target.read('k', 0, 1)).toString()
    assert.ok(now === 'x' || now === 'y', now)
  })

  const length = { 'content-length': '1000', 'content-range': 'bytes 0-999/5000' }
  const bodies: [string, (response: import('node:http').ServerResponse) => void][] = [
    ['stops in the middle of the answer', (response) => void response.writeHead(206, length).write(new Uint8Array(400))],
    [
      'dies in the middle of the answer',
      (response) => void response.writeHead(206, length).write(new Uint8Array(400), () => response.destroy()),
    ],
    [
      'sends more than was asked for',
      (response) => void response.writeHead(206, { 'content-range': 'bytes 0-1999/5000' }).end(new Uint8Array(2000)),
    ],
    ['answers with no S3 at all', (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>router</html>')],
    ['fails with 500', (response) => void response.writeHead(500).end('<Error><Code>InternalError</Code></Error>')],
    ['asks to slow down', (response) => void response.writeHead(503).end('<Error><Code>SlowDown</Code></Error>')],
    ['closes at once', (response) => void response.destroy()],
  ]
  for (const [what, answer] of bodies) {
    test(`S5: a server that ${what} yields no bytes`, async () => {
      await using server = await hostileServer((_request, response) => answer(response))
      await using target = openS3Target(hostile(server.endpoint))
      await assert.rejects(target.read('k', 0, 1000), (error) => {
        assert.ok(['unavailable', 'denied', 'out-of-range'].includes((error as { fault: string }).fault), String(error))
        assert.ok(!String(error).includes('secret-key-of-the-test'))
        return true
      })
    })
  }

  test('S5: a short answer that says so is out of range, and one from a server without ranges is refused', async () => {
    await using short = await hostileServer((_request, response) => {
      response.writeHead(206, { 'content-length': '10', 'content-range': 'bytes 0-9/10' }).end(new Uint8Array(10))
    })
    await assert.rejects(openS3Target(hostile(short.endpoint)).read('k', 0, 1000), fails('out-of-range'))
    await using whole = await hostileServer(
      (_request, response) => void response.writeHead(200, { 'content-length': '5000' }).end(new Uint8Array(5000)),
    )
    await assert.rejects(openS3Target(hostile(whole.endpoint)).read('k', 100, 1000), fails('denied'))
  })

  const permanent = [
    [400, ''],
    [400, 'MalformedXML'],
    [400, 'SomethingThatNobodyKnows'],
    [405, 'MethodNotAllowed'],
    [411, 'MissingContentLength'],
    [422, ''],
    [501, 'NotImplemented'],
  ] as const
  const passing = [
    [400, 'RequestTimeout'],
    [400, 'BadDigest'],
    [400, 'IncompleteBody'],
    [403, 'RequestTimeTooSkewed'],
    [408, ''],
    [409, 'OperationAborted'],
    [429, ''],
    [500, 'InternalError'],
    [502, ''],
    [503, 'SlowDown'],
    [504, ''],
  ] as const
  const askedOnce = permanent.map(([status, code]) => ({ status, code, tries: 1, fault: 'denied' as const }))
  const askedAgain = passing.map(([status, code]) => ({ status, code, tries: 3, fault: 'unavailable' as const }))
  for (const { status, code, tries, fault } of [...askedOnce, ...askedAgain]) {
    test(`T3 T6: an answer ${status} ${code || 'without a code'} is ${tries === 1 ? 'final' : 'asked for again'}`, async () => {
      await using server = await hostileServer((_request, response) => {
        response.writeHead(status).end(code && `<Error><Code>${code}</Code></Error>`)
      })
      await using target = wrapTarget(openS3Target(hostile(server.endpoint)), { clock, attempts: 3, firstDelay: 1 })
      await assert.rejects(target.read('k', 0, 1000), fails(fault))
      assert.equal(server.requests.length, tries)
      await assert.rejects(target.put('k', text('abc')), fails(fault))
    })
  }

  test('X4: a server that says stored and stores nothing is not believed', async () => {
    await using server = await hostileServer((request, response) => {
      if (request.method === 'HEAD') return void response.writeHead(404).end()
      if (request.url?.includes('uploads')) {
        return void response.end('<InitiateMultipartUploadResult><UploadId>one</UploadId></InitiateMultipartUploadResult>')
      }
      return void response.writeHead(200, { etag: '"900150983cd24fb0d6963f7d28e17f72"' }).end('')
    })
    await using target = openS3Target(hostile(server.endpoint))
    await assert.rejects(target.put('k', text('abc')), fails('unavailable'))
    const write = await target.beginWrite('k', 3)
    const receipt = await target.writePart('k', write, { number: 1, offset: 0, bytes: text('abc') })
    await assert.rejects(target.commitWrite('k', write, [receipt]), fails('unavailable'))
    await assert.rejects(target.put('k', text('abc'), { ifAbsent: true }), fails('denied'), 'it overwrites what it was told to keep')
  })

  test('T3: redirects are not followed, and endless listings end with the connection', async () => {
    await using trap = await hostileServer((_request, response) => void response.end('trapped'))
    await using server = await hostileServer((_request, response) => void response.writeHead(307, { location: trap.endpoint }).end())
    await assert.rejects(openS3Target(hostile(server.endpoint)).put('k', text('x')), (error) => error instanceof Error)
    assert.deepEqual(trap.requests, [])
  })

  test('D13: names in a listing that are no key of ours are passed over', async () => {
    await using server = await hostileServer((_request, response) => {
      const names = ['ok', '../escape', '/absolute', 'folder/', 'a//b', 'objects/.hf-x']
      const rows = names.map((name) => `<Contents><Key>${encodeURIComponent(name)}</Key><Size>1</Size></Contents>`)
      response.end(`<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>${rows.join('')}</ListBucketResult>`)
    })
    await using target = openS3Target(hostile(server.endpoint))
    assert.deepEqual(
      (await collect(target.list(''))).map((stat) => stat.key),
      ['ok'],
    )
  })
})

describe('T3: endpoints on this host and at metadata services', () => {
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
  const own = Object.values(networkInterfaces())
    .flat()
    .find((entry) => entry && !entry.internal && entry.family === 'IPv4')?.address
  const hosts = [
    '127.0.0.1',
    '127.8.8.8',
    'localhost',
    '0.0.0.0',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:a9fe:a9fe]',
    '[64:ff9b::7f00:1]',
  ]
    .concat(['169.254.169.254', '[fe80::1]', '[fd00:ec2::254]', '100.100.100.200', '2130706433', '0x7f.1', '017700000001'])
    .concat(own ? [own] : [])
  for (const host of hosts) {
    test(`T3: ${host === own ? 'an address of this machine' : host} is refused unless the operator allows it`, async () => {
      let reached = 0
      await using server = await hostileServer((_request, response) => {
        reached += 1
        response.end()
      })
      const port = new URL(server.endpoint).port
      const address = { kind: 's3', place: { endpoint: `http://${host}:${port}`, region: 'us-east-1', bucket: 'bucket' }, credentials }
      const open = async () => {
        await using target = await openTarget(address, { clock })
        return await target.put('k', text('x'))
      }
      await assert.rejects(open(), fails('denied'))
      const result = await testTarget({
        kind: 's3',
        clock,
        open: () => openTarget(address, { clock }),
        connect: await connectSteps(address, { clock }),
      })
      assert.equal(result.steps.at(-1)?.ok, false)
      assert.equal(result.steps.at(-1)?.name, 'Look up the name')
      assert.equal(reached, 0)
    })
  }
  test('T3: addresses of storage servers are not refused', async () => {
    for (const address of ['10.0.0.5', '192.168.1.9', '172.16.3.4', '52.216.1.1', '2001:db8::5', 'fd12:3456::1'])
      assert.equal(isLocalAddress(address), false, address)
    assert.equal(isLocalAddress('no address'), true)
    assert.deepEqual(await resolveHost('127.0.0.1', { allowLocal: true }), ['127.0.0.1'])
  })
})
