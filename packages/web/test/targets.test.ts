import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Target } from '@holdfast/api'
import { ApiProblem } from '@holdfast/client'
import { abilitiesOf, sayAbilities } from '../src/features/storage/capability-words.ts'
import { addressProblems, commonProblems, placeErrors } from '../src/features/storage/target-checks.ts'
import {
  emptyValues,
  hasTls,
  type TargetValues,
  toCreate,
  toCredentials,
  toPlace,
  toUpdate,
  valuesOf,
  withTls,
} from '../src/features/storage/target-fields.ts'
import { sayPlace } from '../src/features/storage/target-words.ts'

const values = (some: Partial<TargetValues>): TargetValues => ({ ...emptyValues, ...some })
const s3 = { endpoint: 'https://minio.example.org:9000/', region: 'us-east-1', bucket: 'evidence' }
const keys = { accessKeyId: 'AKIA', secretAccessKey: 'secret' }
const smb = { host: 'nas.example.org', share: '\\evidence\\', folder: '/a\\b/', user: 'holdfast' }
const fingerprint = 'ssh-ed25519 SHA256:40o09sqboi51mjZqyj6nbIiRPHTu5v/VVIQYyJwLRpk'

const target = (some: Partial<Target>): Target => ({
  ...{ id: 't', name: 'NAS', kind: 'smb', builtin: false, place: toPlace('smb', values(smb)), hasCredentials: true, quotaBytes: null },
  ...{ usedBytes: 0, reservedBytes: 0, freeBytes: null, lastPassAt: null, lastTestAt: null, lastTestOk: null, capabilities: null },
  ...{ roles: [], fileCount: 0, stagedCount: 0, removedAt: null, version: 1 },
  ...some,
})

test('T3: fields of a bucket go out trimmed, and what is empty is left to its default', () => {
  assert.deepEqual(toPlace('s3', values(s3)), { endpoint: 'https://minio.example.org:9000', region: 'us-east-1', bucket: 'evidence' })
  const all = toPlace('s3', values({ ...s3, prefix: '/holdfast/', kmsKeyId: 'alias/evidence', verifyCertificate: false }))
  assert.deepEqual([all.prefix, all.kmsKeyId, all.verifyCertificate], ['holdfast', 'alias/evidence', false])
})

test('T3: an IAM role sends no secrets on purpose, an access key both of them', () => {
  assert.equal(toCredentials('s3', values({ access: 'role', ...keys })), null)
  assert.deepEqual(toCredentials('s3', values(keys)), keys)
  assert.deepEqual(addressProblems('s3', values({ ...s3, access: 'role' }), { stored: false }), {})
  assert.deepEqual(Object.keys(addressProblems('s3', values(s3), { stored: false })), ['accessKeyId', 'secretAccessKey'])
  assert.deepEqual(Object.keys(addressProblems('s3', values({ ...s3, accessKeyId: 'AKIA' }), { stored: true })), ['secretAccessKey'])
})

test('T3: TLS is what the endpoint says, and AWS always has it', () => {
  assert.equal(withTls('minio:9000', true), 'https://minio:9000')
  assert.equal(withTls('https://minio:9000', false), 'http://minio:9000')
  assert.equal(withTls(' ', false), '')
  assert.deepEqual(['', 'HTTP://a', 'https://a'].map(hasTls), [true, false, true])
})

test('T3 T4 T5: wrong fields are told before anything is sent', () => {
  const wrong = (endpoint: string) => 'endpoint' in addressProblems('s3', values({ ...s3, ...keys, endpoint }), { stored: false })
  assert.deepEqual(['', 'https://a.example', 'http://[::1]:9000', 'https://a/bucket', 'ftp://a', 'a b'].map(wrong), [
    ...[false, false, false, true, true, true],
  ])
  assert.deepEqual(Object.keys(addressProblems('smb', emptyValues, { stored: false })), ['host', 'share', 'user', 'password'])
  assert.ok('share' in addressProblems('smb', values({ ...smb, share: '\\\\nas\\evidence' }), { stored: true }))
  assert.deepEqual(Object.keys(addressProblems('sftp', emptyValues, { stored: false })), ['host', 'user', 'password'])
  assert.deepEqual(Object.keys(commonProblems({ name: ' ', quotaBytes: 0 })), ['name', 'quotaBytes'])
})

test('T4: shares and folders are taken as they are often copied', () => {
  const place = toPlace('smb', values({ ...smb, port: 1445 }))
  assert.deepEqual(place, { host: 'nas.example.org', share: 'evidence', user: 'holdfast', port: 1445, folder: 'a/b' })
})

test('T5: a password or a key goes out, never both', () => {
  const both = { password: 'p', privateKey: '-----BEGIN OPENSSH PRIVATE KEY-----\nx', passphrase: 'q' }
  assert.deepEqual(toCredentials('sftp', values({ ...both, signIn: 'password' })), { password: 'p' })
  const { privateKey, passphrase } = both
  assert.deepEqual(toCredentials('sftp', values({ ...both, signIn: 'privateKey' })), { privateKey, passphrase })
  assert.equal(toCredentials('sftp', values({ ...both, signIn: 'keep' })), undefined)
  const notKey = values({ host: 'h', user: 'u', signIn: 'privateKey', privateKey: 'ssh-ed25519 AAAA' })
  assert.ok('privateKey' in addressProblems('sftp', notKey, { stored: false }))
})

test('T1: what is edited begins without secrets, and what was not touched is not sent', () => {
  const known = target({})
  const first = valuesOf(known)
  assert.deepEqual([first.password, first.privateKey, first.secretAccessKey, first.accessKeyId], ['', '', '', ''])
  assert.deepEqual(toUpdate(known, first), {})
  assert.deepEqual(toUpdate(known, { ...first, name: ' Cellar ', password: 'new' }), { name: 'Cellar', credentials: { password: 'new' } })
  assert.deepEqual(toUpdate(known, { ...first, user: 'other' }), { place: { ...known.place, user: 'other' } })
  const role = target({ kind: 's3', place: toPlace('s3', values(s3)), hasCredentials: false })
  assert.deepEqual(toUpdate(role, valuesOf(role)), {})
  assert.deepEqual(toUpdate(target({ kind: 's3', place: role.place }), { ...valuesOf(role), access: 'role' }), { credentials: null })
})

test('T8: a quota that was not touched is never rounded', () => {
  const odd = target({ quotaBytes: 1_234_567_891 })
  assert.deepEqual(toUpdate(odd, valuesOf(odd)), {})
  assert.deepEqual(toUpdate(odd, { ...valuesOf(odd), quotaBytes: '' }), { quotaBytes: null })
})

test('T9: a deleted target is made again at its place', () => {
  const made = toCreate('smb', { ...valuesOf(target({})), password: 'again' })
  assert.deepEqual(made.place, target({}).place)
  assert.deepEqual(made.credentials, { password: 'again' })
})

test('T5 U5: refusals of the server find their input, and what belongs to none reads as a sentence', () => {
  const refused = new ApiProblem(400, {
    code: 'VALIDATION_ERROR',
    errors: [
      { field: 'place.hostKey', message: 'is required: compare it' },
      { field: 'credentials.privateKey', message: 'must match pattern "^x"' },
      { field: 'body/name', message: 'Too long' },
      { field: 'place', message: 'is another storage' },
    ],
  })
  const { fields, rest } = placeErrors(refused)
  assert.equal(fields.hostKey, 'Host key is required: compare it.')
  assert.doesNotMatch(fields.privateKey ?? '', /pattern/)
  assert.equal(fields.name, 'Too long.')
  assert.deepEqual(rest, ['This place is another storage.'])
  assert.deepEqual(placeErrors(new Error('x')), { fields: {}, rest: [] })
})

test('T1: places read as people of that storage write them', () => {
  assert.equal(sayPlace(target({})), '\\\\nas.example.org\\evidence\\a\\b')
  assert.equal(sayPlace({ kind: 's3', place: { ...s3, endpoint: '', prefix: 'p' } }), 'evidence/p at AWS us-east-1')
  assert.equal(sayPlace({ kind: 's3', place: { bucket: 'b', endpoint: 'http://h:9' } }), 'b at h:9')
  const sftp = { host: 'h', user: 'u', port: 2222, hostKey: fingerprint }
  assert.equal(sayPlace({ kind: 'sftp', place: { ...sftp, directory: '/srv' } }), 'u@h:2222:/srv')
  assert.equal(sayPlace({ kind: 'sftp', place: { host: 'h', user: 'u' } }), 'u@h:~')
})

test('T12: what a target can do is told by what was found, with "not known" apart from "no"', () => {
  const found = {
    ...{ at: '2026-01-15T12:00:00Z', conditionalWrites: true, verifiesSha256: true, versioning: null, objectLock: false },
    ...{
      encryptionAtRest: 'sse-kms' as const,
      cors: false,
      leastPartBytes: 5 * 2 ** 20,
      mostParts: 10_000,
      presign: true,
      serverCopy: true,
    },
  }
  assert.deepEqual(sayAbilities(found), ['verifies SHA-256', 'SSE-KMS', 'signed URLs'])
  const able = new Map(abilitiesOf(found, 'en').map((ability) => [ability.label, ability.able]))
  assert.deepEqual([able.get('Versions'), able.get('Object lock'), able.get('CORS for this origin')], [null, false, false])
  assert.ok(able.has('Takes up to 10,000 parts, each but the last at least 5 MB'))
  const files = abilitiesOf({ ...found, presign: false, cors: null, mostParts: null, leastPartBytes: 1 }, 'en').map(({ label }) => label)
  assert.ok(!files.some((label) => /CORS|parts/.test(label)))
})
