import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openInput } from '../src/sealed-files/input.ts'
import { openFile } from '../src/sealed-files/open-file.ts'

// The real command in a process of its own, on real files.

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const root = mkdtempSync(join(tmpdir(), 'holdfast-seal-open-'))
after(() => rmSync(root, { recursive: true, force: true }))

const MASTER_KEY = Buffer.from(Uint8Array.from({ length: 32 }, (_, index) => index))
  .toString('base64')
  .replaceAll('+', '-')
  .replaceAll('/', '_')
const FILE_KEY = 'ab'.repeat(32)
const keyVariables = ['HOLDFAST_MASTER_KEY', 'HOLDFAST_MASTER_KEY_FILE', 'LX_ANNOTATE_MASTER_KEY', 'LX_ANNOTATE_MASTER_KEY_FILE']

type Ran = { status: number | null; stdout: Buffer; stderr: string }
type Environment = Record<string, string>

function start(args: readonly string[], env: Environment = {}): ChildProcess {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !keyVariables.includes(name)))
  return spawn(process.execPath, [main, ...args], { env: { ...clean, ...env } })
}

async function holdfast(args: readonly string[], options: { env?: Environment; input?: Uint8Array } = {}): Promise<Ran> {
  const child = start(args, options.env)
  const out: Buffer[] = []
  let stderr = ''
  child.stdout?.on('data', (bytes: Buffer) => out.push(bytes))
  child.stderr?.on('data', (bytes: Buffer) => {
    stderr += bytes.toString()
  })
  child.stdin?.on('error', () => {})
  child.stdin?.end(options.input ?? '')
  const [status] = (await once(child, 'close')) as [number | null]
  return { status, stdout: Buffer.concat(out), stderr }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

function folder(): string {
  return mkdtempSync(join(root, 'case-'))
}

/** A folder with plaintext in it, sealed as FLOE under FILE_KEY. */
async function sealedFloe(size: number, extra: string[] = []): Promise<{ dir: string; plaintext: Buffer; path: string }> {
  const dir = folder()
  const plaintext = randomBytes(size)
  writeFileSync(join(dir, 'plain'), plaintext)
  const path = join(dir, 'sealed.floe')
  const ran = await holdfast(['seal', join(dir, 'plain'), '-o', path, '--file-key', FILE_KEY, ...extra])
  assert.equal(ran.status, 0, ran.stderr)
  return { dir, plaintext, path }
}

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

const SEGMENT = 65_536
const damages: [name: string, change: (bytes: Buffer) => Buffer, message: RegExp][] = [
  ['cut at a border between segments', (bytes) => bytes.subarray(0, 74 + 2 * SEGMENT), /not the last one \(at byte 65610\)/],
  ['cut inside a segment', (bytes) => bytes.subarray(0, 100_000), /Segment 1 is cut: 34390 bytes of it are there \(at byte 65610\)/],
  ['cut in the header', (bytes) => bytes.subarray(0, 50), /header.*\(at byte 0\)/],
  ['empty', () => Buffer.alloc(0), /neither a FLOE file nor an LXENC01 file.*\(at byte 0\)/],
  ['of another kind', () => Buffer.from('%PDF-1.7 and so on and on'), /neither a FLOE file nor an LXENC01 file/],
  ['flipped in the middle', (bytes) => flipped(bytes, 70_000), /Segment 1 is not what was sealed here \(at byte 65610\)/],
  ['flipped at the end', (bytes) => flipped(bytes, bytes.length - 1), /Segment 3 is not what was sealed here \(at byte 196682\)/],
  ['flipped in the header', (bytes) => flipped(bytes, 20), /header does not fit.*\(at byte 0\)/],
  ['with a byte behind it', (bytes) => Buffer.concat([bytes, Buffer.from([0])]), /follows segment 3/],
]

function flipped(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes)
  changed[at]! ^= 1
  return changed
}

test('X3 X4: on any failure nothing is left at the output, and one line says what is wrong and where', async () => {
  const { dir, path } = await sealedFloe(200_000, ['--segment-length', String(SEGMENT)])
  const good = readFileSync(path)
  for (const [name, change, message] of damages) {
    writeFileSync(path, change(good))
    const before = readdirSync(dir)
    const ran = await holdfast(['open', path, '-o', join(dir, 'out'), '--file-key', FILE_KEY])
    assert.equal(ran.status, 1, name)
    assert.match(ran.stderr, message, name)
    assert.match(ran.stderr, /^holdfast: [^\n]*sealed\.floe: [^\n]*\n$/, name)
    assert.deepEqual(readdirSync(dir), before, name)
  }
})

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

test('S5 X3: standard output gets nothing of a truncated file, and of a damaged one only what is authentic', async () => {
  const { path, plaintext } = await sealedFloe(3_000_000)
  const good = readFileSync(path)
  writeFileSync(path, good.subarray(0, 74 + 2 * 1_048_576))
  const truncated = await holdfast(['open', path, '-o', '-', '--file-key', FILE_KEY])
  assert.deepEqual([truncated.status, truncated.stdout.length], [1, 0])
  writeFileSync(path, flipped(good, 74 + 1_048_576 + 500))
  const damaged = await holdfast(['open', path, '-o', '-', '--file-key', FILE_KEY])
  assert.equal(damaged.status, 1)
  assert.ok(damaged.stdout.length <= 1_048_544)
  assert.ok(plaintext.subarray(0, damaged.stdout.length).equals(damaged.stdout))
})

test('X5: a range is the slice, and one that lies outside is refused', async () => {
  const { dir, path, plaintext } = await sealedFloe(300_000, ['--segment-length', String(SEGMENT)])
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

test('X4: what is at the output stays unless --force is given, and stays then too where opening fails', async () => {
  const { dir, path, plaintext } = await sealedFloe(5000)
  const out = join(dir, 'out')
  writeFileSync(out, 'old')
  chmodSync(out, 0o640)
  const open = (...more: string[]) => holdfast(['open', path, '-o', out, '--file-key', FILE_KEY, ...more])
  const refused = await open()
  assert.equal(refused.status, 1)
  assert.match(refused.stderr, /out: it exists already; --force replaces it/)
  assert.equal(readFileSync(out, 'utf8'), 'old')
  const good = readFileSync(path)
  writeFileSync(path, flipped(good, 1000))
  assert.equal((await open('--force')).status, 1)
  assert.equal(readFileSync(out, 'utf8'), 'old')
  writeFileSync(path, good)
  assert.equal((await open('--force')).status, 0)
  assert.ok(readFileSync(out).equals(plaintext))
  assert.equal(statSync(out).mode & 0o777, 0o640, 'the mode is kept')
  assert.deepEqual(readdirSync(dir).sort(), ['out', 'plain', 'sealed.floe'])
})

test('X4: a device as output is written to, never replaced; a full one is an error', async () => {
  const { path } = await sealedFloe(5000)
  assert.equal((await holdfast(['open', path, '-o', '/dev/null', '--file-key', FILE_KEY])).status, 0)
  assert.ok(statSync('/dev/null').isCharacterDevice())
  const full = await holdfast(['open', path, '-o', '/dev/full', '--file-key', FILE_KEY])
  assert.equal(full.status, 1)
  assert.match(full.stderr, /disk is full|ENOSPC/)
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

test('X4: an interrupt leaves neither output nor key nor temporary file', async () => {
  const dir = folder()
  const child = start(['seal', '-', '-o', join(dir, 'sealed')])
  child.stdin?.on('error', () => {})
  child.stdin?.write(randomBytes(5_000_000))
  while (!readdirSync(dir).some((name) => name.endsWith('.part'))) await new Promise((resolve) => setTimeout(resolve, 10))
  child.kill('SIGTERM')
  const [status] = (await once(child, 'close')) as [number | null]
  assert.equal(status, 130)
  assert.deepEqual(readdirSync(dir), [])
})

test('X3: a reader that goes away is a failure, since not every byte was given out', async () => {
  const { path } = await sealedFloe(5_000_000)
  const child = start(['open', path, '-o', '-', '--file-key', FILE_KEY])
  child.stdout?.destroy()
  const [status] = (await once(child, 'close')) as [number | null]
  assert.notEqual(status, 0)
})

test('X3: a file that changes while it is being sealed is found out', () => {
  const dir = folder()
  const path = join(dir, 'plain')
  writeFileSync(path, 'before')
  using input = openInput(path)
  assert.ok(input.kind === 'file')
  input.assertUnchanged()
  appendFileSync(path, ' and after')
  assert.throws(() => input.assertUnchanged(), /changed while it was being read/)
})
