import type { Insertable, Selectable } from 'kysely'
import type { AuditResult } from '../core/audit-actions.ts'
import { type AuditPart, type AuditRecord, type NewAuditEntry, type Redaction, recordEntry, redactRecord } from '../core/audit-entry.ts'
import type { Clock } from '../core/clock.ts'
import { newId } from '../core/ids.ts'
import type { NodeId } from '../core/merkle.ts'
import type { Sql } from './database.ts'
import { rowInsert, rowsInsert } from './row-insert.ts'
import type { Schema } from './schema.ts'

/** An entry as stored: without index and leaf hash until the sequencer has taken it into the tree. */
export type StoredEntry = AuditRecord & { readonly index: number | null; readonly leafHash: Uint8Array | null }
export type SequencedEntry = StoredEntry & { readonly index: number }
/** A checkpoint as stored. `at` is in milliseconds since the epoch. */
export type StoredCheckpoint = { readonly size: number; readonly root: Uint8Array; readonly note: string; readonly at: number }
/** Where a page of the log goes on. The index alone would do, were it not that verification trusts no index to be unique. */
export type LogPlace = { readonly index: number; readonly id: string }
export type StoredNode = NodeId & { readonly hash: Uint8Array }

export type AuditFilter = {
  readonly action?: string | undefined
  /** One of these. */
  readonly actions?: readonly string[] | undefined
  readonly actorId?: string | undefined
  readonly caseId?: string | undefined
  readonly itemId?: string | undefined
  readonly fileId?: string | undefined
  readonly result?: AuditResult | undefined
  /** Milliseconds since the epoch, inclusive. */
  readonly from?: number | undefined
  /** Milliseconds since the epoch, inclusive. */
  readonly to?: number | undefined
  /** Leaf index, inclusive. */
  readonly fromIndex?: number | undefined
  /** Leaf index, exclusive. */
  readonly toIndex?: number | undefined
}

export type AuditLogOptions = {
  readonly clock: Clock
  /** Called at each append, before the transaction commits: a hint for the sequencer, nothing that correctness rests on. */
  readonly appended?: () => void
}

type Row = Selectable<Schema['audit_entries']>

const toEntry = (row: Row): StoredEntry => ({
  id: row.id,
  index: row.leaf_index,
  leafHash: row.leaf_hash,
  tenantId: row.tenant_id,
  at: row.at,
  action: row.action,
  result: row.result,
  actor: { kind: row.actor_kind, id: row.actor_id, name: row.actor_name },
  requestId: row.request_id,
  caseId: row.case_id,
  itemId: row.item_id,
  fileId: row.file_id,
  details: row.details,
  salt: row.salt,
  redaction: row.redaction === null ? null : toRedaction(row.redaction),
})

/** What someone wrote over the column reads as a redaction that no entry tells of: verification names the entry instead of failing. */
function toRedaction(text: string): Redaction {
  try {
    const { by, commitments } = JSON.parse(text) as Redaction
    const given = Object.values(commitments)
    if (typeof by === 'string' && given.every((commitment) => typeof commitment === 'string')) return { by, commitments }
  } catch {
    // Falls through: not JSON, or not of this shape.
  }
  return { by: '', commitments: {} }
}

const toContent = (record: AuditRecord) => ({
  actor_kind: record.actor.kind,
  actor_id: record.actor.id,
  actor_name: record.actor.name,
  request_id: record.requestId,
  case_id: record.caseId,
  item_id: record.itemId,
  file_id: record.fileId,
  details: record.details,
  salt: record.salt,
  redaction: record.redaction === null ? null : JSON.stringify(record.redaction),
})

const toRow = (record: AuditRecord): Insertable<Schema['audit_entries']> => ({
  id: record.id,
  leaf_index: null,
  leaf_hash: null,
  tenant_id: record.tenantId,
  at: record.at,
  action: record.action,
  result: record.result,
  ...toContent(record),
})

const insertEntry = rowInsert('audit_entries')
const insertEntries = rowsInsert('audit_entries')

/** Writes to the log, inside the caller's transaction: the entry exists if and only if what it tells of is committed. */
export function auditLog(sql: Sql, options: AuditLogOptions) {
  const append = async (entry: NewAuditEntry): Promise<string> => {
    const record = recordEntry(entry, { id: newId(), at: options.clock.now() })
    await insertEntry(sql, toRow(record))
    options.appended?.()
    return record.id
  }
  return {
    /** Appends an entry and answers its id. `AuditEntryError` where details that the action must carry are missing. */
    append,
    /** As `append`, of up to some hundred entries with one statement; they stand in the log in this order. */
    async appendAll(entries: readonly NewAuditEntry[]): Promise<void> {
      const at = options.clock.now()
      await insertEntries(
        sql,
        entries.map((entry) => toRow(recordEntry(entry, { id: newId(), at }))),
      )
      options.appended?.()
    },
    /**
     * Erases parts of an entry, with their salts, and appends the ENTRY_REDACTED entry that tells of it. The leaf of the entry stays
     * verifiable. Answers false where the tenant has no such entry.
     */
    async redact(
      target: { tenantId: string; entryId: string; parts: readonly AuditPart[] },
      told: Pick<NewAuditEntry, 'actor' | 'requestId'> & { reason: string },
    ): Promise<boolean> {
      const { tenantId, entryId, parts } = target
      const row = await sql
        .selectFrom('audit_entries')
        .selectAll()
        .where('id', '=', entryId)
        .where('tenant_id', '=', tenantId)
        .executeTakeFirst()
      if (!row) return false
      const { reason, ...by } = told
      const details = { entryId, parts, reason }
      const by_ = await append({ ...by, tenantId, action: 'ENTRY_REDACTED', result: 'ok', details })
      await sql
        .updateTable('audit_entries')
        .set(toContent(redactRecord(toEntry(row), parts, by_)))
        .where('id', '=', entryId)
        .execute()
      return true
    },
  }
}

const INDICES_A_QUERY = 1000

function byLevel(nodes: readonly NodeId[]): Map<number, number[]> {
  const levels = new Map<number, number[]>()
  for (const { level, index } of nodes) {
    const indices = levels.get(level)
    if (indices) indices.push(index)
    else levels.set(level, [index])
  }
  return levels
}

const filtered = (sql: Sql, filter: AuditFilter, tenantId?: string) =>
  sql
    .selectFrom('audit_entries')
    .selectAll()
    .$if(tenantId !== undefined, (q) => q.where('tenant_id', '=', tenantId!))
    .$if(filter.action !== undefined, (q) => q.where('action', '=', filter.action!))
    .$if(filter.actions !== undefined, (q) => q.where('action', 'in', [...filter.actions!]))
    .$if(filter.actorId !== undefined, (q) => q.where('actor_id', '=', filter.actorId!))
    .$if(filter.caseId !== undefined, (q) => q.where('case_id', '=', filter.caseId!))
    .$if(filter.itemId !== undefined, (q) => q.where('item_id', '=', filter.itemId!))
    .$if(filter.fileId !== undefined, (q) => q.where('file_id', '=', filter.fileId!))
    .$if(filter.result !== undefined, (q) => q.where('result', '=', filter.result!))
    .$if(filter.from !== undefined, (q) => q.where('at', '>=', filter.from!))
    .$if(filter.to !== undefined, (q) => q.where('at', '<=', filter.to!))
    .$if(filter.fromIndex !== undefined, (q) => q.where('leaf_index', '>=', filter.fromIndex!))
    .$if(filter.toIndex !== undefined, (q) => q.where('leaf_index', '<', filter.toIndex!))

/** Reads of the log and of its tree. Pages are bounded by `limit`; nothing here changes a row. */
export const auditTable = (sql: Sql) => ({
  /** Newest first, by id; `before` is the id of the last entry of the page before. */
  async list(tenantId: string, filter: AuditFilter, page: { limit: number; before?: string | undefined }): Promise<StoredEntry[]> {
    const rows = await filtered(sql, filter, tenantId)
      .$if(page.before !== undefined, (q) => q.where('id', '<', page.before!))
      .orderBy('id', 'desc')
      .limit(page.limit)
      .execute()
    return rows.map(toEntry)
  },
  /** Sequenced entries in the order of the log, after `page.after`; of all tenants where `tenantId` is undefined. */
  async sequenced(page: { after: LogPlace | null; limit: number }, filter: AuditFilter = {}, tenantId?: string): Promise<SequencedEntry[]> {
    const { after } = page
    const rows = await filtered(sql, filter, tenantId)
      .where('leaf_index', 'is not', null)
      .$if(after !== null, (q) =>
        q.where('leaf_index', '>=', after!.index).where((eb) => eb.or([eb('leaf_index', '>', after!.index), eb('id', '>', after!.id)])),
      )
      .orderBy('leaf_index')
      .orderBy('id')
      .limit(page.limit)
      .execute()
    return rows.map(toEntry) as SequencedEntry[]
  },
  /** Null where there is no such entry, or `tenantId` is given and it is another's. */
  async find(id: string, tenantId?: string): Promise<StoredEntry | null> {
    const row = await filtered(sql, {}, tenantId).where('id', '=', id).executeTakeFirst()
    return row ? toEntry(row) : null
  },
  /** An entry with this leaf hash other than `exceptId`. Reads the whole table: for the diagnosis of a damaged log alone. */
  async findByLeafHash(hash: Uint8Array, exceptId: string): Promise<StoredEntry | null> {
    const query = sql.selectFrom('audit_entries').selectAll().where('leaf_hash', '=', hash).where('id', '!=', exceptId)
    const row = await query.orderBy('leaf_index').limit(1).executeTakeFirst()
    return row ? toEntry(row) : null
  },
  /** Entries that wait for the sequencer, oldest first. */
  async pending(limit: number): Promise<StoredEntry[]> {
    const rows = await sql.selectFrom('audit_entries').selectAll().where('leaf_index', 'is', null).orderBy('id').limit(limit).execute()
    return rows.map(toEntry)
  },
  async countPending(): Promise<number> {
    const row = await sql
      .selectFrom('audit_entries')
      .select(({ fn }) => fn.countAll<number | string>().as('count'))
      .where('leaf_index', 'is', null)
      .executeTakeFirstOrThrow()
    return Number(row.count)
  },
  /** A lookup of those of `nodes` that are stored. */
  async nodes(nodes: readonly NodeId[]): Promise<(node: NodeId) => Uint8Array | undefined> {
    const found = new Map<string, Uint8Array>()
    for (const [level, indices] of byLevel(nodes)) {
      for (let start = 0; start < indices.length; start += INDICES_A_QUERY) {
        const some = indices.slice(start, start + INDICES_A_QUERY)
        const rows = await sql.selectFrom('audit_nodes').selectAll().where('level', '=', level).where('idx', 'in', some).execute()
        for (const { idx, hash } of rows) found.set(`${level}/${idx}`, hash)
      }
    }
    return ({ level, index }) => found.get(`${level}/${index}`)
  },
  /** Whether a node of this level is stored at `index` or after it. */
  async hasNodeFrom(level: number, index: number): Promise<boolean> {
    const query = sql.selectFrom('audit_nodes').select('idx').where('level', '=', level).where('idx', '>=', index)
    return (await query.limit(1).executeTakeFirst()) !== undefined
  },
  /** The leaf node with this hash. Reads all of them: for the diagnosis of a damaged log alone. */
  async findLeafNode(hash: Uint8Array): Promise<StoredNode | null> {
    const row = await sql
      .selectFrom('audit_nodes')
      .selectAll()
      .where('level', '=', 0)
      .where('hash', '=', hash)
      .orderBy('idx')
      .limit(1)
      .executeTakeFirst()
    return row ? { level: row.level, index: row.idx, hash: row.hash } : null
  },
  async newestCheckpoint(): Promise<StoredCheckpoint | null> {
    return (await sql.selectFrom('audit_checkpoints').selectAll().orderBy('size', 'desc').limit(1).executeTakeFirst()) ?? null
  },
  /** Checkpoints of trees larger than `after`, smallest first. */
  checkpoints: (after: number, limit: number): Promise<StoredCheckpoint[]> =>
    sql.selectFrom('audit_checkpoints').selectAll().where('size', '>', after).orderBy('size').limit(limit).execute(),
})

export type AuditTable = ReturnType<typeof auditTable>
