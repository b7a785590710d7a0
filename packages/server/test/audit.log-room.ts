import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { sql as raw } from 'kysely'
import { type PostgresServer, startPostgres } from '../../../test/servers/postgres.ts'
import type { NewAuditEntry } from '../src/core/audit-entry.ts'
import { logOrigin } from '../src/core/checkpoint.ts'
import { type Clock, systemClock } from '../src/core/clock.ts'
import { noCrashPoints } from '../src/core/crash-point.ts'
import { createNoteSigner, type NoteSigner } from '../src/core/signed-note.ts'
import { checkpointFile, type KeptCheckpoint } from '../src/db/audit-checkpoint-file.ts'
import { auditLog, auditTable } from '../src/db/audit-log.ts'
import { createSequencer, type Sequencer, type SequencerDeps } from '../src/db/audit-sequencer.ts'
import { type AuditVerdict, type VerifyOptions, verifyAuditLog } from '../src/db/audit-verify.ts'
import type { Database } from '../src/db/database.ts'
import { migrate } from '../src/db/migrate.ts'
import { openPostgres } from '../src/db/postgres.ts'
import { openSqlite } from '../src/db/sqlite.ts'
import { createStore, type Store } from '../src/db/store.ts'

export const TENANT = '01900000-0000-7000-8000-000000000001'
export const OTHER_TENANT = '01900000-0000-7000-8000-000000000002'
export const SEED = new Uint8Array(32).fill(7)
export const INSTANCE = '01900000-0000-7000-8000-00000000000a'
export const signer: NoteSigner = createNoteSigner(logOrigin(INSTANCE), SEED)

export const signedIn = (name: string, tenantId = TENANT): NewAuditEntry => ({
  tenantId,
  actor: { kind: 'user', id: `user-${name}`, name },
  requestId: `request of ${name}`,
  action: 'SIGN_IN',
  result: 'ok',
  details: { method: 'password' },
})

/** An instance's log on a database of its own. */
export type LogRoom = AsyncDisposable & {
  readonly database: Database
  readonly store: Store
  readonly sequencer: Sequencer
  readonly kept: KeptCheckpoint
  readonly dataDir: string
  /** The database's file or URL. */
  readonly place: string
  /** Another instance on the same database. */
  another(): Promise<LogRoom>
  /** Appends the entries, each in a transaction of its own, sequencing after every `batch` of them. */
  fill(names: readonly string[], batch?: number): Promise<void>
  verify(options?: Partial<VerifyOptions>): Promise<AuditVerdict>
  /** What verification says after these statements, which are taken back afterwards. */
  underTampering(statements: readonly string[]): Promise<AuditVerdict>
  /** Raw SQL, as someone with the database's password would run it. */
  tamper(statement: string): Promise<void>
}

type Kind = Database['kind']

/** Calls `define` for both databases; `open` makes a fresh log. PostgreSQL is started once for the file. */
export function onBothDatabases(define: (kind: Kind, open: (deps?: Partial<SequencerDeps>) => Promise<LogRoom>) => void): void {
  define('sqlite', openSqliteRoom)
  let server: Promise<PostgresServer> | null = null
  after(async () => await (await server)?.stop())
  define('postgres', async (deps) => {
    server ??= startPostgres()
    const place = await (await server).createDatabase()
    const dataDir = await mkdtemp(join(tmpdir(), 'holdfast-audit-'))
    return await openRoom({ kind: 'postgres', place, dataDir }, deps)
  })
}

export async function openSqliteRoom(deps?: Partial<SequencerDeps>): Promise<LogRoom> {
  const dataDir = await mkdtemp(join(tmpdir(), 'holdfast-audit-'))
  return await openRoom({ kind: 'sqlite', place: join(dataDir, 'holdfast.db'), dataDir }, deps)
}

type Place = { readonly kind: Kind; readonly place: string; readonly dataDir: string }

async function openRoom(at: Place, deps: Partial<SequencerDeps> = {}): Promise<LogRoom> {
  const clock: Clock = deps.clock ?? systemClock
  const database = at.kind === 'sqlite' ? await openSqlite(at.place) : await openPostgres(at.place, { connections: 4 })
  await migrate(database, { clock, version: '0.0.0' })
  const kept = checkpointFile(at.dataDir)
  const sequencer = createSequencer({ database, signer, clock, points: noCrashPoints, kept, ...deps })
  const store = createStore(database, { clock, auditLog: (sql) => auditLog(sql, { clock, appended: sequencer.nudge }) })
  const room: LogRoom = {
    database,
    store,
    sequencer,
    kept,
    dataDir: at.dataDir,
    place: at.place,
    another: () => openRoom({ ...at }, deps),
    async fill(names, batch = names.length) {
      for (const [index, name] of names.entries()) {
        await store.transaction((tx) => tx.audit.append(signedIn(name)))
        if ((index + 1) % batch === 0) await sequencer.sequenceNow()
      }
    },
    verify: (options) => verifyAuditLog(auditTable(database.sql), { verifiers: [signer], origin: signer.name, ...options }),
    async underTampering(statements) {
      const taken = await database.writer.startTransaction().execute()
      try {
        for (const statement of statements) await raw.raw(statement).execute(taken)
        return await verifyAuditLog(auditTable(taken), { verifiers: [signer], origin: signer.name })
      } finally {
        await taken.rollback().execute()
      }
    },
    async tamper(statement) {
      await raw.raw(statement).execute(database.writer)
    },
    async [Symbol.asyncDispose]() {
      await sequencer.stop()
      await database[Symbol.asyncDispose]()
      await rm(at.dataDir, { recursive: true, force: true })
    },
  }
  return room
}

export const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `n${index}`)
