import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '../packages/server/src/core/clock.ts'
import { noCrashPoints } from '../packages/server/src/core/crash-point.ts'
import { openSqlite } from '../packages/server/src/db/sqlite.ts'
import { expireFiles } from '../packages/server/src/services/expiry.ts'
import { newFile, prepare } from './metadata-rows.part.ts'

// The expiry job over many rows: `node bench/expiry.ts [--rows N] [--expired N]`. Memory has to stay what it was after the first rows,
// and the last rows to take no longer than the first.

const { values } = parseArgs({ options: { rows: { type: 'string' }, expired: { type: 'string' } } })
const ROWS = Number(values.rows ?? 1_000_000)
const EXPIRED = Number(values.expired ?? 100_000)
const FILL = 5000

const say = (name: string, text: string) => process.stdout.write(`${name.padEnd(44)}${text}\n`)
const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`

const directory = await mkdtemp(join(tmpdir(), 'holdfast-expiry-'))
try {
  await using database = await openSqlite(join(directory, 'bench.db'))
  const { store, home } = await prepare(database)
  const soon = systemClock.now() + 86_400_000
  for (let made = 0; made < ROWS; made += FILL) {
    await store.transaction(async (tx) => {
      for (let index = made; index < Math.min(made + FILL, ROWS); index += 1) {
        const expiresAt = index % Math.ceil(ROWS / EXPIRED) === 0 ? index + 1 : soon
        await tx.files.insert({ ...newFile(home), status: 'READY', retention: 'IMPORT_ARTIFACT_90D', expiresAt, objectSize: 0 })
      }
    })
  }
  let peak = 0
  let first = 0
  let tenth = 0
  const begun = performance.now()
  const progress = async ({ expired }: { expired: number }): Promise<void> => {
    peak = Math.max(peak, process.memoryUsage.rss())
    if (first === 0 && expired >= EXPIRED / 10) {
      first = peak
      tenth = performance.now() - begun
    }
  }
  const expired = await expireFiles(
    { store, clock: systemClock, points: noCrashPoints },
    { signal: new AbortController().signal, progress },
  )
  const took = performance.now() - begun
  say(`${expired} of ${ROWS} rows expired`, `${Math.round((expired / took) * 1000)} rows/s`)
  say('peak of memory', `${mib(peak)}, ${mib(first)} after a tenth (ratio ${(peak / first).toFixed(2)})`)
  say('last tenths against the first, time a row', (((took - tenth) / 9 / tenth) as number).toFixed(2))
} finally {
  await rm(directory, { recursive: true, force: true })
}
