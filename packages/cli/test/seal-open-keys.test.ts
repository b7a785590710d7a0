import assert from 'node:assert/strict'
import { appendFileSync, chmodSync, existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Environment } from './command.ts'
import { FILE_KEY, folder, holdfast, MASTER_KEY, sealedFloe } from './sealed-files.ts'

test('X3: a wrong key, a wrong AAD and a missing key are told apart from damage', async () => {
  const { dir, path } = await sealedFloe(100, ['--aad', 'right'])
  const out = join(dir, 'out')
  const right = ['--file-key', FILE_KEY, '--aad', 'right']
  const cases: [string[], number, RegExp][] = [
    [['--file-key', 'cd'.repeat(32), '--aad', 'right'], 1, /file key and AAD/],
    [['--file-key', FILE_KEY, '--aad', 'wrong'], 1, /file key and AAD/],
    [['--file-key', FILE_KEY], 1, /file key and AAD/],
    [[], 2, /--file-key/],
    [['--file-key', 'ab'], 1, /64 hexadecimal digits/],
    [['--file-key', FILE_KEY, '--file-key-file', 'x'], 2, /exclude each other/],
    [[...right, '--range', 'x'], 2, /A-B/],
  ]
  for (const [args, status, message] of cases) {
    const ran = await holdfast(['open', path, '-o', out, ...args])
    assert.equal(ran.status, status, ran.stderr)
    assert.match(ran.stderr, message)
    assert.ok(!ran.stderr.includes(FILE_KEY), 'the key is not shown')
    assert.equal(existsSync(out), false)
  }
})

test('X3: a key file that was made is never replaced, and goes where sealing fails', async () => {
  const dir = folder()
  writeFileSync(join(dir, 'plain'), 'x')
  const sealed = join(dir, 'sealed')
  writeFileSync(`${sealed}.key`, 'precious')
  const refused = await holdfast(['seal', join(dir, 'plain'), '-o', sealed])
  assert.equal(refused.status, 1)
  assert.match(refused.stderr, /sealed\.key: it exists already/)
  assert.equal(readFileSync(`${sealed}.key`, 'utf8'), 'precious')
  assert.equal(existsSync(sealed), false)
  const wrong = await holdfast(['seal', join(dir, 'plain'), '-o', join(dir, 'other'), '--segment-length', '32'])
  assert.equal(wrong.status, 1)
  assert.match(wrong.stderr, /segment length/)
  assert.deepEqual(readdirSync(dir).sort(), ['plain', 'sealed.key'])
  const toPipe = await holdfast(['seal', join(dir, 'plain'), '-o', '-'])
  assert.deepEqual([toPipe.status, toPipe.stdout.length], [2, 0])
})

test('X6: the master key is taken by every rule, and never shown', async () => {
  const dir = folder()
  writeFileSync(join(dir, 'plain'), 'plaintext')
  const keyFile = join(dir, 'master.key')
  writeFileSync(keyFile, `${MASTER_KEY}\n`, { mode: 0o600 })
  const other = MASTER_KEY.replace('AAEC', 'AAED')
  const files = {
    open: join(dir, 'open.key'),
    link: join(dir, 'link.key'),
    lines: join(dir, 'lines.key'),
    folder: join(dir, 'folder.key'),
  }
  writeFileSync(files.open, MASTER_KEY, { mode: 0o644 })
  chmodSync(files.open, 0o644)
  symlinkSync(keyFile, files.link)
  writeFileSync(files.lines, `${MASTER_KEY}\n${MASTER_KEY}\n`, { mode: 0o600 })
  const seal = (env: Environment) => holdfast(['seal', join(dir, 'plain'), '-o', '-', '--format', 'lxenc1'], { env })
  const opens = async (sealed: Buffer) =>
    (await holdfast(['open', '-', '-o', '-'], { env: { HOLDFAST_MASTER_KEY: MASTER_KEY }, input: sealed })).status === 0

  const good: Environment[] = [
    { HOLDFAST_MASTER_KEY_FILE: keyFile },
    { LX_ANNOTATE_MASTER_KEY_FILE: keyFile },
    { HOLDFAST_MASTER_KEY: MASTER_KEY, HOLDFAST_MASTER_KEY_FILE: join(dir, 'missing') },
    { HOLDFAST_MASTER_KEY: '  ', HOLDFAST_MASTER_KEY_FILE: keyFile },
  ]
  for (const env of good) {
    const ran = await seal(env)
    assert.equal(ran.status, 0, ran.stderr)
    assert.equal(await opens(ran.stdout), true)
  }
  const wins = await seal({ HOLDFAST_MASTER_KEY: other, HOLDFAST_MASTER_KEY_FILE: keyFile })
  assert.deepEqual([wins.status, await opens(wins.stdout)], [0, false])
  const bad: [Environment, RegExp][] = [
    [{}, /HOLDFAST_MASTER_KEY/],
    [{ HOLDFAST_MASTER_KEY: MASTER_KEY.slice(0, -1), HOLDFAST_MASTER_KEY_FILE: keyFile }, /padding/],
    [{ HOLDFAST_MASTER_KEY: 'AAAA', HOLDFAST_MASTER_KEY_FILE: keyFile }, /3 bytes/],
    [{ HOLDFAST_MASTER_KEY_FILE: join(dir, 'missing') }, /does not exist/],
    [{ HOLDFAST_MASTER_KEY_FILE: files.open }, /other users/],
    [{ HOLDFAST_MASTER_KEY_FILE: files.link }, /symbolic link/],
    [{ HOLDFAST_MASTER_KEY_FILE: files.lines }, /line/],
    [{ HOLDFAST_MASTER_KEY_FILE: dir }, /regular file/],
  ]
  for (const [env, message] of bad) {
    const ran = await seal(env)
    assert.deepEqual([ran.status, ran.stdout.length], [1, 0])
    assert.match(ran.stderr, message)
    assert.ok(!ran.stderr.includes(MASTER_KEY.slice(0, 12)))
  }
})

test('X3: a FLOE key file keeps the same rules', async () => {
  const { dir, path } = await sealedFloe(10)
  const keyFile = join(dir, 'key')
  writeFileSync(keyFile, `${FILE_KEY}\n`, { mode: 0o600 })
  const open = () => holdfast(['open', path, '-o', '-', '--file-key-file', keyFile])
  assert.equal((await open()).status, 0)
  chmodSync(keyFile, 0o640)
  assert.match((await open()).stderr, /other users/)
  chmodSync(keyFile, 0o600)
  appendFileSync(keyFile, FILE_KEY)
  assert.match((await open()).stderr, /64 hexadecimal digits on one line/)
})

test('X1: options of one format are refused with the other', async () => {
  const dir = folder()
  writeFileSync(join(dir, 'plain'), 'x')
  const env = { HOLDFAST_MASTER_KEY: MASTER_KEY }
  const ran = await holdfast(['seal', join(dir, 'plain'), '-o', join(dir, 'out'), '--format', 'lxenc1', '--aad', 'x'], { env })
  assert.equal(ran.status, 2)
  assert.deepEqual(readdirSync(dir), ['plain'])
})
