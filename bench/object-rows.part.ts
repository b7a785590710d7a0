import { sql } from 'kysely'
import { newId } from '../packages/server/src/core/ids.ts'
import type { Database } from '../packages/server/src/db/database.ts'
import type { Home } from './metadata-rows.part.ts'

/**
 * Adds `rows` objects of apps by the database itself: in ten classes, of which CLASS_0 replaces nothing and has nothing rejected; every tenth
 * of the first thousand and few of the others of the owner usr_1; some current, some replaced, a few rejected; two held by themselves and one
 * owner.
 */
export async function fillObjects(database: Database, home: Home, rows: number): Promise<void> {
  const lite = database.kind === 'sqlite'
  const series = lite
    ? `with recursive n(i) as (select 1 union all select i + 1 from n where i < ${rows})`
    : `with n(i) as (select generate_series(1, ${rows}))`
  const idOf = (number: string) =>
    lite ? `printf('01900000-0000-7000-8000-%012x', ${number})` : `'01900000-0000-7000-8000-' || lpad(to_hex(${number}), 12, '0')`
  const status = `case when i % 10 <> 0 and i / 10 % 10 = 3 then 'REJECTED' else 'READY' end`
  const current = `case when i % 10 <> 0 and i / 10 % 10 in (3, 4, 5) then 0 else 1 end`
  // Ten objects in a row are of one owner; usr_1 has a tenth of any thousand near the middle.
  const owner = `case when i / 10 % 10 = 1 and abs(i - ${rows >> 1}) < 500 then 1 else 2 + i / 10 end`
  const middle = `01900000-0000-7000-8000-${(rows >> 1).toString(16).padStart(12, '0')}`
  await database.transaction(async (begun) => {
    await sql
      .raw(
        `insert into files (id, tenant_id, tier, name, content_type, size, status, target_id, object_key, object_size, uploaded_by, created_at,
          version, owner_type, owner_id, object_class, is_current, retention) ${series} select ${idOf('i')}, '${home.tenantId}', 'object',
          'report.csv', 'text/csv', 4000, ${status}, '${home.targetId}', 'tenants/' || ${idOf('i')}, 4000, 'bench', 1800000000000, 1,
          'User', 'usr_' || (${owner}), 'CLASS_' || (i % 10), ${current}, 'PERMANENT' from n`,
      )
      .execute(begun)
    const placed = { tenant_id: home.tenantId, subject: 'x', reason: 'x', placed_by_id: 'x', placed_by: 'x', placed_at: 1 }
    const lock = { lock_state: 'none' as const, locked_objects: 0, failed_objects: 0 }
    const [one] = await begun.selectFrom('files').select('id').where('id', '<', middle).orderBy('id', 'desc').limit(1).execute()
    const file = { ...placed, ...lock, id: newId(), scope: 'file' as const, file_id: one!.id }
    const ofOwner = { ...placed, ...lock, id: newId(), scope: 'owner' as const, owner_type: 'User', owner_id: 'usr_1' }
    await begun.insertInto('holds').values(file).execute()
    await begun.insertInto('holds').values(ofOwner).execute()
  })
  await sql`analyze`.execute(database.writer)
}
