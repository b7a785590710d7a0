import { sql } from 'kysely'
import { systemClock } from '../packages/server/src/core/clock.ts'
import { newId } from '../packages/server/src/core/ids.ts'
import { auditLog } from '../packages/server/src/db/audit-log.ts'
import type { Database } from '../packages/server/src/db/database.ts'
import { type FileRow, noObjectYet } from '../packages/server/src/db/file-rows.ts'
import { migrate } from '../packages/server/src/db/migrate.ts'
import { createStore, type Store, type Tx } from '../packages/server/src/db/store.ts'

/** What the rows of a bench belong to. */
export type Home = { readonly tenantId: string; readonly targetId: string; readonly caseId: string }

/** Makes the tables, and a tenant with a target and a case. */
export async function prepare(database: Database): Promise<{ store: Store; home: Home }> {
  await migrate(database, { clock: systemClock, version: 'bench' })
  const home = { tenantId: newId(), targetId: newId(), caseId: newId() }
  const created_at = systemClock.now()
  await database.transaction(async (sql) => {
    const { tenantId: tenant_id } = home
    await sql.insertInto('tenants').values({ id: tenant_id, slug: tenant_id, name: 'Bench', created_at }).execute()
    const target = {
      id: home.targetId,
      tenant_id,
      name: 'Local',
      kind: 'local' as const,
      place: '{}',
      builtin: 1 as const,
      created_at,
      version: 1,
    }
    await sql
      .insertInto('targets')
      .values({ ...target, used_bytes: 0, reserved_bytes: 0 })
      .execute()
    const owner = {
      id: home.caseId,
      tenant_id,
      number: 'CASE-1',
      title: 'Bench',
      description: '',
      created_by: 'bench',
      created_at,
      version: 1,
    }
    await sql.insertInto('cases').values(owner).execute()
  })
  return { store: createStore(database, { clock: systemClock, auditLog: (sql) => auditLog(sql, { clock: systemClock }) }), home }
}

export function newFile(home: Home): FileRow {
  const id = newId()
  return {
    id,
    ...{
      tenantId: home.tenantId,
      caseId: home.caseId,
      itemId: null,
      tier: 'secure',
      name: 'image of the disk.E01',
      contentType: 'application/octet-stream',
    },
    ...{ size: 4_000_000, status: 'PENDING_UPLOAD', statusReason: null, targetId: home.targetId },
    objectKey: `attachments/${home.tenantId}/${home.caseId}/${id}.bin`,
    ...{ objectSize: 4_001_000, container: 'floe', entityKeyId: null, wrappedKey: new Uint8Array(60), sha256: null, declaredSha256: null },
    ...{
      verifiedAt: null,
      uploadedBy: 'bench',
      createdAt: systemClock.now(),
      readyAt: null,
      deletedAt: null,
      purgedAt: null,
      syncTargetId: null,
      version: 1,
    },
    ...noObjectYet,
  }
}

/** The change that is measured: a file with the entry that tells of it. */
export async function initiate(tx: Tx, home: Home): Promise<void> {
  const file = newFile(home)
  await tx.files.insert(file)
  await tx.audit.append({
    tenantId: home.tenantId,
    actor: { kind: 'user', id: 'bench', name: 'Bench' },
    requestId: 'request',
    action: 'UPLOAD_INITIATED',
    result: 'ok',
    caseId: home.caseId,
    fileId: file.id,
    details: { uploadId: file.id, name: file.name, size: file.size, tier: file.tier, targetId: file.targetId },
  })
}

export type Statement = { readonly text: string; readonly values: readonly unknown[] }

/** The two statements of `initiate` as their SQL, for the floor: the same rows in the same tables without any of our code. */
export function bareStatements(home: Home, mark: (index: number) => string): Statement[] {
  const file = newFile(home)
  const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  const entry = {
    ...{
      id: newId(),
      tenant_id: home.tenantId,
      at: file.createdAt,
      action: 'UPLOAD_INITIATED',
      result: 'ok',
      actor_kind: 'user',
      actor_id: 'bench',
    },
    ...{ actor_name: 'Bench', request_id: 'request', case_id: home.caseId, file_id: file.id, details: '{"name":"image of the disk.E01"}' },
    salt: Buffer.alloc(48),
  }
  const columns = Object.fromEntries(
    Object.entries({ ...file, wrappedKey: Buffer.from(file.wrappedKey!) }).map(([name, value]) => [snake(name), value]),
  )
  return [insert('files', columns, mark), insert('audit_entries', entry, mark)]
}

const insert = (table: string, row: object, mark: (index: number) => string): Statement => ({
  text: `insert into ${table} (${Object.keys(row).join(', ')}) values (${Object.keys(row)
    .map((_, index) => mark(index + 1))
    .join(', ')})`,
  values: Object.values(row).map((value) => (typeof value === 'boolean' ? Number(value) : value)),
})

/**
 * Adds `rows` files, every tenth of them in the case of `home`, half of them READY, by the database itself. Answers the id in their middle.
 * Ids are made so that their order is that of the rows, as UUIDv7 are.
 */
export async function fillFiles(database: Database, home: Home, rows: number): Promise<string> {
  const series =
    database.kind === 'sqlite'
      ? `with recursive n(i) as (select 1 union all select i + 1 from n where i < ${rows})`
      : `with n(i) as (select generate_series(1, ${rows}))`
  const id =
    database.kind === 'sqlite' ? `printf('01900000-0000-7000-8000-%012x', i)` : `'01900000-0000-7000-8000-' || lpad(to_hex(i), 12, '0')`
  await database.transaction(async (begun) => {
    const other = newFile(home)
    const otherCase = {
      id: other.id,
      tenant_id: home.tenantId,
      number: 'CASE-2',
      title: 'Other',
      description: '',
      created_by: 'bench',
      created_at: 1,
      version: 1,
    }
    await begun.insertInto('cases').values(otherCase).execute()
    await sql
      .raw(
        `insert into files (id, tenant_id, case_id, tier, name, content_type, size, status, target_id, object_key, object_size, uploaded_by,
          created_at, version) ${series} select ${id}, '${home.tenantId}', case when i % 10 = 0 then '${home.caseId}' else '${other.id}' end,
          'secure', 'image of the disk.E01', 'application/octet-stream', 4000000, case when i % 2 = 0 then 'READY' else 'SCANNING' end,
          '${home.targetId}', 'attachments/' || ${id}, 4001000, 'bench', 1800000000000, 1 from n`,
      )
      .execute(begun)
  })
  if (database.kind === 'postgres') await sql`vacuum analyze files`.execute(database.writer)
  return `01900000-0000-7000-8000-${Math.floor(rows / 2)
    .toString(16)
    .padStart(12, '0')}`
}
