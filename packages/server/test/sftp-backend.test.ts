import assert from 'node:assert/strict'
import { KeyObject, randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type SshKey, type SshServer, startSshd } from '../../../test/servers/sshd.ts'
import { systemClock } from '../src/core/clock.ts'
import { connectSteps, openTarget } from '../src/storage/open-target.ts'
import { testTarget } from '../src/storage/probe.ts'
import { openSftpTarget, type SftpOptions } from '../src/storage/sftp.ts'
import { sftpFiles } from '../src/storage/sftp-files.ts'
import { createSftpLink, parseHostKey, readHostKey } from '../src/storage/sftp-link.ts'
import { listening, tapped } from './loopback.ts'
import { openSftpScene, type SftpScene } from './sftp-kit.ts'
import { collect, fails, keysOf, sameBytes, text } from './target.contract.ts'

const clock = systemClock
const policy = { allowLocal: true }

describe('SFTP on OpenSSH', () => {
  let scene: SftpScene
  let server: SshServer
  let key: SshKey
  before(async () => {
    scene = await openSftpScene()
    server = scene.server
    key = scene.key
  })
  after(() => scene?.[Symbol.asyncDispose]())
  const optionsOf = (more?: Partial<SftpOptions>, at?: SshServer): SftpOptions => scene.optionsOf(more, at)
  const probe = (options: SftpOptions) => scene.probe(options)
  const failureOf = (options: SftpOptions) => scene.failureOf(options)

  test('T6: Test connection passes, step by step, and leaves nothing behind', async () => {
    await mkdir(join(server.folder, 'empty'))
    const { chown } = await import('node:fs/promises')
    const { uid, gid } = await stat(server.folder)
    await chown(join(server.folder, 'empty'), uid, gid)
    const result = await probe(optionsOf({ folder: `${server.folder}/empty/` }))
    assert.deepEqual(
      result.steps.map((step) => `${step.ok} ${step.name}`),
      ['Look up the name', 'Connect', 'Check the host key', 'Sign in', 'Find the folder', 'Open the target', 'Write a sealed probe']
        .concat(['Replace it by a write in parts', 'Read it back', 'Compare the hash', 'List objects', 'Give up a write', 'Delete it'])
        .map((step) => `true ${step}`),
    )
    assert.deepEqual(await readdir(join(server.folder, 'empty')), [])
  })

  test('T6: a host that does not exist, a closed port, a port of something else and a folder that is missing', async () => {
    const cases: [Partial<SftpOptions>, string, RegExp][] = [
      [{ host: 'no-such-host.invalid' }, 'Look up the name', /cannot be looked up/],
      [{ port: 1 }, 'Connect', /nothing listens/],
      [{ folder: `${server.folder}/none` }, 'Find the folder', /missing on the server|not there/],
      [{ folder: '/etc/passwd' }, 'Find the folder', /missing|no folder/],
    ]
    for (const [more, step, detail] of cases) {
      const failed = await failureOf(optionsOf(more))
      assert.deepEqual([failed.name, detail.test(failed.detail ?? '')], [step, true], JSON.stringify(failed))
    }
    await using other = await listening((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    assert.equal((await failureOf(optionsOf({ port: other.port }))).name, 'Check the host key')
    await using silent = await listening(() => {})
    const hung = await failureOf(optionsOf({ port: silent.port, timeout: 500 }))
    assert.deepEqual([hung.name, /does not answer/.test(hung.detail ?? '')], ['Check the host key', true], JSON.stringify(hung))
  })

  test('T6: a folder without permission, a read-only disk and a full one', async () => {
    const denied = await failureOf(optionsOf({ folder: '/etc' }))
    assert.deepEqual(
      [denied.name, /lacks the permission/.test(denied.detail ?? '')],
      ['Write a sealed probe', true],
      JSON.stringify(denied),
    )
    const frozen = await failureOf(optionsOf({ folder: `${server.folder}/frozen` }))
    assert.deepEqual([frozen.name, /read-only/.test(frozen.detail ?? '')], ['Write a sealed probe', true], JSON.stringify(frozen))
    await using small = openSftpTarget(optionsOf({ folder: `${server.folder}/small` }))
    await small.put('old', text('kept'))
    await assert.rejects(small.put('new', new Uint8Array(3_000_000)), fails('full'))
    const write = await small.beginWrite('big', 4_000_000)
    await assert.rejects(small.writePart('big', write, { number: 1, offset: 0, bytes: new Uint8Array(4_000_000) }), fails('full'))
    await small.abortWrite('big', write)
    sameBytes(await small.read('old', 0, 4), text('kept'))
    assert.deepEqual(await keysOf(small), ['old'])
    await small.put('new', new Uint8Array(500_000))
    assert.ok(((await small.space?.free()) ?? 0) < 2_000_000)
  })

  test('T5: the fingerprint is the one that ssh-keygen prints, for each kind of host key', async () => {
    for (const kind of ['ed25519', 'ecdsa', 'rsa'] as const) {
      const pinned = parseHostKey(server.hostKey(kind))
      const { algorithm, fingerprint } = await readHostKey({
        host: server.host,
        port: server.port,
        policy,
        timeout: 5_000,
        hostKey: pinned,
      })
      assert.equal(`${algorithm} ${fingerprint}`, server.hostKey(kind))
      await using target = openSftpTarget(optionsOf({ hostKey: pinned }))
      assert.equal(await target.stat('none'), null, kind)
    }
  })

  test('T5: the host key is told at the first test, and holds from then on; a changed one is refused before anything secret is sent', async () => {
    const other = await startSshd()
    try {
      const { publicKey } = key
      await writeFile(join(other.folder, '..', 'authorized_keys'), publicKey)
      const told: string[] = []
      const place = { host: other.host, port: other.port, user: other.user, directory: other.folder }
      const credentials = { privateKey: key.privateKey }
      const context = { clock, policy, onHostKey: (hostKey: string) => void told.push(hostKey) }
      const address = { kind: 'sftp', place, credentials }
      const first = await testTarget({
        kind: 'sftp',
        clock,
        open: () => openTarget(address, context),
        connect: await connectSteps(address, context),
      })
      assert.equal(first.ok, true, JSON.stringify(first.steps.filter((step) => !step.ok)))
      assert.deepEqual(told, [other.hostKey()])
      const pinned = { ...address, place: { ...place, hostKey: told[0] } }
      await using kept = await openTarget(pinned, context)
      await using trusting = await openTarget(address, context)
      await kept.put('k', text('x'))
      await trusting.stat('k')
      other.changeHostKeys()
      await other.restart()
      const sent: Buffer[] = []
      await using tap = await tapped(other.port, (bytes) => void sent.push(bytes))
      const changed = await failureOf(
        optionsOf({ port: tap.port, hostKey: parseHostKey(told[0] ?? ''), credentials: { password: 'the-password' } }, other),
      )
      assert.deepEqual([changed.name, /host key has changed/.test(changed.detail ?? '')], ['Check the host key', true])
      assert.ok(changed.detail?.includes(other.hostKey()), 'the key that was shown is told')
      assert.match(changed.remedy ?? '', /in between/)
      const tries = async (target: typeof kept) => {
        for (let i = 0; i < 3; i += 1) await target.stat('k').catch(() => {})
        return target.stat('k')
      }
      await assert.rejects(tries(kept), fails('denied'))
      await assert.rejects(tries(trusting), fails('denied'), 'trust on first use holds for later connections')
    } finally {
      await other.stop()
    }
  })

  test('T5: a server without ciphers that authenticate is refused with that reason', async () => {
    const old = await startSshd(['Ciphers aes256-ctr,aes128-ctr'])
    try {
      const failed = await failureOf(optionsOf({}, old))
      assert.deepEqual(
        [failed.name, /no cipher that authenticates/.test(failed.detail ?? '')],
        ['Check the host key', true],
        JSON.stringify(failed),
      )
      assert.match(failed.remedy ?? '', /aes256-gcm/)
      await using target = openSftpTarget(optionsOf({}, old))
      await assert.rejects(target.stat('k'), fails('denied'))
    } finally {
      await old.stop()
    }
  })

  test('T5: each cipher that authenticates is spoken', async () => {
    for (const cipher of ['aes256-gcm@openssh.com', 'aes128-gcm@openssh.com', 'chacha20-poly1305@openssh.com']) {
      const one = await startSshd([`Ciphers ${cipher}`])
      try {
        await writeFile(join(one.folder, '..', 'authorized_keys'), key.publicKey)
        await using target = openSftpTarget(optionsOf({}, one))
        const bytes = randomBytes(700_000)
        await target.put('k', bytes)
        sameBytes(await target.read('k', 0, bytes.length), bytes)
      } finally {
        await one.stop()
      }
    }
  })

  test('T5: keys that are exchanged anew in the middle change nothing, and each is made into a key object once', async () => {
    const rekeying = await startSshd(['RekeyLimit 1M'])
    try {
      const { privateKey } = await rekeying.key()
      const options = optionsOf({ credentials: { privateKey } }, rekeying)
      const link = createSftpLink({ ...options, timeout: 5_000 })
      await using files = sftpFiles(link, options.folder)
      const { sftp } = await link.session()
      const inside = () => (sftp as unknown as { _protocol: Record<'_cipher' | '_decipher', Record<string, unknown>> })._protocol
      const { _cipher: first, _decipher: opener } = inside()
      const bytes = randomBytes(4 * 1024 * 1024)
      await using file = await files.open('exchanged', 'create')
      await file.write(bytes, 0)
      const back = new Uint8Array(bytes.length)
      assert.equal(await file.read(back, 0), bytes.length)
      sameBytes(back, bytes)
      const { _cipher: last, _decipher: lastOpener } = inside()
      assert.ok(last !== first && lastOpener !== opener, 'no keys were exchanged')
      assert.ok(last._encKey instanceof KeyObject && lastOpener._decipherKey instanceof KeyObject)
    } finally {
      await rekeying.stop()
    }
  })

  test('T5: what the driver writes the sftp program reads, and the other way round', async () => {
    await using target = openSftpTarget(optionsOf())
    const bytes = randomBytes(3_000_001)
    await target.put('peer/ours ä.bin', bytes)
    const local = join(server.folder, '..')
    const got = server.sftp(
      key,
      `get "${server.folder}/peer/ours ä.bin" ${local}/got\nput ${local}/got "${server.folder}/peer/theirs.bin"\n`,
    )
    assert.equal(got.status, 0, got.output)
    sameBytes(await readFile(join(local, 'got')), bytes)
    sameBytes(await target.read('peer/theirs.bin', 0, bytes.length), bytes)
    assert.deepEqual(await keysOf(target, 'peer/'), ['peer/ours ä.bin', 'peer/theirs.bin'])
    const { mode } = await stat(join(server.folder, 'peer', 'ours ä.bin'))
    assert.equal(mode & 0o777, 0o600)
  })

  test('O6: links on the server are neither read nor listed nor replaced by what they point to', async () => {
    await using target = openSftpTarget(optionsOf())
    await target.put('links/real', text('real'))
    await symlink('/etc/passwd', join(server.folder, 'links', 'file'))
    await symlink('/etc', join(server.folder, 'links', 'folder'))
    assert.equal(await target.stat('links/file'), null)
    await assert.rejects(target.read('links/file', 0, 1), fails('not-found'))
    assert.deepEqual(await keysOf(target, 'links/'), ['links/real'])
  })

  test('N1: a server that dies in the middle of a part is found again, and the write goes on', async () => {
    await using target = openSftpTarget(optionsOf({ timeout: 3_000 }))
    const bytes = randomBytes(20_000_000)
    const write = await target.beginWrite('dies', bytes.length)
    const writing = target.writePart('dies', write, { number: 1, offset: 0, bytes })
    setImmediate(() => void server.kill())
    const outcome = await writing.then(
      () => 'written',
      (error: unknown) => (error as { fault: string }).fault,
    )
    assert.ok(['unavailable', 'written'].includes(outcome), outcome)
    await assert.rejects(target.stat('dies'), fails('unavailable'))
    await server.restart()
    const receipt = await target.writePart('dies', write, { number: 1, offset: 0, bytes })
    await target.flushWrite('dies', write)
    await target.commitWrite('dies', write, [receipt])
    sameBytes(await target.read('dies', 0, bytes.length), bytes)
  })

  test('T6: a server that hangs is unavailable when its time is up; an abort ends the wait at once', async () => {
    await using impatient = openSftpTarget(optionsOf({ timeout: 700 }))
    await using patient = openSftpTarget(optionsOf({ timeout: 60_000 }))
    await impatient.put('hang', text('x'))
    await patient.stat('hang')
    await server.pause()
    try {
      await assert.rejects(impatient.read('hang', 0, 1), fails('unavailable'))
      const reason = new Error('gave up')
      const controller = new AbortController()
      const waiting = patient.read('hang', 0, 1, { signal: controller.signal })
      setTimeout(() => controller.abort(reason), 50)
      await assert.rejects(waiting, (error) => error === reason)
    } finally {
      server.resume()
    }
    sameBytes(await impatient.read('hang', 0, 1), text('x'))
  })

  test('T6: a root that has gone away is unavailable, never an empty target', async () => {
    await using target = openSftpTarget(optionsOf({ folder: `${server.folder}/gone` }))
    for (const call of [
      () => target.stat('a/b'),
      () => target.read('a/b', 0, 1),
      () => collect(target.list('')),
      () => target.put('a/b', text('x')),
      () => target.beginWrite('k', 1),
      () => target.delete('a/b'),
    ]) {
      await assert.rejects(call(), fails('unavailable'))
    }
  })

  test('T3: an address of this host is refused unless the operator allows it', async () => {
    for (const host of ['127.0.0.1', 'localhost', '169.254.169.254']) {
      await using target = openSftpTarget(optionsOf({ host, policy: { allowLocal: false } }))
      await assert.rejects(target.stat('k'), fails('denied'), host)
    }
  })
})
