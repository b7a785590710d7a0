import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import BetterSqlite from 'better-sqlite3'
import { createApp } from '../packages/server/src/app.ts'
import { loadConfig } from '../packages/server/src/config.ts'
import { createLogger } from '../packages/server/src/http/request-log.ts'
import { openInstance } from '../packages/server/src/open-instance.ts'
import { commandLineActor, commandLineCaller } from '../packages/server/src/services/caller.ts'
import { createTenant } from '../packages/server/src/services/setup.ts'
import type { StorageTarget } from '../packages/server/src/storage/target.ts'
import { bareStatements } from './metadata-rows.part.ts'

// Objects begun and completed against the bare database: `node bench/objects.ts [--rounds N] [--count N]`. The target signs and answers
// at once, so that what is measured is ours: rows, audit entries, jobs, durable commits on SQLite. The floor is two rows in the same
// tables in one transaction by prepared statements, in the same run; ratios are taken within a round. One object takes two commits.

const { values } = parseArgs({ options: { rounds: { type: 'string' }, count: { type: 'string' } } })
const ROUNDS = Number(values.rounds ?? 9)
const COUNT = Number(values.count ?? 200)
const COMMITS = 2
const SIZE = 1000

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!
const key = (): string => randomBytes(32).toString('base64').replaceAll('+', '-').replaceAll('/', '_')

/** A bucket that has every object already. */
const bucket = (target: StorageTarget): StorageTarget => ({
  ...target,
  stat: async (objectKey) => ({ key: objectKey, size: SIZE, modifiedAt: 1, etag: 'd41d8cd98f00b204e9800998ecf8427e', atRest: null }),
  presign: {
    get: async () => ({ url: 'https://bucket.example', method: 'GET', headers: {}, expiresAt: 0 }),
    put: async () => ({ url: 'https://bucket.example', method: 'PUT', headers: {}, expiresAt: 0 }),
    part: async () => ({ url: 'https://bucket.example', method: 'PUT', headers: {}, expiresAt: 0 }),
    listParts: async () => [],
  },
})

async function rate(count: number, atOnce: number, act: () => Promise<unknown>): Promise<number> {
  const begun = performance.now()
  let left = count
  const lane = async () => {
    for (; left > 0; left -= 1) await act()
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  return (count / (performance.now() - begun)) * 1000
}

const dataDir = await mkdtemp(join(tmpdir(), 'holdfast-bench-'))
try {
  const keys = { HOLDFAST_MASTER_KEY: key(), CREDENTIAL_ENCRYPTION_KEY: key(), HOLDFAST_AUDIT_KEY: key() }
  const { config, secrets } = loadConfig({ HOLDFAST_DATA_DIR: dataDir, ...keys })
  await using instance = await openInstance(config, secrets, { wrap: bucket })
  await using app = await createApp(instance, { logger: createLogger({ level: 'fatal' }) })
  const by = { actor: commandLineActor, requestId: null, at: instance.clock.now() }
  const { id: tenantId } = await instance.store.transaction((tx) => createTenant(tx, { slug: 'bench', name: 'Bench' }, by))
  const caller = commandLineCaller(tenantId)
  const owner = { ownerEntityType: 'User', ownerEntityId: 'usr_1' }
  const input = { objectClass: 'REPORT', ...owner, originalFilename: 'a.csv', contentType: 'text/csv', fileSize: SIZE }
  const store = async (): Promise<void> => {
    const { storedObject } = await app.services.objects.initiate(caller, { input, origin: '' })
    await app.services.objects.complete(caller, { id: storedObject.id, declared: { checksum: 'd41d8cd98f00b204e9800998ecf8427e' } })
  }

  const file = new BetterSqlite(join(dataDir, 'bare.db'))
  for (const pragma of ['journal_mode = wal', 'synchronous = full', 'wal_autocheckpoint = 8192']) file.pragma(pragma)
  const home = { tenantId, targetId: 'target', caseId: 'case' }
  const mark = () => '?'
  const shape = bareStatements(home, mark)
  for (const { text } of shape) {
    const [, table, columns] = /insert into (\w+) \(([^)]*)\)/.exec(text) ?? []
    file.exec(`create table ${table} (${columns}, primary key (id))`)
  }
  const prepared = shape.map(({ text }) => file.prepare(text))
  const [begin, commit] = [file.prepare('begin immediate'), file.prepare('commit')]
  const bare = async (): Promise<void> => {
    const rows = bareStatements(home, mark)
    begin.run()
    for (const [index, statement] of prepared.entries()) statement.run(rows[index]!.values)
    commit.run()
  }

  for (const atOnce of [1, 8, 32]) {
    const ours: number[] = []
    const floors: number[] = []
    for (let round = 0; round <= ROUNDS; round += 1) {
      floors.push(await rate(COUNT, 1, bare))
      ours.push(await rate(COUNT, atOnce, store))
    }
    // The first round warms up.
    const ratios = ours.map((value, round) => (value * COMMITS) / floors[round]!).slice(1)
    const [objects, floor] = [median(ours.slice(1)), median(floors.slice(1))]
    const text = `${objects.toFixed(0)} a second, ${(objects * COMMITS).toFixed(0)} commits; bare ${floor.toFixed(0)}; ${median(ratios).toFixed(2)} × bare a commit`
    process.stdout.write(`${`objects begun and completed, ${atOnce} at once`.padEnd(48)}${text}\n`)
  }
  file.close()
} finally {
  await rm(dataDir, { recursive: true, force: true })
}
