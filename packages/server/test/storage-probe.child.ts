import { execFileSync } from 'node:child_process'
import { mkdtemp, rmdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../src/core/clock.ts'
import { openLocalTarget } from '../src/storage/local.ts'
import { testTarget } from '../src/storage/probe.ts'

// Runs in a mount namespace of its own and prints what Test connection says of a full and of a read-only disk.

const path = await mkdtemp(join(tmpdir(), 'holdfast-limits-'))
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', path])
const run = () =>
  testTarget({ kind: 'local', clock: systemClock, open: () => openLocalTarget({ path, clock: systemClock, names: 'exact' }) })
await writeFile(join(path, 'filler'), new Uint8Array(1_000_000))
const full = await run()
execFileSync('mount', ['-o', 'remount,ro', path])
const readOnly = await run()
console.log(JSON.stringify({ full, readOnly }))
execFileSync('umount', [path])
await rmdir(path)
