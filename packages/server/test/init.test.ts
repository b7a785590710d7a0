import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { initDataFolder } from '../src/keys/init.ts'
import { formatKey } from '../src/keys/master-key.ts'
import { loadSecrets } from '../src/keys/secrets.ts'

const FILES = ['audit.key', 'credential.key', 'master.key']

/** Runs `work` with the path of a data folder that does not exist yet. */
async function inFolder(work: (dir: string) => Promise<void>): Promise<void> {
  const parent = await mkdtemp(join(tmpdir(), 'holdfast-init-'))
  try {
    await work(join(parent, 'below', 'data'))
  } finally {
    await rm(parent, { recursive: true, force: true })
  }
}

const contents = (dir: string) => Promise.all(FILES.map((name) => readFile(join(dir, 'keys', name), 'utf8')))
const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8)

test('S8: init makes the folder with its keys, for the owner alone, and says where they are', async () => {
  await inFolder(async (dir) => {
    const { dataDir, made, found } = await initDataFolder(dir)
    assert.equal(dataDir, dir)
    assert.deepEqual(found, [])
    assert.deepEqual(
      made.map(({ words, path }) => [words, path]),
      [
        ['master key', join(dir, 'keys', 'master.key')],
        ['credential key', join(dir, 'keys', 'credential.key')],
        ['audit key', join(dir, 'keys', 'audit.key')],
      ],
    )
    assert.deepEqual([await modeOf(dir), await modeOf(join(dir, 'keys'))], ['700', '700'])
    assert.deepEqual((await readdir(join(dir, 'keys'))).sort(), FILES)
    for (const name of FILES) assert.equal(await modeOf(join(dir, 'keys', name)), '600')
    const texts = await contents(dir)
    assert.equal(new Set(texts).size, 3)
    for (const text of texts) assert.match(text, /^[A-Za-z0-9_-]{43}=\n$/)
    const secrets = loadSecrets({}, dir)
    assert.deepEqual([secrets.masterKey.length, secrets.credentialKey.length, secrets.auditKey.length], [32, 32, 32])
  })
})

test('S8: the keys are closed to others whatever the umask is', async () => {
  const umask = process.umask(0)
  try {
    await inFolder(async (dir) => {
      await initDataFolder(dir)
      for (const path of ['', 'keys']) assert.equal(await modeOf(join(dir, path)), '700')
      for (const name of FILES) assert.equal(await modeOf(join(dir, 'keys', name)), '600')
    })
  } finally {
    process.umask(umask)
  }
})

test('S8: a second init makes nothing and changes nothing', async () => {
  await inFolder(async (dir) => {
    await initDataFolder(dir)
    const before = await contents(dir)
    await writeFile(join(dir, 'holdfast.db'), 'in use')
    const { made, found } = await initDataFolder(dir)
    assert.deepEqual(made, [])
    assert.deepEqual(
      found.map(({ from }) => from),
      ['master.key', 'credential.key', 'audit.key'].map((name) => join(dir, 'keys', name)),
    )
    assert.deepEqual(await contents(dir), before)
  })
})

test('S8: many at once end with one set of keys', async () => {
  await inFolder(async (dir) => {
    await Promise.all(Array.from({ length: 8 }, () => initDataFolder(dir)))
    const after = await contents(dir)
    await initDataFolder(dir)
    assert.deepEqual(await contents(dir), after)
    assert.deepEqual((await readdir(join(dir, 'keys'))).sort(), FILES)
  })
})

test('S8: a folder made in part is completed while nothing depends on its keys', async () => {
  await inFolder(async (dir) => {
    await initDataFolder(dir)
    const [audit, , master] = await contents(dir)
    await unlink(join(dir, 'keys', 'credential.key'))
    await writeFile(join(dir, 'keys', '.new-0123456789abcdef.tmp'), 'left by a run that was killed')
    await mkdir(join(dir, 'objects'))
    const { made } = await initDataFolder(dir)
    assert.deepEqual(
      made.map(({ words }) => words),
      ['credential key'],
    )
    const after = await contents(dir)
    assert.deepEqual([after[0], after[2]], [audit, master])
    assert.deepEqual((await readdir(join(dir, 'keys'))).sort(), FILES)
  })
})

test('S8: no new key is ever made beside a database or stored files', async () => {
  for (const [name, options] of [
    ['a database', {}],
    ['stored files', {}],
    ['the database that HOLDFAST_DATABASE_URL names', { databaseInUse: true }],
  ] as const) {
    await inFolder(async (dir) => {
      await initDataFolder(dir)
      if (name === 'a database') await writeFile(join(dir, 'holdfast.db'), '')
      if (name === 'stored files') await mkdir(join(dir, 'objects', 'attachments'), { recursive: true })
      await unlink(join(dir, 'keys', 'master.key'))
      await assert.rejects(initDataFolder(dir, options), (error: Error) => {
        assert.equal(error.name, 'KeyError')
        assert.match(error.message, new RegExp(`Missing: .*master\\.key, although there is ${name}`))
        assert.match(error.message, /Put the keys back from your copy/)
        return true
      })
      assert.deepEqual((await readdir(join(dir, 'keys'))).sort(), ['audit.key', 'credential.key'])
    })
  }
})

test('S8: a folder that lost all its keys is refused before anything is made', async () => {
  await inFolder(async (dir) => {
    await mkdir(dir, { recursive: true })
    await writeFile(join(dir, 'holdfast.db'), '')
    await assert.rejects(initDataFolder(dir), { name: 'KeyError' })
    assert.deepEqual(await readdir(dir), ['holdfast.db'])
  })
})

test('S8: a key that would not be read at the start is told by init', async () => {
  await inFolder(async (dir) => {
    await initDataFolder(dir)
    const path = join(dir, 'keys', 'master.key')
    await chmod(path, 0o644)
    await assert.rejects(initDataFolder(dir), { name: 'KeyError', message: /master\.key is open to other users/ })
    await unlink(path)
    await symlink('/nowhere', path)
    await assert.rejects(initDataFolder(dir), { name: 'KeyError', message: /symbolic link/ })
    await unlink(path)
    await writeFile(path, 'nonsense!\n', { mode: 0o600 })
    await assert.rejects(initDataFolder(dir), { name: 'KeyError', message: /not urlsafe base64/ })
  })
})

test('S8: for keys that variables bring no files are made', async () => {
  await inFolder(async (dir) => {
    const env = { LX_ANNOTATE_MASTER_KEY: formatKey(new Uint8Array(32)), CREDENTIAL_ENCRYPTION_KEY: ' ' }
    const { made, found } = await initDataFolder(dir, { env })
    assert.deepEqual(
      made.map(({ words }) => words),
      ['credential key', 'audit key'],
    )
    assert.deepEqual(found, [{ words: 'master key', from: 'LX_ANNOTATE_MASTER_KEY' }])
    assert.deepEqual((await readdir(join(dir, 'keys'))).sort(), ['audit.key', 'credential.key'])
  })
})

test('S8: a file where the folder should be is refused', async () => {
  await inFolder(async (dir) => {
    await mkdir(join(dir, '..'), { recursive: true })
    await writeFile(dir, 'a file')
    await assert.rejects(initDataFolder(dir))
    assert.equal(await readFile(dir, 'utf8'), 'a file')
  })
})
