import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { systemClock } from '../packages/server/src/core/clock.ts'
import { noCrashPoints } from '../packages/server/src/core/crash-point.ts'
import type { Database } from '../packages/server/src/db/database.ts'
import { openPostgres } from '../packages/server/src/db/postgres.ts'
import { openSqlite } from '../packages/server/src/db/sqlite.ts'
import { expireFiles } from '../packages/server/src/services/expiry.ts'
import { startPostgres } from '../test/servers/postgres.ts'
import { prepare } from './metadata-rows.part.ts'
import { fillObjects } from './object-rows.part.ts'

// The expiry job over more and more rows, each size in a process of its own: `node bench/expiry.ts [--rows N,N…] [--database sqlite|postgres]`.
// What it holds on to must not grow with them, and the last rows take no longer than the first. What is held is what the collector leaves,
// after each tenth; the most that the process took is told besides.

const { values } = parseArgs({ options: { rows: { type: 'string' }, database: { type: 'string' }, alone: { type: 'boolean' } } })
const sizes = (values.rows ?? '100000,300000,1000000').split(',').map(Number)
const kind = values.database ?? 'sqlite'

/** With room to be wasteful the collector is, and the process takes more the longer it runs, whatever is held. */
const HEAP_MIB = 64

const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`

type Seen = {
  readonly rows: number
  readonly rate: number
  readonly slower: number
  readonly peak: number
  readonly held: readonly number[]
}

async function measure(database: Database, rows: number): Promise<Seen> {
  const { store, home } = await prepare(database)
  await fillObjects(database, home, rows)
  await database.writer.updateTable('files').set({ expires_at: 1, retention: 'IMPORT_ARTIFACT_90D' }).execute()
  await database.writer
    .updateTable('targets')
    .set({ used_bytes: rows * 4000 })
    .execute()
  await database.writer.updateTable('holds').set({ released_at: 1, release_reason: 'x' }).execute()
  let [peak, tenth] = [0, 0]
  const held: number[] = []
  const begun = performance.now()
  const progress = async ({ expired }: { expired: number }): Promise<void> => {
    peak = Math.max(peak, process.memoryUsage.rss())
    if (expired < ((held.length + 1) * rows) / 10) return
    if (held.length === 0) tenth = performance.now() - begun
    globalThis.gc?.()
    const { heapUsed, external } = process.memoryUsage()
    held.push(heapUsed + external)
  }
  const deps = { store, clock: systemClock, points: noCrashPoints }
  const expired = await expireFiles(deps, { signal: new AbortController().signal, progress })
  const took = performance.now() - begun
  if (expired !== rows) throw new Error(`${expired} of ${rows} rows expired`)
  return { rows, rate: (rows / took) * 1000, slower: (took - tenth) / 9 / tenth, peak, held }
}

async function alone(rows: number): Promise<Seen> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-expiry-'))
  const server = kind === 'postgres' ? await startPostgres() : null
  try {
    await using database = await (server ? openPostgres(server.url) : openSqlite(join(directory, 'bench.db')))
    return await measure(database, rows)
  } finally {
    await server?.stop()
    await rm(directory, { recursive: true, force: true })
  }
}

if (values.alone) process.stdout.write(JSON.stringify(await alone(sizes[0]!)))
else {
  let first: Seen | null = null
  for (const rows of sizes) {
    const given = [
      '--expose-gc',
      `--max-old-space-size=${HEAP_MIB}`,
      import.meta.filename,
      '--alone',
      '--rows',
      String(rows),
      '--database',
      kind,
    ]
    const seen = JSON.parse((await promisify(execFile)(process.execPath, given)).stdout) as Seen
    first ??= seen
    const [afterTenth, atEnd] = [seen.held[0]!, seen.held.at(-1)!]
    const memory = `held ${mib(atEnd)}, ${(atEnd / afterTenth).toFixed(2)} × of after a tenth, ${(atEnd / first.held.at(-1)!).toFixed(2)} × of the fewest rows`
    const figures = `${seen.rate.toFixed(0)} a second, a row of the last nine tenths ${seen.slower.toFixed(2)} × of the first; ${memory}; at most ${mib(seen.peak)}, ${(seen.peak / first.peak).toFixed(2)} ×`
    process.stdout.write(`${`${kind}: ${rows} rows expired`.padEnd(36)}${figures}\n`)
  }
}
