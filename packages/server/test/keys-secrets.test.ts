import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { loadConfig } from '../src/config.ts'
import { defaultObjectConfig } from '../src/config-objects.ts'
import { formatKey, parseKey, readKeyFile } from '../src/keys/master-key.ts'
import { keyKinds, loadKey, loadSecrets } from '../src/keys/secrets.ts'

const LENGTHS = [16, 24, 32]
const key = (byte: number, length = 32) => new Uint8Array(length).fill(byte)
const text = (byte: number, length = 32) => formatKey(key(byte, length))
const [masterKind] = keyKinds

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-keys-'))
  try {
    await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const put = async (path: string, content: string, mode = 0o600): Promise<string> => {
  await writeFile(path, content)
  await chmod(path, mode)
  return path
}

test('X6: keys of 16, 24 and 32 bytes in urlsafe base64, also with + and /, are read', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...LENGTHS).chain((n) => fc.uint8Array({ minLength: n, maxLength: n })),
      (bytes) => {
        assert.deepEqual(parseKey(formatKey(bytes), 'K', LENGTHS), bytes)
        assert.deepEqual(parseKey(Buffer.from(bytes).toString('base64'), 'K', LENGTHS), bytes)
        assert.deepEqual(parseKey(` \t${formatKey(bytes)}\r\n`, 'K', LENGTHS), bytes)
      },
    ),
  )
  assert.equal(formatKey(new Uint8Array(32).fill(0xff)), '__________________________________________8=')
})

test('X6 S8: a key that is missing, short, long or no base64 is refused with what is wrong, and never shown', () => {
  const good = text(200)
  for (const [given, reason] of [
    ['', /is empty/],
    [' \n', /is empty/],
    [good.replace('=', ''), /padding/],
    [`${good}=`, /padding/],
    [formatKey(key(200, 31)), /decodes to 31 bytes; it must be 16, 24 or 32/],
    [formatKey(key(200, 33)), /decodes to 33 bytes/],
    [formatKey(key(200, 8)), /decodes to 8 bytes/],
    [`!${good.slice(1)}`, /not urlsafe base64/],
    [`${good.slice(0, 20)} ${good.slice(21)}`, /not urlsafe base64/],
    [`${good.slice(0, 20)}\n${good.slice(20)}`, /more than one line/],
    [`${good}\n${good}`, /more than one line/],
    [`=${good.slice(1)}`, /not urlsafe base64/],
    [`ключ${good.slice(4)}`, /not urlsafe base64/],
    ['c8'.repeat(32), /decodes to 48 bytes/],
  ] as const) {
    assert.throws(
      () => parseKey(given, 'HOLDFAST_MASTER_KEY', LENGTHS),
      (error: Error) => {
        assert.equal(error.name, 'KeyError')
        assert.match(error.message, reason)
        assert.match(error.message, /^HOLDFAST_MASTER_KEY /)
        for (let at = 0; at + 6 <= given.trim().length; at++) assert.equal(error.message.includes(given.trim().slice(at, at + 6)), false)
        return true
      },
    )
  }
})

test('X6: a key file is a regular file of one line that nobody else can read', async () => {
  await inFolder(async (folder) => {
    const read = (name: string) => readKeyFile(join(folder, name), 'The file', LENGTHS)
    await put(join(folder, 'good'), `${text(1)}\n`)
    assert.deepEqual(read('good'), key(1))
    await put(join(folder, 'read-only'), text(1), 0o400)
    assert.deepEqual(read('read-only'), key(1))
    for (const mode of [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o666]) {
      await put(join(folder, 'open'), text(1), mode)
      assert.throws(() => read('open'), { name: 'KeyError', message: new RegExp(`open to other users \\(mode ${mode.toString(8)}\\)`) })
    }
    await symlink('good', join(folder, 'link'))
    assert.throws(() => read('link'), { name: 'KeyError', message: 'The file is a symbolic link' })
    await mkdir(join(folder, 'folder'), { mode: 0o700 })
    assert.throws(() => read('folder'), { name: 'KeyError', message: 'The file is not a regular file' })
    execFileSync('mkfifo', ['-m', '600', join(folder, 'pipe')])
    assert.throws(() => read('pipe'), { name: 'KeyError', message: 'The file is not a regular file' })
    assert.throws(() => read('none'), { name: 'KeyError', message: 'The file does not exist' })
    assert.throws(() => read('good/none'), { name: 'KeyError', message: 'The file does not exist' })
    await put(join(folder, 'two'), `${text(1)}\n${text(1)}\n`)
    assert.throws(() => read('two'), { name: 'KeyError', message: 'The file has more than one line' })
    await put(join(folder, 'empty'), '')
    assert.throws(() => read('empty'), { name: 'KeyError', message: 'The file is empty' })
    await put(join(folder, 'large'), 'A'.repeat(100_000))
    assert.throws(() => read('large'), { name: 'KeyError', message: 'The file is too large for a key' })
  })
})

test('X6: which place a key comes from', async () => {
  await inFolder(async (folder) => {
    await mkdir(join(folder, 'keys'))
    await put(join(folder, 'keys', 'master.key'), text(1))
    const file = await put(join(folder, 'file'), text(2))
    const alias = await put(join(folder, 'alias'), text(3))
    const load = (env: Record<string, string>) => loadKey(masterKind!, env, folder)[0]
    assert.equal(load({}), 1)
    assert.equal(load({ HOLDFAST_MASTER_KEY: ' ', HOLDFAST_MASTER_KEY_FILE: '', LX_ANNOTATE_MASTER_KEY: '\n' }), 1, 'blank is unset')
    assert.equal(load({ LX_ANNOTATE_MASTER_KEY_FILE: alias }), 3)
    assert.equal(load({ LX_ANNOTATE_MASTER_KEY_FILE: alias, HOLDFAST_MASTER_KEY_FILE: file }), 2)
    assert.equal(load({ HOLDFAST_MASTER_KEY_FILE: file, LX_ANNOTATE_MASTER_KEY: text(4) }), 4, 'a variable wins over a file')
    assert.equal(load({ HOLDFAST_MASTER_KEY: text(5), LX_ANNOTATE_MASTER_KEY: text(4), HOLDFAST_MASTER_KEY_FILE: '/none' }), 5)
  })
})

test('X6 S8: what is set and wrong never gives way to another place', async () => {
  await inFolder(async (folder) => {
    await mkdir(join(folder, 'keys'))
    await put(join(folder, 'keys', 'master.key'), text(1))
    const file = await put(join(folder, 'file'), text(2))
    const fails = (env: Record<string, string>, message: RegExp) =>
      assert.throws(() => loadKey(masterKind!, env, folder), { name: 'KeyError', message })
    fails({ HOLDFAST_MASTER_KEY: 'nonsense!', HOLDFAST_MASTER_KEY_FILE: file }, /^HOLDFAST_MASTER_KEY is not urlsafe base64/)
    fails({ HOLDFAST_MASTER_KEY: 'nonsense!', LX_ANNOTATE_MASTER_KEY: text(4) }, /^HOLDFAST_MASTER_KEY is not/)
    fails({ LX_ANNOTATE_MASTER_KEY: text(1, 8) }, /^LX_ANNOTATE_MASTER_KEY decodes to 8 bytes/)
    fails({ HOLDFAST_MASTER_KEY_FILE: join(folder, 'none') }, /^The file that HOLDFAST_MASTER_KEY_FILE names does not exist$/)
    await chmod(file, 0o644)
    fails({ HOLDFAST_MASTER_KEY_FILE: file }, /open to other users/)
    await chmod(join(folder, 'keys', 'master.key'), 0o640)
    fails({}, /master\.key is open to other users \(mode 640\)/)
  })
})

test('X6: a key put where a path belongs does not come out in the error', async () => {
  assert.throws(
    () => loadKey(masterKind!, { HOLDFAST_MASTER_KEY_FILE: text(77) }, '/nowhere'),
    (error: Error) => !error.message.includes(text(77).slice(0, 8)) && error.name === 'KeyError',
  )
})

test('S8: without keys nothing starts, and everything that is missing or wrong is named at once', async () => {
  await inFolder(async (folder) => {
    assert.throws(
      () => loadSecrets({}, folder),
      (error: Error) => {
        const lines = error.message.split('\n')
        assert.equal(lines.length, 3)
        assert.match(lines[0]!, /^There is no master key: set HOLDFAST_MASTER_KEY or HOLDFAST_MASTER_KEY_FILE, or run "holdfast init"/)
        assert.match(lines[1]!, /^There is no credential key: set CREDENTIAL_ENCRYPTION_KEY /)
        assert.match(lines[2]!, /^There is no audit key: set HOLDFAST_AUDIT_KEY /)
        return true
      },
    )
    const env = { HOLDFAST_MASTER_KEY: text(1, 24), CREDENTIAL_ENCRYPTION_KEY: text(2, 16), HOLDFAST_AUDIT_KEY: text(3, 24) }
    assert.throws(() => loadSecrets(env, folder), {
      message: 'CREDENTIAL_ENCRYPTION_KEY decodes to 16 bytes; it must be 32\nHOLDFAST_AUDIT_KEY decodes to 24 bytes; it must be 32',
    })
  })
})

const goodKeys = { HOLDFAST_MASTER_KEY: text(1), CREDENTIAL_ENCRYPTION_KEY: text(2), HOLDFAST_AUDIT_KEY: text(3) }

test('S8: keys that were loaded show up nowhere by themselves', () => {
  const secrets = loadSecrets(goodKeys, '/nowhere')
  assert.deepEqual([secrets.masterKey[0], secrets.credentialKey[0], secrets.auditKey[0]], [1, 2, 3])
  assert.equal(JSON.stringify({ secrets }), '{"secrets":{}}')
  assert.equal(inspect({ secrets }, { depth: 9 }), '{ secrets: Secrets { … } }')
  assert.equal(Object.keys({ ...secrets }).length, 0)
})

test('S8: the configuration from its variables, and what holds where none is set', () => {
  const { config } = loadConfig(goodKeys)
  assert.deepEqual(config, {
    ...{ dataDir: join(process.cwd(), 'data'), host: 'localhost', port: 8080, databaseUrl: null, publicUrl: null },
    ...{
      trustedProxies: null,
      movedObjectKeptSeconds: 600,
      directVerifyMaxBytes: 256 * 2 ** 20,
      directUploadsPerUser: 10,
      directPartsAtOnce: 20,
      allowLocalTargets: false,
      allowLocalWebhooks: false,
      clamd: null,
      objects: defaultObjectConfig,
    },
  })
  assert.ok(Object.isFrozen(config))
  const set = loadConfig({
    ...goodKeys,
    HOLDFAST_DATA_DIR: '/srv/holdfast/',
    HOLDFAST_HOST: '0.0.0.0',
    HOLDFAST_PORT: '0',
    HOLDFAST_DATABASE_URL: 'postgres://holdfast:secret@db/holdfast',
    HOLDFAST_PUBLIC_URL: 'https://evidence.example.org/',
    HOLDFAST_TRUSTED_PROXIES: 'loopback, 10.0.0.0/8',
    HOLDFAST_MOVED_OBJECT_KEPT_SECONDS: '0',
    HOLDFAST_DIRECT_VERIFY_MAX_BYTES: '0',
    MAX_CONCURRENT_DIRECT_UPLOADS: '3',
    MAX_CONCURRENT_DIRECT_UPLOADS_GLOBAL: '7',
    HOLDFAST_ALLOW_LOCAL_TARGETS: '1',
    HOLDFAST_ALLOW_LOCAL_WEBHOOKS: '1',
    HOLDFAST_CLAMD: 'tcp://scan.example:3310',
  })
  assert.deepEqual(set.config, {
    dataDir: '/srv/holdfast',
    host: '0.0.0.0',
    port: 0,
    databaseUrl: 'postgres://holdfast:secret@db/holdfast',
    publicUrl: 'https://evidence.example.org',
    ...{
      trustedProxies: 'loopback, 10.0.0.0/8',
      movedObjectKeptSeconds: 0,
      directVerifyMaxBytes: 0,
      directUploadsPerUser: 3,
      directPartsAtOnce: 7,
      allowLocalTargets: true,
      allowLocalWebhooks: true,
      clamd: { host: 'scan.example', port: 3310 },
      objects: defaultObjectConfig,
    },
  })
  assert.equal(loadConfig({ ...goodKeys, HOLDFAST_PORT: ' ' }).config.port, 8080)
})

test('S8: every setting that is not valid is named in one error, without its secrets', () => {
  const env = {
    HOLDFAST_PORT: '80a',
    HOLDFAST_HOST: 'a b',
    HOLDFAST_DATABASE_URL: 'mysql://u:hunter2@db/x',
    HOLDFAST_PUBLIC_URL: 'https://u:hunter2@example.org/path',
    HOLDFAST_MASTER_KEY: 'hunter2',
    CREDENTIAL_ENCRYPTION_KEY: text(2),
    HOLDFAST_AUDIT_KEY: text(3),
  }
  assert.throws(
    () => loadConfig(env),
    (error: Error & { problems?: readonly string[] }) => {
      assert.equal(error.name, 'ConfigError')
      const named = error.problems?.map((problem) => problem.split(' ')[0])
      const names = ['HOLDFAST_HOST', 'HOLDFAST_PORT', 'HOLDFAST_DATABASE_URL', 'HOLDFAST_PUBLIC_URL', 'HOLDFAST_MASTER_KEY']
      assert.deepEqual(named, names)
      assert.equal(error.message.includes('hunter2'), false)
      return true
    },
  )
  for (const port of ['65536', '-1', '1.5', '', '0x50'].filter((port) => port !== '')) {
    assert.throws(() => loadConfig({ ...goodKeys, HOLDFAST_PORT: port }), /HOLDFAST_PORT must be/)
  }
  for (const url of ['example.org', 'ftp://example.org', 'https://example.org/x', 'https://example.org?x', 'https://example.org#x']) {
    assert.throws(() => loadConfig({ ...goodKeys, HOLDFAST_PUBLIC_URL: url }), /HOLDFAST_PUBLIC_URL must be/)
  }
  for (const clamd of [
    'scan.example:3310',
    'tcp://scan.example',
    'tcp://u:p@scan.example:3310',
    'tcp://scan.example:3310/x',
    'unix:clamd.sock',
  ]) {
    assert.throws(() => loadConfig({ ...goodKeys, HOLDFAST_CLAMD: clamd }), /HOLDFAST_CLAMD must have/)
  }
  assert.deepEqual(loadConfig({ ...goodKeys, HOLDFAST_CLAMD: 'unix:/run/clamd.sock' }).config.clamd, { path: '/run/clamd.sock' })
})
