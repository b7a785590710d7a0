import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, suite, test } from 'node:test'
import {
  CreateBucketCommand,
  DeleteBucketCorsCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutBucketCorsCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import type { AuditEntry, PageOf, Target, TargetTestResult } from '@holdfast/api'
import { type S3Server, startS3 } from '../../../test/servers/s3.ts'
import { type SambaServer, startSamba } from '../../../test/servers/samba.ts'
import { type SshServer, startSshd } from '../../../test/servers/sshd.ts'
import { corsRules } from '../src/core/s3-policy.ts'
import { type FileWorld, openFileWorld } from './file-world.ts'

const bucket = 'evidence'
const page = 'https://lab.example'

async function bind(world: FileWorld, create: object): Promise<string> {
  const admin = world.tenant.api.admin
  const { body, status } = await admin.call<Target>('POST', '/targets', { body: create })
  assert.equal(status, 201, JSON.stringify(body))
  assert.equal((await admin.call('PUT', '/roles/direct', { body: { targetId: body.id } })).status, 200)
  return body.id
}

const testDirect = async (world: FileWorld, origin: string | null = page): Promise<TargetTestResult> => {
  const headers = origin === null ? {} : { origin }
  const answer = await world.tenant.api.admin.call<TargetTestResult>('POST', '/roles/direct/test', { body: {}, headers })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  return answer.body
}
const failed = (result: TargetTestResult) => result.steps.find((step) => !step.ok)

const clientOf = (server: S3Server): S3Client =>
  new S3Client({
    endpoint: server.endpoint,
    region: server.region,
    forcePathStyle: true,
    credentials: { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey },
  })
const addressOf = (server: S3Server, name: string) => ({
  ...{ name, kind: 's3', place: { endpoint: server.endpoint, region: server.region, bucket } },
  credentials: { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey },
})

async function nothingLeft(client: S3Client): Promise<void> {
  assert.equal((await client.send(new ListObjectsV2Command({ Bucket: bucket }))).KeyCount ?? 0, 0)
  assert.deepEqual((await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))).Uploads ?? [], [])
}

/** The server behind a proxy that leaves ETag out of what pages may read. */
async function hidingEtag(server: S3Server): Promise<AsyncDisposable & { endpoint: string }> {
  const proxy = createServer((asked, answer) => {
    const { method, url, headers } = asked
    const sent = request({ host: '127.0.0.1', port: server.port, method, path: url, headers }, (got) => {
      const shown = String(got.headers['access-control-expose-headers'] ?? '').replace(/ETag,? ?/, '')
      answer.writeHead(got.statusCode ?? 502, { ...got.headers, 'access-control-expose-headers': shown })
      got.pipe(answer)
    })
    asked.pipe(sent)
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  return {
    endpoint: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      proxy.closeAllConnections()
      proxy.close()
    },
  }
}

suite('R3: Test Direct on S3 servers', () => {
  let versitygw: S3Server
  let minio: S3Server
  let world: FileWorld
  before(async () => {
    ;[versitygw, minio, world] = await Promise.all([startS3('versitygw'), startS3('minio'), openFileWorld()])
    for (const server of [versitygw, minio]) await clientOf(server).send(new CreateBucketCommand({ Bucket: bucket }))
  })
  after(async () => {
    await world?.[Symbol.asyncDispose]()
    await Promise.all([versitygw?.stop(), minio?.stop()])
  })

  test('R3 R4: where Direct is not bound that is the failed step', async () => {
    const result = await testDirect(world)
    assert.deepEqual([result.ok, result.steps.length, failed(result)?.name], [false, 1, 'Find the target that Direct is bound to'])
    assert.match(failed(result)?.remedy ?? '', /Bind an S3, SMB or SFTP target/)
  })

  test('R3 T7: a bucket with the rule passes every step, and the target and the log say so', async () => {
    const id = await bind(world, addressOf(versitygw, 'Gateway'))
    const client = clientOf(versitygw)
    await client.send(new PutBucketCorsCommand({ Bucket: bucket, CORSConfiguration: { CORSRules: corsRules(page) as never } }))
    const result = await testDirect(world)
    assert.deepEqual(failed(result), undefined, JSON.stringify(result.steps))
    assert.deepEqual(result.steps.map((step) => step.name).slice(-7), [
      'Ask as a browser whether parts may be sent (CORS)',
      'Send a part by a signed request',
      'Read its ETag',
      'Put the file together',
      'Fetch it by a signed request',
      'Compare the content',
      'Delete it',
    ])
    const target = (await world.tenant.api.admin.call<Target>('GET', `/targets/${id}`)).body
    assert.deepEqual([target.lastTestOk, target.lastPassAt === target.lastTestAt], [true, true])
    const log = await world.tenant.api.admin.call<PageOf<AuditEntry>>('GET', '/audit/entries?action=TARGET_TESTED')
    assert.deepEqual(
      [log.body.items[0]?.details.role, log.body.items[0]?.details.ok, log.body.items[0]?.details.origin],
      ['direct', true, page],
    )
    await nothingLeft(client)
  })

  test('R3: a missing rule, one for another origin and one without PUT are told as that, with the rule to copy', async () => {
    const client = clientOf(versitygw)
    const put = (rules: object[]) =>
      client.send(new PutBucketCorsCommand({ Bucket: bucket, CORSConfiguration: { CORSRules: rules as never } }))
    const [rule] = corsRules(page)
    const cases = [
      {
        given: () => client.send(new DeleteBucketCorsCommand({ Bucket: bucket })),
        step: /CORS/,
        told: /no CORS rule that lets pages of https:\/\/lab\.example/,
      },
      { given: () => put(corsRules('https://other.example')), step: /CORS/, told: /no CORS rule|other origins/ },
      { given: () => put([{ ...rule, AllowedMethods: ['GET'] }]), step: /CORS/, told: /no CORS rule|does not allow PUT/ },
    ]
    for (const { given, step, told } of cases) {
      await given()
      const result = await testDirect(world)
      assert.equal(result.ok, false, String(told))
      assert.match(failed(result)?.name ?? '', step)
      assert.match(failed(result)?.detail ?? '', told)
      assert.doesNotMatch(failed(result)?.detail ?? '', /X-Amz|Signature|^403/)
      const remedy = failed(result)?.remedy ?? ''
      assert.deepEqual(JSON.parse(remedy.slice(remedy.indexOf('['))), corsRules(page))
      await nothingLeft(client)
    }
    assert.equal(
      (await world.tenant.api.admin.call<PageOf<Target>>('GET', '/targets')).body.items.find((one) => one.name === 'Gateway')?.lastTestOk,
      false,
    )
  })

  test('R3 D2: a rule without ETag among ExposeHeaders is told as that', async () => {
    // Versitygw exposes the ETag whatever its rule says; others, AWS among them, do as they are told.
    await using proxy = await hidingEtag(versitygw)
    await clientOf(versitygw).send(new PutBucketCorsCommand({ Bucket: bucket, CORSConfiguration: { CORSRules: corsRules(page) as never } }))
    const address = addressOf(versitygw, 'Behind a proxy')
    await bind(world, { ...address, place: { ...address.place, endpoint: proxy.endpoint } })
    const result = await testDirect(world)
    assert.equal(failed(result)?.name, 'Read its ETag')
    assert.match(failed(result)?.detail ?? '', /lacks ETag among ExposeHeaders/)
    assert.match(failed(result)?.remedy ?? '', /"ExposeHeaders":\["ETag"/)
    await nothingLeft(clientOf(versitygw))
  })

  test('R3: MinIO, which allows every origin, passes; a server that is away is told as that', async () => {
    await bind(world, addressOf(minio, 'MinIO'))
    const result = await testDirect(world, null)
    assert.deepEqual(failed(result), undefined, JSON.stringify(result.steps))
    await nothingLeft(clientOf(minio))
    await minio.kill()
    const away = await testDirect(world)
    assert.equal(failed(away)?.name, 'Connect')
    await minio.restart()
  })
})

suite('R3: Test Direct on file servers', () => {
  let samba: SambaServer
  let sshd: SshServer
  let world: FileWorld
  before(async () => {
    ;[samba, sshd, world] = await Promise.all([startSamba('encryption-required'), startSshd(), openFileWorld()])
  })
  after(async () => {
    await world?.[Symbol.asyncDispose]()
    await Promise.all([samba?.stop(), sshd?.stop()])
  })
  const steps = [
    'Begin a file',
    'Write chunks at their offsets, the last one first',
    'Make them durable',
    'Put the file in its place',
    'Read it back',
    'Compare the content',
    'Delete it',
  ]

  test('R3: an SMB share passes every step and nothing stays; a read-only one names the step', async () => {
    const place = { host: samba.host, port: samba.port, share: samba.share, user: samba.user }
    const credentials = { password: samba.password }
    await bind(world, { name: 'NAS', kind: 'smb', place, credentials })
    const result = await testDirect(world)
    assert.deepEqual(failed(result), undefined, JSON.stringify(result.steps))
    assert.deepEqual(result.steps.map((step) => step.name).slice(-7), steps)
    assert.doesNotMatch(samba.smbclient('recurse; ls').output, /direct|holdfast/)
    await bind(world, { name: 'Archive', kind: 'smb', place: { ...place, share: samba.readOnlyShare }, credentials })
    const refused = await testDirect(world)
    assert.equal(failed(refused)?.name, 'Begin a file')
    assert.match(failed(refused)?.remedy ?? '', /may write|user/)
  })

  test('R3: an SFTP server passes every step; one that shows another host key is refused before anything is sent', async () => {
    const key = await sshd.key()
    const place = { host: sshd.host, port: sshd.port, user: sshd.user, hostKey: sshd.hostKey() }
    await bind(world, { name: 'Files', kind: 'sftp', place, credentials: { privateKey: key.privateKey } })
    const result = await testDirect(world)
    assert.deepEqual(failed(result), undefined, JSON.stringify(result.steps))
    assert.deepEqual(result.steps.map((step) => step.name).slice(-7), steps)
    assert.doesNotMatch(sshd.sftp(key, 'ls -la').output, /direct|holdfast/)
    sshd.changeHostKeys()
    await sshd.restart()
    const refused = await testDirect(world)
    assert.match(failed(refused)?.detail ?? '', /host key/)
  })
})
