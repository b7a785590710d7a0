/**
 * `holdfast seal` and `holdfast open` against age: 1 GiB, process start included, variants in turn, medians of the ratios round by round.
 *   npm run bench -- seal-open
 * HOLDFAST_BENCH_BYTES, HOLDFAST_BENCH_ROUNDS and HOLDFAST_BENCH_DIR change size, rounds and folder.
 */
import { spawn, spawnSync } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { closeSync, fsyncSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const size = Number(process.env.HOLDFAST_BENCH_BYTES ?? 2 ** 30)
const rounds = Number(process.env.HOLDFAST_BENCH_ROUNDS ?? 7)
const command = join(import.meta.dirname, '..', 'bin', 'holdfast.js')
const FILE_KEY = '7f'.repeat(32)
const MASTER_KEY = Buffer.alloc(32, 5).toString('base64')

if (spawnSync('age', ['--version']).status !== 0) {
  process.stderr.write('This bench measures against age, which is not installed. On Debian: apt-get install age\n')
  process.exit(1)
}

const dir = mkdtempSync(join(process.env.HOLDFAST_BENCH_DIR ?? tmpdir(), 'holdfast-bench-'))
process.on('exit', () => rmSync(dir, { recursive: true, force: true }))
process.on('SIGINT', () => process.exit(130))
const at = (name: string) => join(dir, name)

type Variant = {
  readonly name: string
  readonly command: readonly string[]
  readonly reads: string
  /** The file that it makes, if any. */
  readonly makes?: string
  /** The peer does not make its file durable by itself; that is done for it, within the time. */
  readonly syncs?: boolean
  readonly peer?: string
  readonly target?: number
}

const holdfast = (...args: string[]) => [process.execPath, command, ...args]
const key = ['--file-key', FILE_KEY]
const variants = (recipient: string): Variant[] => [
  { name: 'age, seal', command: ['age', '-r', recipient, '-o', at('age'), at('plain')], reads: 'plain', makes: 'age', syncs: true },
  {
    name: 'seal FLOE + SHA-256',
    command: holdfast('seal', at('plain'), '-o', at('floe'), ...key),
    reads: 'plain',
    makes: 'floe',
    peer: 'age, seal',
    target: 1.9,
  },
  {
    name: 'seal LXENC01 + SHA-256',
    command: holdfast('seal', at('plain'), '-o', at('lxenc'), '--format', 'lxenc1'),
    reads: 'plain',
    makes: 'lxenc',
    peer: 'age, seal',
  },
  { name: 'age, open', command: ['age', '-d', '-i', at('identity'), '-o', '/dev/null', at('age')], reads: 'age' },
  { name: 'open FLOE', command: holdfast('open', at('floe'), '-o', '/dev/null', ...key), reads: 'floe', peer: 'age, open', target: 3 },
  { name: 'open LXENC01', command: holdfast('open', at('lxenc'), '-o', '/dev/null'), reads: 'lxenc', peer: 'age, open' },
  {
    name: 'open FLOE + SHA-256',
    command: holdfast('open', at('floe'), '-o', '/dev/null', '--digest', ...key),
    reads: 'floe',
    peer: 'age, open',
  },
  {
    name: 'age, open to a file',
    command: ['age', '-d', '-i', at('identity'), '-o', at('out'), at('age')],
    reads: 'age',
    makes: 'out',
    syncs: true,
  },
  {
    name: 'open FLOE to a file',
    command: holdfast('open', at('floe'), '-o', at('out'), ...key),
    reads: 'floe',
    makes: 'out',
    peer: 'age, open to a file',
  },
]

type Run = { seconds: number; peakMiB: number }

function peakOf(pid: number | undefined): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
  } catch {
    return 0
  }
}

function makeDurable(path: string): void {
  const file = openSync(path, 'r+')
  fsyncSync(file)
  closeSync(file)
}

/** Everyone reads from the page cache: what was written past it would be read from the disk otherwise. */
function warm(path: string): void {
  const file = openSync(path, 'r')
  const block = Buffer.allocUnsafe(2 ** 22)
  while (readSync(file, block) > 0);
  closeSync(file)
}

async function run({ name, command, reads, makes, syncs }: Variant): Promise<Run> {
  if (makes !== undefined) rmSync(at(makes), { force: true })
  warm(at(reads))
  const begin = performance.now()
  const child = spawn(command[0]!, command.slice(1), {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, HOLDFAST_MASTER_KEY: MASTER_KEY },
  })
  let said = ''
  let peakMiB = 0
  child.stderr.on('data', (bytes: Buffer) => {
    said += bytes.toString()
  })
  const watch = setInterval(() => {
    peakMiB = Math.max(peakMiB, peakOf(child.pid))
  }, 20)
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve))
  clearInterval(watch)
  if (status !== 0) throw new Error(`${name} failed: ${said}`)
  if (syncs) makeDurable(at(makes!))
  return { seconds: (performance.now() - begin) / 1000, peakMiB }
}

function makeInput(): void {
  const file = openSync(at('plain'), 'w')
  const block = Buffer.alloc(2 ** 22)
  for (let left = size; left > 0; left -= block.length) writeSync(file, randomFillSync(block), 0, Math.min(left, block.length))
  fsyncSync(file)
  closeSync(file)
}

/** Makes age's key pair and answers its public half. */
function ageRecipient(): string {
  const made = spawnSync('age-keygen', ['-o', at('identity')], { encoding: 'utf8' })
  const recipient = /age1\w+/.exec(made.stderr)?.[0]
  if (recipient === undefined) throw new Error(`age-keygen failed: ${made.stderr}`)
  return recipient
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!

function report(all: readonly Variant[], runs: ReadonlyMap<string, Run[]>): void {
  for (const { name, peer, target } of all) {
    const own = runs.get(name)!
    const seconds = median(own.map((each) => each.seconds))
    const ratio = peer === undefined ? null : median(own.map((each, round) => runs.get(peer)![round]!.seconds / each.seconds))
    const against = ratio === null ? '' : `  ${ratio.toFixed(2)} × ${peer}${target === undefined ? '' : ` (target ${target})`}`
    const memory = Math.max(...own.map((each) => each.peakMiB)).toFixed(0)
    process.stdout.write(`${name.padEnd(24)} ${(size / seconds / 1e6).toFixed(0).padStart(6)} MB/s ${memory.padStart(5)} MiB${against}\n`)
  }
}

makeInput()
const all = variants(ageRecipient())
const runs = new Map<string, Run[]>(all.map(({ name }) => [name, []]))
for (const variant of all) await run(variant)
for (let round = 0; round < rounds; round += 1) for (const variant of all) runs.get(variant.name)!.push(await run(variant))
report(all, runs)
