import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { begin, type Environment, type Outcome } from './command.ts'

// What the suites of `seal` and `open` share: the real command in a process of its own, on real files.

const root = mkdtempSync(join(tmpdir(), 'holdfast-seal-open-'))
process.on('exit', () => rmSync(root, { recursive: true, force: true }))

export const MASTER_KEY = Buffer.from(Uint8Array.from({ length: 32 }, (_, index) => index))
  .toString('base64')
  .replaceAll('+', '-')
  .replaceAll('/', '_')
export const FILE_KEY = 'ab'.repeat(32)

/** Runs the command to its end, with bytes on its standard input. */
export async function holdfast(args: readonly string[], options: { env?: Environment; input?: Uint8Array } = {}): Promise<Outcome> {
  const child = begin(args, options.env)
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

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** A folder of its own for a test, gone at the end. */
export const folder = (): string => mkdtempSync(join(root, 'case-'))

/** A folder with plaintext in it, sealed as FLOE under FILE_KEY. */
export async function sealedFloe(size: number, extra: string[] = []): Promise<{ dir: string; plaintext: Buffer; path: string }> {
  const dir = folder()
  const plaintext = randomBytes(size)
  writeFileSync(join(dir, 'plain'), plaintext)
  const path = join(dir, 'sealed.floe')
  const ran = await holdfast(['seal', join(dir, 'plain'), '-o', path, '--file-key', FILE_KEY, ...extra])
  assert.equal(ran.status, 0, ran.stderr)
  return { dir, plaintext, path }
}

export function flipped(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes)
  changed[at]! ^= 1
  return changed
}
