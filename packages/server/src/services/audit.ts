import { setImmediate as otherWork } from 'node:timers/promises'
import {
  type AuditCheckpoint,
  type AuditEntry,
  type AuditProof,
  type AuditQuery,
  type AuditVerification,
  type PageOf,
  Problem,
} from '@holdfast/api'
import type { Caller } from '../core/actor.ts'
import { auditParts, leafBytes } from '../core/audit-entry.ts'
import { checkpointLine, entryLine, headerLine, subtreeLine } from '../core/audit-export.ts'
import { toBase64, toHex } from '../core/base64.ts'
import { type Clock, toIso } from '../core/clock.ts'
import { csvRecord } from '../core/csv.ts'
import {
  consistencyRanges,
  coverOf,
  inclusionRanges,
  type LeafRange,
  type Lookup,
  type NodeId,
  rangeHash,
  subtreesOf,
} from '../core/merkle.ts'
import { formatTlogProof } from '../core/tlog-proof.ts'
import type { KeptCheckpoint } from '../db/audit-checkpoint-file.ts'
import type { AuditFilter, AuditTable, LogPlace, SequencedEntry, StoredCheckpoint, StoredEntry } from '../db/audit-log.ts'
import type { Sequencer } from '../db/audit-sequencer.ts'
import { verifyAuditLog } from '../db/audit-verify.ts'
import type { Store } from '../db/store.ts'
import { existing } from './caller.ts'
import { fromCursor, rowsFor, toPage } from './pages.ts'

export type AuditDeps = {
  readonly store: Store
  readonly sequencer: Sequencer
  readonly clock: Clock
  /** The checkpoint kept beside the database, which verification compares with too. */
  readonly kept: KeptCheckpoint | null
}

export type AuditExportFormat = 'csv' | 'jsonl'
export type AuditExport = {
  readonly contentType: string
  /** Plain ASCII. */
  readonly fileName: string
  /** Read in pages as it is sent. */
  readonly lines: AsyncIterable<string>
}

const PAGE = 200

/**
 * The audit log as a tenant sees it: its own entries alone. The tree is the whole instance's, so proofs and checkpoints speak for
 * entries of other tenants too, of which they tell nothing but that they exist.
 */
export const auditService = (deps: AuditDeps) => ({
  /** Newest first. */
  async list(caller: Caller, query: AuditQuery): Promise<PageOf<AuditEntry>> {
    const page = { limit: rowsFor(query), before: fromCursor(query.cursor) ?? undefined }
    const rows = await deps.store.read.audit.list(caller.tenantId, toFilter(query), page)
    return toPage(rows, query, toEntry)
  },

  /** Oldest first, all that was committed before the call. JSON lines can be verified offline (docs/spec/audit.md), CSV is for reading. */
  async export(caller: Caller, request: AuditQuery & { readonly format: AuditExportFormat }, signal?: AbortSignal): Promise<AuditExport> {
    const head = await deps.sequencer.sequenceNow()
    const scope = { tenantId: caller.tenantId, filter: { ...toFilter(request), toIndex: head.size }, signal }
    const exportedAt = toIso(deps.clock.now())
    const fileName = `holdfast-audit-${exportedAt.slice(0, 19).replaceAll(':', '-')}`
    const { audit } = deps.store.read
    if (request.format === 'csv')
      return { contentType: 'text/csv; charset=utf-8', fileName: `${fileName}.csv`, lines: csvLines(audit, scope) }
    const { origin } = deps.sequencer
    const lines = jsonLines(audit, { ...scope, head, header: headerLine({ origin, size: head.size, exportedAt }) })
    return { contentType: 'application/jsonl; charset=utf-8', fileName: `${fileName}.jsonl`, lines }
  },

  async checkpoint(_caller: Caller): Promise<AuditCheckpoint> {
    const head = await deps.sequencer.sequenceNow()
    return {
      size: head.size,
      rootHash: toBase64(head.root),
      note: head.note,
      at: toIso(head.at),
      verifierKey: deps.sequencer.verifierKey,
    }
  },

  /** Proves an entry to be in the log of the newest checkpoint. NOT_FOUND where the tenant has no such entry. */
  async proof(caller: Caller, entryId: string): Promise<AuditProof> {
    const { audit } = deps.store.read
    existing(await audit.find(entryId, caller.tenantId), 'audit entry')
    const head = await deps.sequencer.sequenceNow()
    const entry = existing(await audit.find(entryId, caller.tenantId), 'audit entry')
    const index = entry.index ?? Number.NaN
    if (!(index < head.size)) throw new Problem('CONFLICT', 'The entry is not covered by a checkpoint yet. Try again in a moment.')
    const ranges = inclusionRanges(index, head.size)
    const lookup = await lookupOf(audit, ranges.flatMap(subtreesOf))
    const leaf = leafBytes(entry)
    const path = ranges.map((range: LeafRange) => rangeHash(range, lookup))
    return { entryId, index, leaf: toBase64(leaf), proof: formatTlogProof({ index, path, checkpoint: head.note, extra: leaf }) }
  },

  /**
   * Proves that the log of `from` entries, whose checkpoint the caller has, is a prefix of the newest one (RFC 6962 §2.1.2, base64).
   * BAD_REQUEST where there never were so many entries.
   */
  async consistency(_caller: Caller, from: number): Promise<AuditConsistency> {
    const head = await deps.sequencer.sequenceNow()
    if (!(Number.isSafeInteger(from) && from >= 0 && from <= head.size)) {
      throw new Problem('BAD_REQUEST', `The log has ${head.size} entries; there is no checkpoint of ${from}.`)
    }
    const ranges = consistencyRanges(from, head.size)
    const lookup = await lookupOf(deps.store.read.audit, ranges.flatMap(subtreesOf))
    return { from, size: head.size, path: ranges.map((range) => toBase64(rangeHash(range, lookup))), note: head.note }
  },

  verification: sharedVerification(deps),
})

export type AuditConsistency = { readonly from: number; readonly size: number; readonly path: string[]; readonly note: string }

/**
 * Checks the whole log, also against the checkpoint kept beside the database. Takes time with the length of the log, so those
 * who ask meanwhile get the answer of the check that is running.
 */
function sharedVerification(deps: AuditDeps): (caller: Caller) => Promise<AuditVerification> {
  let running: Promise<AuditVerification> | null = null
  const verify = async (): Promise<AuditVerification> => {
    const note = await deps.kept?.read()
    const { firstBad, ...seen } = await verifyAuditLog(deps.store.read.audit, {
      verifiers: deps.sequencer.verifiers,
      origin: deps.sequencer.origin,
      outside: note == null ? [] : [{ note, words: 'the copy of the checkpoint in the data folder' }],
    })
    return { ...seen, firstBad: firstBad && { index: firstBad.index, entryId: firstBad.entryId, reason: firstBad.reason } }
  }
  return () => {
    // The log is one for all tenants, and so is the check of it.
    running ??= deps.store.scopes.within(null, verify).finally(() => {
      running = null
    })
    return running
  }
}

export type AuditService = ReturnType<typeof auditService>

const toFilter = (query: AuditQuery): AuditFilter => ({
  action: query.action,
  actorId: query.actorId,
  caseId: query.caseId,
  fileId: query.fileId,
  result: query.result,
  from: query.from === undefined ? undefined : Date.parse(query.from),
  to: query.to === undefined ? undefined : Date.parse(query.to),
})

const toEntry = (entry: StoredEntry): AuditEntry => ({
  id: entry.id,
  index: entry.index,
  leafHash: entry.leafHash && toHex(entry.leafHash),
  at: toIso(entry.at),
  action: entry.action,
  result: entry.result,
  actor: { ...entry.actor },
  requestId: entry.requestId,
  caseId: entry.caseId,
  itemId: entry.itemId,
  fileId: entry.fileId,
  details: JSON.parse(entry.details) as Record<string, unknown>,
  redacted: auditParts.filter((part) => entry.redaction?.commitments[part] !== undefined),
})

async function lookupOf(audit: AuditTable, nodes: readonly NodeId[]): Promise<Lookup> {
  const stored = await audit.nodes(nodes)
  return (node) => {
    const hash = stored(node)
    if (!hash) throw new Error(`The audit log's tree lacks node ${node.index} of level ${node.level}`)
    return hash
  }
}

type Scope = { readonly tenantId: string; readonly filter: AuditFilter; readonly signal: AbortSignal | undefined }

async function* pagesOf(audit: AuditTable, scope: Scope): AsyncGenerator<SequencedEntry[]> {
  let after: LogPlace | null = null
  for (;;) {
    // SQLite answers without a pause; others are to have their turn between pages.
    await otherWork()
    scope.signal?.throwIfAborted()
    const page: SequencedEntry[] = await audit.sequenced({ after, limit: PAGE }, scope.filter, scope.tenantId)
    const last = page.at(-1)
    if (!last) return
    yield page
    after = { index: last.index, id: last.id }
  }
}

const csvHeader = [
  'index',
  'id',
  'at',
  'action',
  'result',
  'actor_kind',
  'actor_id',
  'actor_name',
  'request_id',
  'case_id',
  'item_id',
].concat(['file_id', 'details', 'leaf_hash', 'redacted'])

const csvCells = (entry: SequencedEntry): (string | number | null)[] => [
  entry.index,
  entry.id,
  toIso(entry.at),
  entry.action,
  entry.result,
  entry.actor.kind,
  entry.actor.id,
  entry.actor.name,
  entry.requestId,
  entry.caseId,
  entry.itemId,
  entry.fileId,
  entry.details,
  entry.leafHash && toHex(entry.leafHash),
  entry.redaction ? Object.keys(entry.redaction.commitments).join(' ') : null,
]

async function* csvLines(audit: AuditTable, scope: Scope): AsyncGenerator<string> {
  yield csvRecord(csvHeader)
  for await (const page of pagesOf(audit, scope)) yield page.map((entry) => csvRecord(csvCells(entry))).join('')
}

type JsonScope = Scope & { readonly head: StoredCheckpoint; readonly header: string }

async function* jsonLines(audit: AuditTable, scope: JsonScope): AsyncGenerator<string> {
  yield scope.header
  let next = 0
  for await (const page of pagesOf(audit, scope)) {
    const starts = page.map((_, at) => (at === 0 ? next : page[at - 1]!.index + 1))
    const gaps = page.map((entry, at) => coverOf({ start: starts[at]!, end: entry.index }))
    const lookup = await lookupOf(audit, gaps.flat())
    yield* page.flatMap((entry, at) => [...gaps[at]!.map((node) => subtreeLine(node, lookup(node))), entryLine(entry, entry.index)])
    next = page.at(-1)!.index + 1
  }
  const rest = coverOf({ start: next, end: scope.head.size })
  const lookup = await lookupOf(audit, rest)
  yield* rest.map((node) => subtreeLine(node, lookup(node)))
  yield checkpointLine(scope.head.note)
}
