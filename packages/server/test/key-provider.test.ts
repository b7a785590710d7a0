import assert from 'node:assert/strict'
import { createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { environmentKeyProvider } from '../src/keys/environment-provider.ts'
import { credentialSealer } from '../src/keys/sealed-credentials.ts'
import { keyProviderContract } from './key-provider.contract.ts'

const wrong = { name: 'KeyError' }

for (const length of [16, 24, 32]) {
  keyProviderContract({
    name: `the environment's master key of ${length} bytes`,
    async open() {
      const key = randomBytes(length)
      return { one: environmentKeyProvider(key), same: environmentKeyProvider(key), other: environmentKeyProvider(randomBytes(length)) }
    },
  })
}

keyProviderContract({
  name: "the environment's master key beside a previous one",
  async open() {
    const [key, previous] = [randomBytes(32), randomBytes(32)]
    return {
      one: environmentKeyProvider(key, [previous]),
      same: environmentKeyProvider(key, [previous]),
      other: environmentKeyProvider(randomBytes(32), [randomBytes(32)]),
    }
  },
})

test('S1: a previous master key still unwraps, and the new one wraps', async () => {
  const [old, fresh] = [randomBytes(32), randomBytes(24)]
  const key = new Uint8Array(randomBytes(32))
  const wrapped = await environmentKeyProvider(old).wrap(key, 'c')
  const both = environmentKeyProvider(fresh, [old])
  assert.deepEqual(await both.unwrap(wrapped, 'c'), key)
  assert.equal((await both.wrap(key, 'c')).keyId, environmentKeyProvider(fresh).currentKeyId)
  await assert.rejects(environmentKeyProvider(fresh).unwrap(wrapped, 'c'), {
    name: 'KeyError',
    message: /wrapped by master key env:[0-9a-f]{16}, which is not configured here/,
  })
})

test('S1: a wrap is what docs/spec says: derived key, version, nonce, AAD of version and context', async () => {
  const master = randomBytes(32)
  const key = new Uint8Array(randomBytes(32))
  const { keyId, bytes } = await environmentKeyProvider(master).wrap(key, 'holdfast:v1:tenant:x')
  const wrapping = Buffer.from(hkdfSync('sha256', master, '', 'holdfast:v1:key-wrap', 32))
  assert.equal(keyId, `env:${Buffer.from(hkdfSync('sha256', master, '', 'holdfast:v1:key-id', 8)).toString('hex')}`)
  assert.deepEqual([bytes.length, bytes[0]], [61, 1])
  const decipher = createDecipheriv('aes-256-gcm', wrapping, bytes.subarray(1, 13))
  decipher.setAAD(Buffer.from('\u0001holdfast:v1:tenant:x')).setAuthTag(bytes.subarray(45))
  assert.deepEqual(new Uint8Array(Buffer.concat([decipher.update(bytes.subarray(13, 45)), decipher.final()])), key)
})

const context = { tenantId: 'tenant', targetId: 'target' }
const credentials = { accessKey: 'AKIA', secretKey: 'very secret', name: 'Zoë' }

test('T1 S8: sealed credentials open for their target alone, and show nothing', () => {
  const sealer = credentialSealer(randomBytes(32))
  const sealed = sealer.seal(credentials, context)
  assert.deepEqual(sealer.open(sealed, context), credentials)
  assert.equal(Buffer.from(sealed).includes('secret'), false)
  assert.notDeepEqual(sealer.seal(credentials, context), sealed)
  assert.throws(() => sealer.open(sealed, { ...context, targetId: 'another' }), wrong)
  assert.throws(() => sealer.open(sealed, { ...context, tenantId: 'another' }), wrong)
  for (let at = 0; at < sealed.length; at++) {
    assert.throws(() => sealer.open(sealed.with(at, sealed[at]! ^ 1), context), wrong)
    assert.throws(() => sealer.open(sealed.slice(0, at), context), wrong)
  }
})

test('T1 S8: credentials sealed under another key say so; a previous key still opens', () => {
  const [old, fresh] = [randomBytes(32), randomBytes(32)]
  const sealed = credentialSealer(old).seal(credentials, context)
  assert.throws(() => credentialSealer(fresh).open(sealed, context), { name: 'KeyError', message: /another CREDENTIAL_ENCRYPTION_KEY/ })
  assert.deepEqual(credentialSealer(fresh, [old]).open(sealed, context), credentials)
})
