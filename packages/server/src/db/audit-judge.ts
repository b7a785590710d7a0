import { type AuditRecord, auditParts, isCleanlyRedacted, leafBytes } from '../core/audit-entry.ts'
import { leafHash, sameHash } from '../core/merkle.ts'
import type { AuditTable, SequencedEntry } from './audit-log.ts'

export type AuditProblemKind =
  | 'changed'
  | 'leaf-hash'
  | 'removed'
  | 'slipped-in'
  | 'reordered'
  | 'truncated'
  | 'node'
  | 'rewritten'
  | 'redaction'
  | 'checkpoint'

/** The first thing found wrong: at which leaf, which entry where there is one, and why, in plain words. */
export type AuditProblem = {
  readonly kind: AuditProblemKind
  readonly index: number
  readonly entryId: string | null
  readonly reason: string
}

/** Whether an entry stands where the tree has it; `undecided` until a checkpoint says whether entry or tree was changed. */
export type Judgement =
  | { readonly verdict: 'good'; readonly hash: Uint8Array }
  | { readonly verdict: 'undecided'; readonly hash: Uint8Array; readonly problem: AuditProblem }
  | { readonly verdict: 'bad'; readonly problem: AuditProblem }

type Given = { readonly entry: SequencedEntry; readonly index: number; readonly node: Uint8Array | undefined }

/** Null where the row cannot even be read as an entry. */
function hashOf(entry: AuditRecord): Uint8Array | null {
  try {
    return leafHash(leafBytes(entry))
  } catch {
    return null
  }
}

/** Compares an entry with its leaf hash and with the tree's node at `index`, and says what happened where they differ. */
export async function judgeEntry(table: AuditTable, given: Given): Promise<Judgement> {
  const { entry, index, node } = given
  const bad = (kind: AuditProblemKind, reason: string): Judgement => ({
    verdict: 'bad',
    problem: { kind, index, entryId: entry.id, reason },
  })
  if (entry.index > index)
    return { verdict: 'bad', problem: removed(index, `no entry has index ${index}; the next one has ${entry.index}`) }
  if (entry.index < index) return bad('slipped-in', `a second entry claims index ${entry.index}`)
  const hash = hashOf(entry)
  const own = sameHash(hash, entry.leafHash)
  const inTree = sameHash(hash, node)
  if (hash && own && inTree) return (await judgeRedaction(table, entry)) ?? { verdict: 'good', hash }
  if (hash && inTree) return bad('leaf-hash', 'its stored leaf hash was changed; its content is the one in the tree')
  const moved = await judgeMove(table, { ...given, hash })
  if (moved) return { verdict: 'bad', problem: moved }
  if (hash === null || !own) return bad('changed', 'its content is not the one that was hashed into the tree')
  const missing = node === undefined
  return {
    verdict: 'undecided',
    hash,
    problem: {
      kind: missing ? 'node' : 'rewritten',
      index,
      entryId: entry.id,
      reason: missing
        ? 'its node in the tree was removed'
        : 'its content and its leaf hash were changed together; the tree has another leaf here',
    },
  }
}

const removed = (index: number, reason: string): AuditProblem => ({ kind: 'removed', index, entryId: null, reason: `removed: ${reason}` })

/** Where the entry, or the one that the tree has here, stands in another place: something was moved, removed or put in. */
async function judgeMove(table: AuditTable, given: Given & { hash: Uint8Array | null }): Promise<AuditProblem | null> {
  const { entry, index, node, hash } = given
  const belongs = hash && (await table.findLeafNode(hash))
  const owner = node && (await table.findByLeafHash(node, entry.id))
  if (belongs && belongs.index !== index) {
    if (owner) return { kind: 'reordered', index, entryId: entry.id, reason: `reordered: this entry belongs at index ${belongs.index}` }
    return removed(index, `the entry that the tree has here is gone, and the one of index ${belongs.index} stands in its place`)
  }
  if (!owner) return null
  return {
    kind: 'slipped-in',
    index,
    entryId: entry.id,
    reason: `slipped in: the tree has entry ${owner.id} here, and this one nowhere`,
  }
}

/** A redaction counts only where the log itself tells of it, and where nothing was put in place of what was erased. */
async function judgeRedaction(table: AuditTable, entry: SequencedEntry): Promise<Judgement | null> {
  if (!entry.redaction) return null
  const bad = (reason: string): Judgement => ({
    verdict: 'bad',
    problem: { kind: 'redaction', index: entry.index, entryId: entry.id, reason },
  })
  if (!isCleanlyRedacted(entry)) return bad('it is marked as redacted, but something stands where parts were erased')
  const told = await table.find(entry.redaction.by, entry.tenantId)
  if (told?.action !== 'ENTRY_REDACTED' || !tellsOf(told, entry))
    return bad('it is marked as redacted, but no ENTRY_REDACTED entry tells of it')
  return null
}

function tellsOf(told: AuditRecord, entry: SequencedEntry): boolean {
  try {
    const { entryId } = JSON.parse(told.details) as { entryId?: unknown }
    const erased = auditParts.some((part) => entry.redaction?.commitments[part] !== undefined)
    return entryId === entry.id && erased
  } catch {
    return false
  }
}
