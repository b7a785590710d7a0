import { mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { systemClock } from '../packages/server/src/core/clock.ts'
import { noCrashPoints } from '../packages/server/src/core/crash-point.ts'
import { newId } from '../packages/server/src/core/ids.ts'
import { migrate } from '../packages/server/src/db/migrate.ts'
import { openSqlite } from '../packages/server/src/db/sqlite.ts'
import { createMemoryStore, memoryTarget } from '../packages/server/src/storage/memory.ts'
import { openS3Target } from '../packages/server/src/storage/s3.ts'
import type { StorageTarget } from '../packages/server/src/storage/target.ts'
import { roomOn } from '../packages/server/test/direct-room.ts'
import { startS3 } from '../test/servers/s3.ts'

// Sync of one folder with 100,000 files, on SQLite: `node bench/sync.ts [--files N] [--s3]`. With a target that lists from memory,
// which shows what Sync itself costs; with --s3 versitygw instead, whose folder is filled from behind.

const { values } = parseArgs({ options: { files: { type: 'string' }, s3: { type: 'boolean' } } })
const FILES = Number(values.files ?? 100_000)
const MiB = 2 ** 20
const GROUP = 1000

type Room = Awaited<ReturnType<typeof roomOn>>
type Backend = { name: string; open(room: Room): Promise<StorageTarget>; fill(room: Room): Promise<void>; end(): Promise<void> }

/** Names one after another, with nothing kept: the listing itself takes no memory that would be counted. */
function generated(): Backend {
  return {
    name: 'listed from memory',
    async open(room) {
      const prefix = room.scope()
      const stat = (key: string) => ({ key, size: 1, modifiedAt: 1_700_000_000_000, etag: 'x' })
      return {
        ...memoryTarget(systemClock, createMemoryStore()),
        stat: async (key) => stat(key),
        async *listFolder() {
          for (let index = 0; index < FILES; index += 1)
            yield { kind: 'object', object: stat(`${prefix}file ${(index * 7919) % FILES}.bin`) }
        },
      }
    },
    fill: async () => {},
    end: async () => {},
  }
}

async function versitygw(): Promise<Backend> {
  const server = await startS3('versitygw')
  const { endpoint, region, accessKeyId, secretAccessKey } = server
  const credentials = { accessKeyId, secretAccessKey }
  const admin = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
  await admin.send(new CreateBucketCommand({ Bucket: 'bench' }))
  return {
    name: 'versitygw',
    open: async () => openS3Target({ endpoint, region, bucket: 'bench', credentials, policy: { allowLocal: true }, clock: systemClock }),
    async fill(room) {
      const folder = join(server.folder, 'data', 'bench', room.scope())
      mkdirSync(folder, { recursive: true })
      for (let index = 0; index < FILES; index += 1) writeFileSync(join(folder, `file ${index}.bin`), 'x')
    },
    async end() {
      admin.destroy()
      await server.stop()
    },
  }
}

function watchMemory() {
  let peak = 0
  const look = () => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }
  const timer = setInterval(look, 20)
  look()
  return {
    peak(): number {
      look()
      return peak
    },
    stop: () => clearInterval(timer),
  }
}

const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** What the database takes for the rows of as many files alone, in groups of the same size: the limit for "all unknown". */
async function bareRate(room: Room): Promise<number> {
  const place = { syncId: '', tenantId: room.caller.tenantId, caseId: room.caseId, itemId: null, targetId: room.targetId, prefix: 'bare/' }
  const startedAt = performance.now()
  for (let at = 0; at < FILES; at += GROUP) {
    const objects = Array.from({ length: Math.min(GROUP, FILES - at) }, (_, index) => ({
      ...{ id: newId(), key: `bare/file ${String(at + index).padStart(9, '0')}.bin`, name: 'x', size: 0, modifiedAt: 1, etag: 'x' },
    }))
    await room.store.transaction((tx) => tx.syncObjects.discover(place, objects, 1))
  }
  return FILES / ((performance.now() - startedAt) / 1000)
}

async function openRoom(folder: string) {
  const database = await openSqlite(join(folder, 'holdfast.db'))
  await migrate(database, { clock: systemClock, version: 'bench' })
  return { database, room: await roomOn(database, noCrashPoints) }
}

async function measure(backend: Backend): Promise<void> {
  const folder = await mkdtemp(join(process.env.HOLDFAST_BENCH_DIR ?? tmpdir(), 'holdfast-sync-'))
  const { database, room } = await openRoom(folder)
  await backend.fill(room)
  room.target = await backend.open(room)
  const memory = watchMemory()
  const show = (bytes: number) => `${Math.round(bytes / MiB)} MiB`
  process.stdout.write(`${backend.name}, ${FILES} files; at rest ${show(memory.peak())}\n`)
  let unknownRate = 0
  for (const round of ['all unknown', 'all unchanged', 'all unchanged, preview'] as const) {
    const startedAt = performance.now()
    const cpuBefore = cpuSeconds()
    const sync = await room.sync({ mode: round.endsWith('preview') ? 'preview' : 'apply' })
    const seconds = (performance.now() - startedAt) / 1000
    const rate = FILES / seconds
    if (round === 'all unknown') unknownRate = rate
    process.stdout.write(
      `  ${round}: ${sync.status}, ${sync.added.count} added, ${sync.unchanged} unchanged; ${Math.round(rate)} rows/s, ` +
        `${Math.round(FILES / (cpuSeconds() - cpuBefore))} a second of processor time; peak ${show(memory.peak())}\n`,
    )
  }
  memory.stop()
  const bare = await bareRate(room)
  process.stdout.write(
    `  bare insert of the same rows: ${Math.round(bare)} rows/s; "all unknown" is ${(unknownRate / bare).toFixed(2)} of it\n`,
  )
  await room.target[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
  await backend.end()
  await rm(folder, { recursive: true })
}

process.stdout.write(
  'Targets: 20,000 rows/s on SQLite where the machine has nothing else to do; memory that does not grow with the files\n',
)
await measure(values.s3 ? await versitygw() : generated())
