import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openFile } from '../src/sealed-files/open-file.ts'
import { FILE_KEY, folder, holdfast, MASTER_KEY, sealedFloe, sha256 } from './sealed-files.ts'

for (const [size, segmentLength] of [
  [0, undefined],
  [1, undefined],
  [1_048_545, undefined],
  [3_000_000, 4096],
  [20_000_003, undefined],
  [9_000_000, 5_000_000],
] as const) {
  test(`X3: ${size} bytes sealed as FLOE in segments of ${segmentLength ?? 'the usual length'} open again, with the digest told`, async () => {
    const dir = folder()
    const plaintext = randomBytes(size)
    writeFileSync(join(dir, 'plain'), plaintext)
    const [sealed, opened] = [join(dir, 'sealed'), join(dir, 'opened')]
    const options = segmentLength === undefined ? [] : ['--segment-length', String(segmentLength)]
    const seal = await holdfast(['seal', join(dir, 'plain'), '-o', sealed, '--format', 'floe', '--aad', 'Akte 7', ...options])
    assert.equal(seal.status, 0, seal.stderr)
    assert.match(seal.stderr, new RegExp(`${size} bytes, SHA-256 ${sha256(plaintext)}`))
    assert.equal(statSync(`${sealed}.key`).mode & 0o777, 0o600)
    const open = await holdfast(['open', sealed, '-o', opened, '--file-key-file', `${sealed}.key`, '--aad', 'Akte 7', '--digest'])
    assert.equal(open.status, 0, open.stderr)
    assert.match(open.stderr, new RegExp(`${size} bytes, SHA-256 ${sha256(plaintext)}`))
    assert.ok(readFileSync(opened).equals(plaintext))
    assert.deepEqual(readdirSync(dir).sort(), ['opened', 'plain', 'sealed', 'sealed.key'])
  })
}

for (const size of [0, 1_048_577, 20_000_003]) {
  test(`X1 X2: ${size} bytes sealed as LXENC01 open again`, async () => {
    const dir = folder()
    const plaintext = randomBytes(size)
    writeFileSync(join(dir, 'plain'), plaintext)
    const env = { HOLDFAST_MASTER_KEY: MASTER_KEY }
    const seal = await holdfast(['seal', join(dir, 'plain'), '-o', join(dir, 'sealed'), '--format', 'lxenc1'], { env })
    assert.equal(seal.status, 0, seal.stderr)
    assert.equal(statSync(join(dir, 'sealed')).size, 12 + 209 + size + 20 * Math.ceil(size / 1_048_576))
    const open = await holdfast(['open', join(dir, 'sealed'), '-o', join(dir, 'opened'), '--digest'], { env })
    assert.match(open.stderr, new RegExp(`${size} bytes, SHA-256 ${sha256(plaintext)}`))
    assert.ok(readFileSync(join(dir, 'opened')).equals(plaintext))
  })
}

test('X1 X3: standard input and output take the place of files', async () => {
  const plaintext = randomBytes(3_000_000)
  for (const [seal, env] of [
    [['--file-key', FILE_KEY], {}],
    [['--format', 'lxenc1'], { LX_ANNOTATE_MASTER_KEY: MASTER_KEY }],
  ] as const) {
    const sealed = await holdfast(['seal', '-', '-o', '-', ...seal], { input: plaintext, env })
    assert.equal(sealed.status, 0, sealed.stderr)
    assert.match(sealed.stderr, new RegExp(sha256(plaintext)))
    const key = seal[0] === '--file-key' ? seal : []
    const opened = await holdfast(['open', '-', '-o', '-', ...key], { input: sealed.stdout, env })
    assert.equal(opened.status, 0, opened.stderr)
    assert.ok(opened.stdout.equals(plaintext))
    const cut = await holdfast(['open', '-', '-o', '-', ...key], { input: sealed.stdout.subarray(0, -1), env })
    assert.equal(cut.status, 1)
    assert.ok(plaintext.subarray(0, cut.stdout.length).equals(cut.stdout), 'only authentic bytes were given out')
  }
})

test('X1 X3: published files open, or fail, as their vectors say', async () => {
  const shared = new URL('../../../../shared/vectors/', import.meta.url)
  assert.ok(existsSync(shared), 'The published vectors are missing: they belong into ../shared/vectors beside the repository')
  type Outcome = { ok: boolean; plaintext_sha256?: string }
  type Vector = { file: string; master_key: string; expect: { original_stream: Outcome; strict_stream: Outcome } }
  const manifest = JSON.parse(readFileSync(new URL('manifest.json', shared), 'utf8')) as {
    master_keys: Record<string, { b64url: string }>
    vectors: Vector[]
  }
  const dir = folder()
  for (const { file, master_key, expect } of manifest.vectors) {
    process.env.HOLDFAST_MASTER_KEY = manifest.master_keys[master_key]!.b64url
    for (const [profile, expected] of [
      ['strict', expect.strict_stream],
      ['legacy', expect.original_stream],
    ] as const) {
      const output = join(dir, `${file}.${profile}`)
      const opened = await openFile(fileURLToPath(new URL(file, shared)), { output, profile }).catch((error: Error) => error.message)
      assert.equal(typeof opened !== 'string', expected.ok, `${file}, ${profile}: ${String(opened)}`)
      assert.equal(existsSync(output), expected.ok)
      if (expected.ok) assert.equal(sha256(readFileSync(output)), expected.plaintext_sha256)
    }
  }
  delete process.env.HOLDFAST_MASTER_KEY
  assert.equal(
    readdirSync(dir).length,
    manifest.vectors.flatMap(({ expect }) => [expect.strict_stream, expect.original_stream]).filter(({ ok }) => ok).length,
  )
})

test('X5: a range is the slice, and one that lies outside is refused', async () => {
  const { dir, path, plaintext } = await sealedFloe(300_000, ['--segment-length', '65536'])
  const open = (range: string, output: string) => holdfast(['open', path, '-o', output, '--file-key', FILE_KEY, `--range=${range}`])
  for (const [range, start, end] of [
    ['0-0', 0, 1],
    ['65000-200000', 65_000, 200_001],
    ['299999-', 299_999, 300_000],
    ['-10', 299_990, 300_000],
  ] as const) {
    const ran = await open(range, '-')
    assert.equal(ran.status, 0, ran.stderr)
    assert.ok(ran.stdout.equals(plaintext.subarray(start, end)), range)
  }
  for (const range of ['0-300000', '300000-', '5-4', '-300001', '-0']) {
    const ran = await open(range, join(dir, 'out'))
    assert.equal(ran.status, 1, range)
    assert.match(ran.stderr, /range/)
    assert.equal(existsSync(join(dir, 'out')), false)
  }
})
