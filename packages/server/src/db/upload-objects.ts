import { sql as raw } from 'kysely'
import type { Sql } from './database.ts'
import { keptQuery } from './kept-query.ts'

/** Literal text, since a partial index serves a query only where its condition is recognised in it. */
const isOpenOfObject = raw<boolean>`policy is not null and status = 'open'`

const urlsHeld = keptQuery((sql, of: { tenantId: string; actorId: string; now: number }) =>
  sql
    .selectFrom('uploads')
    .select((eb) => eb.fn.countAll<number | string>().as('count'))
    .where('tenant_id', '=', of.tenantId)
    .where('actor_id', '=', of.actorId)
    .where('url_expires_at', '>', of.now)
    .where(isOpenOfObject),
)
const completeOpen = keptQuery((sql, end: { tenantId: string; id: string; declaredMd5: string | null; at: number }) =>
  sql
    .updateTable('uploads')
    .set({ status: 'completed', touched_at: end.at, declared_md5: end.declaredMd5 })
    .where('tenant_id', '=', end.tenantId)
    .where('id', '=', end.id)
    .where('status', '=', 'open')
    .where('declared_md5', 'is', null),
)

/** Part of `uploadTable`: what uploads of objects need besides. */
export const objectUploadQueries = (sql: Sql) => ({
  /** Open uploads of objects that one actor began and whose URLs still hold at `now`. */
  async countUrls(tenantId: string, actorId: string, now: number): Promise<number> {
    const [row] = (await urlsHeld(sql, { tenantId, actorId, now })).rows
    return Number(row?.count)
  },

  /** The URL of an open upload was signed anew. */
  async extendUrl(upload: { tenantId: string; id: string }, urlExpiresAt: number): Promise<void> {
    await sql
      .updateTable('uploads')
      .set({ url_expires_at: urlExpiresAt })
      .where('tenant_id', '=', upload.tenantId)
      .where('id', '=', upload.id)
      .where('status', '=', 'open')
      .execute()
  },

  /** Takes an open upload, of which nothing was declared yet, to its end in one step. False, and nothing changed, where it is another's by now. */
  async completeOpen(upload: { tenantId: string; id: string }, end: { declaredMd5: string | null; at: number }): Promise<boolean> {
    const { tenantId, id } = upload
    const { numAffectedRows = 0n } = await completeOpen(sql, { tenantId, id, ...end })
    return numAffectedRows > 0n
  },

  /** Keeps the MD5 that the sender declared, before the first one is kept. */
  async declareMd5(upload: { tenantId: string; id: string }, md5: string): Promise<void> {
    await sql
      .updateTable('uploads')
      .set({ declared_md5: md5 })
      .where('tenant_id', '=', upload.tenantId)
      .where('id', '=', upload.id)
      .where('declared_md5', 'is', null)
      .execute()
  },
})
