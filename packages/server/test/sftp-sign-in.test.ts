import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { SshServer } from '../../../test/servers/sshd.ts'
import { openSftpTarget, type SftpOptions } from '../src/storage/sftp.ts'
import { openSftpScene, type SftpScene } from './sftp-kit.ts'
import { sameBytes, text } from './target.contract.ts'

describe('Signing in to OpenSSH', () => {
  let scene: SftpScene
  let server: SshServer
  before(async () => {
    scene = await openSftpScene()
    server = scene.server
  })
  after(() => scene?.[Symbol.asyncDispose]())
  const optionsOf = (more?: Partial<SftpOptions>, at?: SshServer): SftpOptions => scene.optionsOf(more, at)
  const probe = (options: SftpOptions) => scene.probe(options)
  const failureOf = (options: SftpOptions) => scene.failureOf(options)

  const passes = async (options: SftpOptions): Promise<void> => {
    const result = await probe(options)
    assert.equal(result.ok, true, JSON.stringify(result.steps.filter((step) => !step.ok)))
  }

  for (const [title, options] of [
    ['Ed25519', { type: 'ed25519' }],
    ['Ed25519 with a passphrase', { type: 'ed25519', passphrase: 'open sesame' }],
    ['Ed25519 sealed with aes256-gcm', { type: 'ed25519', passphrase: 'open sesame', cipher: 'aes256-gcm@openssh.com' }],
    ['ECDSA', { type: 'ecdsa' }],
    ['ECDSA with a passphrase', { type: 'ecdsa', passphrase: 'open sesame' }],
    ['ECDSA in encrypted PKCS #8', { type: 'ecdsa', passphrase: 'open sesame', format: 'PKCS8' }],
    ['RSA', { type: 'rsa' }],
    ['RSA in PEM', { type: 'rsa', format: 'PEM' }],
    ['RSA with a passphrase', { type: 'rsa', passphrase: 'open sesame', cipher: 'aes256-gcm@openssh.com' }],
    ['RSA in encrypted PKCS #8', { type: 'rsa', passphrase: 'open sesame', format: 'PKCS8' }],
  ] as const) {
    test(`T5: a private key of kind ${title} signs in`, async () => {
      const { privateKey } = await server.key(options)
      const credentials = { privateKey, passphrase: 'passphrase' in options ? options.passphrase : null }
      await using target = openSftpTarget(optionsOf({ credentials }))
      await target.put('kinds/x', text(title))
      sameBytes(await target.read('kinds/x', 0, text(title).length), text(title))
    })
  }

  test('T5: an Ed25519 key in encrypted PKCS #8 signs in', async () => {
    const { generateKeyPairSync } = await import('node:crypto')
    const { appendFile } = await import('node:fs/promises')
    const pair = generateKeyPairSync('ed25519')
    const raw = Buffer.from(pair.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')
    const field = (bytes: Uint8Array) => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes])
    const blob = Buffer.concat([field(Buffer.from('ssh-ed25519')), field(raw)])
    await appendFile(join(server.folder, '..', 'authorized_keys'), `ssh-ed25519 ${blob.toString('base64')} test\n`)
    const privateKey = pair.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open sesame' }) as string
    await using target = openSftpTarget(optionsOf({ credentials: { privateKey, passphrase: 'open sesame' } }))
    assert.equal(await target.stat('none'), null)
  })

  test('T5: a password signs in', async () => {
    assert.ok(server.password, 'passwords can be tested as root alone')
    await passes(optionsOf({ credentials: { password: server.password } }))
  })

  test('T5 T6: what is wrong with the credentials is told apart', async () => {
    const sealed = await server.key({ passphrase: 'right' })
    const chacha = await server.key({ passphrase: 'right', cipher: 'chacha20-poly1305@openssh.com' })
    const stranger = await server.key({ authorize: false })
    const cases: [string, SftpOptions['credentials'], RegExp, RegExp][] = [
      ['wrong passphrase', { privateKey: sealed.privateKey, passphrase: 'wrong' }, /passphrase of the private key is wrong/, /again/],
      ['no passphrase', { privateKey: sealed.privateKey }, /sealed with a passphrase/, /passphrase/],
      ['chacha20', { privateKey: chacha.privateKey, passphrase: 'right' }, /cipher that cannot be read/, /aes256-gcm/],
      ['no key', { privateKey: 'not a key' }, /not one that can be read/, /Ed25519/],
      ['a public key', { privateKey: sealed.publicKey }, /not one that can be read/, /private key/],
      ['unknown key', { privateKey: stranger.privateKey }, /refuses the sign-in/, /authorized_keys/],
      ['wrong password', { password: 'wrong' }, /refuses the sign-in/, /password/],
    ]
    for (const [name, credentials, detail, remedy] of cases) {
      const step = await failureOf(optionsOf({ credentials }))
      assert.deepEqual(
        [step.name, detail.test(step.detail ?? ''), remedy.test(step.remedy ?? '')],
        ['Sign in', true, true],
        `${name}: ${JSON.stringify(step)}`,
      )
    }
    const nobody = await failureOf(optionsOf({ user: 'nobody-here' }))
    assert.equal(nobody.name, 'Sign in')
  })

  test('T5: a method that was not chosen is never tried', async () => {
    const stranger = await server.key({ authorize: false })
    const attempts = server.log().length
    await failureOf(optionsOf({ credentials: { privateKey: stranger.privateKey } }))
    await failureOf(optionsOf({ credentials: { password: 'wrong' } }))
    const told = server.log().slice(attempts)
    assert.match(told, /Failed password/)
    assert.equal(told.match(/Failed password/g)?.length, 1, told)
    assert.equal(told.match(/Failed publickey/g)?.length, 1, told)
  })
})
