import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { corsRules, s3Actions, s3Policy } from '../src/core/s3-policy.ts'
import { targetLocation } from '../src/core/target-location.ts'

const s3 = (more: object = {}) => targetLocation('s3', { endpoint: 'https://s3.example.org', region: 'r', bucket: 'evidence', ...more })
const smb = (more: object = {}) => targetLocation('smb', { host: 'nas', share: 'Vault', user: 'u', ...more })
const sftp = (more: object = {}) => targetLocation('sftp', { host: 'nas', user: 'u', directory: '/srv/vault', ...more })

test('T9: a place is known again however it is spelled and whoever signs in there', () => {
  const alike: [string | null, (string | null)[]][] = [
    [
      s3(),
      [
        s3({ endpoint: 'https://S3.example.org:443/' }),
        s3({ prefix: '' }),
        s3({ region: 'other', kmsKeyId: 'key', verifyCertificate: false }),
        s3({ endpoint: 'https://s3.example.org.' }),
      ],
    ],
    [
      s3({ endpoint: '' }),
      [s3({ endpoint: 'https://s3.eu-west-1.amazonaws.com' }), s3({ endpoint: 'https://s3-eu-west-1.amazonaws.com' })],
    ],
    [s3({ endpoint: 'http://[::1]:9000' }), [s3({ endpoint: 'http://[0:0:0:0:0:0:0:1]:9000' })]],
    [smb(), [smb({ host: 'NAS.', port: 445 }), smb({ share: 'VAULT', user: 'other', domain: 'D' }), smb({ folder: '' })]],
    [smb({ host: 'fe80::1' }), [smb({ host: 'FE80:0::1' })]],
    [sftp(), [sftp({ port: 22, user: 'other' }), sftp({ directory: '//srv/./vault/' }), sftp({ hostKey: 'ssh-ed25519 SHA256:x' })]],
    [sftp({ directory: 'vault' }), [sftp({ directory: './vault/' })]],
    [sftp({ directory: '' }), [sftp({ directory: '.' }), sftp({ directory: undefined })]],
  ]
  for (const [one, others] of alike) for (const other of others) assert.equal(other, one)
})

test('T9: whatever tells one storage from another makes another place', () => {
  const places = [
    ...[s3(), s3({ endpoint: 'http://s3.example.org' }), s3({ endpoint: 'https://s3.example.org:9000' }), s3({ endpoint: '' })],
    ...[s3({ bucket: 'other' }), s3({ prefix: 'a' }), s3({ prefix: 'a/b' }), s3({ prefix: 'A' })],
    ...[s3({ endpoint: '', region: 'cn-north-1' }), s3({ endpoint: '', region: 'us-gov-west-1' })],
    ...[s3({ endpoint: 'https://amazonaws.com.example.org' }), s3({ endpoint: 'https://s3.amazonaws.com.example.org' })],
    ...[smb(), smb({ host: 'nas2' }), smb({ port: 4450 }), smb({ share: 'other' }), smb({ folder: 'a' }), smb({ folder: 'A' })],
    ...[sftp(), sftp({ host: 'nas2' }), sftp({ port: 2222 }), sftp({ directory: '/srv' }), sftp({ directory: 'srv/vault' })],
    ...[sftp({ directory: 'srv/vault', user: 'other' })],
  ]
  assert.equal(new Set(places).size, places.length)
})

test('T9: no two different shares and folders run together in one place', () => {
  const name = fc.string({ minLength: 1, maxLength: 6 }).filter((text) => !/[/\\]|^\.*$/.test(text))
  fc.assert(
    fc.property(name, name, name, name, (shareA, folderA, shareB, folderB) => {
      const same = shareA.toLowerCase() === shareB.toLowerCase() && folderA === folderB
      assert.equal(smb({ share: shareA, folder: folderA }) === smb({ share: shareB, folder: folderB }), same)
    }),
  )
  assert.equal(targetLocation('local', { path: '/srv' }), null)
})

type Statement = { Sid: string; Action: string[]; Resource: string; Condition?: Record<string, Record<string, string[]>> }
const statements = (place: Partial<Parameters<typeof s3Policy>[0]> = {}) =>
  s3Policy({ bucket: 'evidence', prefix: '', region: 'eu-west-1', kmsKeyId: null, ...place }).Statement as Statement[]

test('T11: the policy names every action that the driver asks for, on this bucket and prefix alone', () => {
  const directory = join(import.meta.dirname, '..', 'src', 'storage')
  const used = readdirSync(directory)
    .filter((name) => name.startsWith('s3'))
    .flatMap((name) => readFileSync(join(directory, name), 'utf8').match(/'s3:[A-Za-z]+'/g) ?? [])
    .map((quoted) => quoted.slice(1, -1))
  assert.ok(used.length > 10)
  assert.deepEqual(
    [...new Set(used)].filter((action) => !s3Actions.includes(action)),
    [],
  )
  assert.deepEqual(
    s3Actions.filter((action) => !used.includes(action)),
    [],
  )
  for (const { Action, Resource } of statements({ prefix: 'a/b' })) {
    assert.ok(Action.every((action) => !action.includes('*')))
    assert.ok(['arn:aws:s3:::evidence', 'arn:aws:s3:::evidence/a/b/*'].includes(Resource), Resource)
  }
  const listings = statements({ prefix: 'a/b' }).find(({ Action }) => Action.includes('s3:ListBucket'))
  assert.deepEqual(listings?.Condition, { StringLikeIfExists: { 's3:prefix': ['a/b/*'] } })
  assert.equal(statements().find(({ Action }) => Action.includes('s3:ListBucket'))?.Condition, undefined)
})

test('T11: with a KMS key the policy grants its use, however the key is named, in every part of AWS', () => {
  const key = (place: Parameters<typeof statements>[0]) => statements(place).find(({ Sid }) => Sid === 'HoldfastKey')
  assert.equal(key({}), undefined)
  const arn = 'arn:aws:kms:eu-west-1:111122223333:key/abc'
  assert.deepEqual([key({ kmsKeyId: arn })?.Resource, key({ kmsKeyId: arn })?.Action], [arn, ['kms:GenerateDataKey', 'kms:Decrypt']])
  assert.equal(key({ kmsKeyId: 'abc' })?.Resource, 'arn:aws:kms:eu-west-1:*:key/abc')
  const alias = key({ kmsKeyId: 'alias/vault', region: 'cn-north-1' })
  assert.equal(alias?.Resource, 'arn:aws-cn:kms:cn-north-1:*:key/*')
  assert.deepEqual(alias?.Condition, { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': ['alias/vault'] } })
  assert.ok(statements({ region: 'us-gov-west-1' }).every(({ Resource }) => Resource.startsWith('arn:aws-us-gov:')))
})

test('T11 D2: the CORS rule lets this origin alone send parts and read the ETag', () => {
  const [rule, ...more] = corsRules('https://evidence.example.org') as [
    { AllowedOrigins: string[]; AllowedMethods: string[]; ExposeHeaders: string[] },
  ]
  assert.deepEqual([rule.AllowedOrigins, rule.AllowedMethods, more], [['https://evidence.example.org'], ['GET', 'PUT'], []])
  assert.ok(rule.ExposeHeaders.includes('ETag'))
})
