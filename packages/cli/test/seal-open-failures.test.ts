import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { appendFileSync, chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openInput } from '../src/sealed-files/input.ts'
import { begin } from './command.ts'
import { FILE_KEY, flipped, folder, holdfast, sealedFloe } from './sealed-files.ts'

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

test('X4: an interrupt leaves neither output nor key nor temporary file', async () => {
  const dir = folder()
  const child = begin(['seal', '-', '-o', join(dir, 'sealed')])
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
  const child = begin(['open', path, '-o', '-', '--file-key', FILE_KEY])
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
