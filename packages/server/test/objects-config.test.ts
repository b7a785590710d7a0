import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { MiB, type ObjectClass, type PageOf, type RoleBinding, type Target } from '@holdfast/api'
import { defaultObjectConfig, readObjectConfig } from '../src/config-objects.ts'
import { classDefaults } from '../src/core/object-classes.ts'
import { openFileWorld } from './file-world.ts'
import { asked, objectsOf, table } from './objects-kit.ts'
import { s3World } from './s3-world.ts'

const readAll = (env: Record<string, string>) => {
  const problems: string[] = []
  return { config: readObjectConfig({ env, problems }), problems }
}

test('O16 C8: a bucket by any of its names, the first that is set; nothing set is no bucket', () => {
  assert.deepEqual(readAll({}), { config: defaultObjectConfig, problems: [] })
  const keys = { STORAGE_ACCESS_KEY: 'AKIA', STORAGE_SECRET_KEY: 'secret' }
  const { config, problems } = readAll({
    ...{ ...keys, STORAGE_BUCKET: 'files', STORAGE_ENDPOINT: 'https://s3.example:9000', STORAGE_REGION: 'eu-west-1' },
    ...{ STORAGE_PRESIGN_UPLOAD_EXPIRY_SECONDS: '60', STORAGE_PRESIGN_DOWNLOAD_EXPIRY_SECONDS: '120', STORAGE_MAX_FILE_SIZE_BYTES: '1000' },
    HOLDFAST_S3_BUCKET: 'other',
  })
  assert.deepEqual(problems, [])
  assert.deepEqual([config.uploadUrlSeconds, config.downloadUrlSeconds, config.maxBytes], [60, 120, 1000])
  const place = { endpoint: 'https://s3.example:9000', region: 'eu-west-1', bucket: 'files', prefix: '' }
  assert.deepEqual(config.s3, { kind: 's3', place, credentials: { accessKeyId: 'AKIA', secretAccessKey: 'secret' } })
  for (const name of ['HOLDFAST_S3_BUCKET', 'HOLDFAST_EVIDENCE_BUCKET', 'HASNA_FILES_S3_BUCKET', 'HASNA_FILES_EVIDENCE_BUCKET']) {
    const found = readAll({ [name]: 'files' }).config.s3
    assert.deepEqual(
      [found?.place, found?.credentials],
      [{ endpoint: '', region: 'us-east-1', bucket: 'files', prefix: 'objects' }, null],
      name,
    )
  }
})

test('O16: what is not valid is named, without the value of a key', () => {
  const { problems } = readAll({
    STORAGE_BUCKET: 'No Bucket',
    STORAGE_ENDPOINT: 'ftp://x',
    STORAGE_ACCESS_KEY: 'only-this-one',
    STORAGE_PRESIGN_UPLOAD_EXPIRY_SECONDS: '0',
    STORAGE_MAX_FILE_SIZE_BYTES: 'many',
  })
  const text = problems.join('\n')
  for (const name of ['STORAGE_BUCKET', 'STORAGE_ENDPOINT', 'STORAGE_SECRET_KEY', 'UPLOAD_EXPIRY_SECONDS', 'MAX_FILE_SIZE']) {
    assert.match(text, new RegExp(name))
  }
  assert.ok(!text.includes('only-this-one'))
})

test('O2: a file of classes is taken whole or refused with the place of each fault', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-classes-'))
  const path = join(folder, 'classes.json')
  const readFile = async (text: string) => {
    await writeFile(path, text)
    return readAll({ HOLDFAST_OBJECT_CLASSES_FILE: path })
  }
  const invoice = { name: 'INVOICE', contentTypes: ['application/pdf'], maxBytes: 10 }
  assert.deepEqual((await readFile(JSON.stringify([invoice]))).config.classes, [
    { ...invoice, description: '', retention: 'PERMANENT', replaceable: false, tier: 'object', malware: 'reject' },
  ])
  const faults: [string, RegExp][] = [
    ['{', /is no JSON/],
    [JSON.stringify([{ ...invoice, maxBytes: -1 }]), /\/0\/maxBytes/],
    [JSON.stringify([{ ...invoice, unknown: 1 }]), /\/0 /],
    [JSON.stringify([invoice, invoice]), /defined twice/],
    [JSON.stringify([{ ...invoice, name: 'REPORT' }]), /built in/],
  ]
  for (const [text, expected] of faults) assert.match((await readFile(text)).problems.join(), expected)
  assert.match(readAll({ HOLDFAST_OBJECT_CLASSES_FILE: join(folder, 'none') }).problems.join(), /ENOENT/)
  await rm(folder, { recursive: true })
})

test('O16: the bucket of the configuration is each tenant’s from the start, bound once; classes of the file are there', async () => {
  await using s3 = await s3World('versitygw')
  const { endpoint, region, accessKeyId, secretAccessKey } = s3.server
  const place = { endpoint, region, bucket: await s3.bucket(), prefix: '' }
  const address = { kind: 's3', place, credentials: { accessKeyId, secretAccessKey } }
  const classes = [{ ...classDefaults, name: 'FROM_FILE', contentTypes: ['text/csv'], maxBytes: MiB }]
  const first = await openFileWorld({ keep: true, objects: { s3: address, classes, maxBytes: 5000 } })
  const { admin } = first.tenant.api
  const objects = objectsOf(first.api)
  const begun = await objects.received(table(), { objectClass: 'FROM_FILE' })
  assert.ok(begun.uploadUrl.startsWith(endpoint))
  assert.equal((await objects.initiate({ ...asked(table()), fileSize: 5001 })).problem.maxBytes, 5000)
  const listed = (await admin.call<PageOf<ObjectClass>>('GET', '/object-classes')).body.items
  assert.equal(listed.find(({ name }) => name === 'FROM_FILE')?.source, 'file')
  const other = await first.newTenant(`t-${randomUUID().slice(0, 6)}`)
  assert.ok((await objectsOf(other.api.examiner).received(table())).uploadUrl.startsWith(endpoint))
  const targets = (await admin.call<PageOf<Target>>('GET', '/targets')).body.items
  const bucket = targets.find(({ kind }) => kind === 's3')
  assert.deepEqual([bucket?.roles, bucket?.lastTestOk], [['objects'], true])
  assert.ok(!JSON.stringify(targets).includes(secretAccessKey))
  await admin.call<RoleBinding>('PUT', '/roles/objects', { body: { targetId: first.tenant.targetId } })
  await first[Symbol.asyncDispose]()

  const { dataDir, secrets, tenant } = first
  await using again = await openFileWorld({ dataDir, secrets, objects: { s3: address } })
  const rows = await again.instance.store.read.targets.list(tenant.id, { limit: 10, after: null })
  assert.equal(rows.filter(({ kind }) => kind === 's3').length, 1)
  const binding = await again.instance.store.read.roleBindings.find(tenant.id, 'objects')
  assert.equal(binding?.targetId, tenant.targetId, 'what an administrator chose since then stays')
})
