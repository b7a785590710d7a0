import type { AuditResult } from './audit-actions.ts'
import { type AuditPart, type AuditRecord, auditParts, canonicalJson, isCleanlyRedacted, leafBytes, SALT_BYTES } from './audit-entry.ts'
import { fromHex, toHex } from './base64.ts'
import { openCheckpoint } from './checkpoint.ts'
import { growTree, HASH_BYTES, leafHash, type NodeId, sameHash, type Tree, type TreeHead } from './merkle.ts'
import { NoteError, type NoteVerifier } from './signed-note.ts'

// An export of the log as JSON lines that anyone can verify without this server: docs/spec/audit.md, "Export".
// A header, then in the order of the log every exported entry, and for what is left out the hashes of the subtrees
// that hold it, then the signed checkpoint.

export const EXPORT_FORMAT = 'holdfast-audit-export@v1'
const MAX_LEVEL = 52

export const headerLine = (header: { origin: string; size: number; exportedAt: string }): string =>
  line({ type: 'header', format: EXPORT_FORMAT, ...header })

export const subtreeLine = (node: NodeId, hash: Uint8Array): string =>
  line({ type: 'subtree', level: node.level, index: node.index, hash: toHex(hash) })

export const checkpointLine = (note: string): string => line({ type: 'checkpoint', note })

/** Everything that the leaf is made of: with it the reader recomputes the leaf, without the salts nobody could. */
export function entryLine(record: AuditRecord, index: number): string {
  const { id, action, result, tenantId, actor, requestId, caseId, itemId, fileId, salt, redaction } = record
  const salts = Object.fromEntries(auditParts.map((part, at) => [part, toHex(salt.subarray(at * SALT_BYTES, (at + 1) * SALT_BYTES))]))
  return line({
    ...{ type: 'entry', index, leafHash: toHex(leafHash(leafBytes(record))) },
    ...{ id, at: new Date(record.at).toISOString(), action, result, tenantId, actor, requestId, caseId, itemId, fileId },
    ...{ details: JSON.parse(record.details), salts, redaction },
  })
}

const line = (value: unknown): string => `${JSON.stringify(value)}\n`

export type ExportVerdict = {
  readonly ok: boolean
  /** Entries in the export. */
  readonly entries: number
  /** Leaves of the tree that the export is of, exported ones and others. */
  readonly size: number
  /** The first line (from 1) that does not stand, and why; null where all do. */
  readonly firstBad: {
    readonly line: number
    readonly index: number | null
    readonly entryId: string | null
    readonly reason: string
  } | null
}

export type ExportTrust = {
  readonly verifiers: readonly NoteVerifier[]
  /** A checkpoint from elsewhere that the export has to contain, as a signed note. */
  readonly checkpoint?: string
}

class BadLine extends Error {
  readonly index: number | null
  readonly entryId: string | null
  constructor(reason: string, at: { index?: number; entryId?: string } = {}) {
    super(reason)
    this.index = at.index ?? null
    this.entryId = at.entryId ?? null
  }
}

type State = {
  readonly tree: Tree
  readonly trust: ExportTrust
  /** The checkpoint from elsewhere, until the tree has come to its size. */
  outside: TreeHead | null
  /** What the header says, once it was read. */
  header: { readonly origin: unknown; readonly size: unknown } | null
  entries: number
  done: boolean
}

/**
 * Recomputes the tree from the lines of an export, in constant memory, and compares it with the checkpoint in it, which one of
 * `verifiers` must have signed, and with one from elsewhere. `NoteError` where that one itself does not stand.
 */
export async function verifyExport(lines: AsyncIterable<string> | Iterable<string>, trust: ExportTrust): Promise<ExportVerdict> {
  const outside = trust.checkpoint === undefined ? null : openCheckpoint(trust.checkpoint, trust.verifiers)
  const state: State = { tree: growTree(), trust, outside, header: null, entries: 0, done: false }
  const verdict = (firstBad: ExportVerdict['firstBad']): ExportVerdict => ({
    ok: firstBad === null,
    entries: state.entries,
    size: state.tree.size,
    firstBad,
  })
  let number = 0
  try {
    compareOutside(state)
    for await (const text of lines) {
      number += 1
      if (text.trim() !== '') readLine(state, text)
    }
    if (!state.done) throw new BadLine('the export is cut off: it has no checkpoint at its end')
    if (state.outside)
      throw new BadLine(`the checkpoint from elsewhere covers ${state.outside.size} entries, the export ${state.tree.size}`)
    return verdict(null)
  } catch (error) {
    if (!(error instanceof BadLine)) throw error
    return verdict({ line: number, index: error.index, entryId: error.entryId, reason: error.message })
  }
}

type Line = { readonly [field: string]: unknown }

function readLine(state: State, text: string): void {
  const value = parseLine(text)
  if (state.done) throw new BadLine('there is something after the checkpoint')
  if (state.header === null) {
    if (value.type !== 'header' || value.format !== EXPORT_FORMAT)
      throw new BadLine(`the first line is not the header of a ${EXPORT_FORMAT}`)
    state.header = { origin: value.origin, size: value.size }
  } else if (value.type === 'entry') readEntry(state, value)
  else if (value.type === 'subtree') readSubtree(state, value)
  else if (value.type === 'checkpoint') readCheckpointLine(state, value)
  else throw new BadLine(`there is no line of type ${JSON.stringify(value.type)}`)
}

function parseLine(text: string): Line {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Line
  } catch {
    // Falls through.
  }
  throw new BadLine('the line is not a JSON object')
}

function readEntry(state: State, value: Line): void {
  const { tree } = state
  const entryId = String(value.id)
  const index = Number(value.index)
  if (index !== tree.size)
    throw new BadLine(`entry ${index} stands where ${tree.size} is due: something was removed, slipped in or moved`, { index, entryId })
  const { record, hash } = recompute(value)
  if (!record || !hash) throw new BadLine('the entry lacks what its leaf is made of', { index, entryId })
  if (toHex(hash) !== value.leafHash) throw new BadLine('the content of the entry does not have its leaf hash', { index, entryId })
  if (record.redaction && !isCleanlyRedacted(record)) throw new BadLine('something stands where parts were erased', { index, entryId })
  tree.append(hash)
  state.entries += 1
  compareOutside(state)
}

function readSubtree(state: State, value: Line): void {
  const { tree } = state
  const level = Number(value.level)
  const hash = typeof value.hash === 'string' ? fromHex(value.hash) : null
  if (!(Number.isInteger(level) && level >= 0 && level <= MAX_LEVEL) || hash?.length !== HASH_BYTES)
    throw new BadLine('the subtree is malformed')
  if (Number(value.index) * 2 ** level !== tree.size)
    throw new BadLine(`a subtree stands where leaf ${tree.size} is due`, { index: tree.size })
  const end = tree.size + 2 ** level
  if (state.outside && state.outside.size > tree.size && state.outside.size < end) {
    throw new BadLine(`the export leaves out entries around ${state.outside.size}, so it cannot be compared with a checkpoint of that size`)
  }
  tree.append(hash, level)
  compareOutside(state)
}

function readCheckpointLine(state: State, value: Line): void {
  const { tree, trust } = state
  let signed: TreeHead & { origin: string }
  try {
    signed = openCheckpoint(String(value.note), trust.verifiers)
  } catch (error) {
    if (error instanceof NoteError) throw new BadLine(`the checkpoint does not stand: ${error.message}`)
    throw error
  }
  if (signed.origin !== state.header?.origin || signed.size !== state.header.size)
    throw new BadLine('the checkpoint is of another log or size than the header says')
  if (signed.size !== tree.size) throw new BadLine(`the checkpoint covers ${signed.size} entries, the lines before it ${tree.size}`)
  if (!sameHash(signed.root, tree.root()))
    throw new BadLine('the lines do not have the root of the checkpoint: one or more of them were changed together with their hashes')
  state.done = true
}

function compareOutside(state: State): void {
  const { outside, tree } = state
  if (outside?.size !== tree.size) return
  if (!sameHash(outside.root, tree.root()))
    throw new BadLine(`up to here the log is not the one of the checkpoint from elsewhere (size ${outside.size})`)
  state.outside = null
}

/** What of a line can be recomputed: nothing it says can make the reader fail. */
function recompute(value: Line): { record: AuditRecord | null; hash: Uint8Array | null } {
  try {
    const record = toRecord(value)
    return { record, hash: record && leafHash(leafBytes(record)) }
  } catch {
    return { record: null, hash: null }
  }
}

/** The record that a line was made of; null where a field is missing or of another type. */
function toRecord(value: Line): AuditRecord | null {
  const actor = value.actor as AuditRecord['actor'] | undefined
  const salts = value.salts as { readonly [P in AuditPart]?: unknown } | undefined
  const salt = auditParts.map((part) => fromHex(String(salts?.[part])))
  const texts = [value.id, value.at, value.action, value.result, value.tenantId, actor?.kind, actor?.id, actor?.name]
  const ids = [value.requestId, value.caseId, value.itemId, value.fileId]
  const sound =
    texts.every((text) => typeof text === 'string') &&
    ids.every((id) => id === null || typeof id === 'string') &&
    salt.every((bytes) => bytes?.length === SALT_BYTES) &&
    typeof value.details === 'object'
  if (!sound) return null
  return {
    id: value.id as string,
    at: Date.parse(value.at as string),
    action: value.action as string,
    result: value.result as AuditResult,
    tenantId: value.tenantId as string,
    actor: { kind: actor!.kind, id: actor!.id, name: actor!.name },
    requestId: value.requestId as string | null,
    caseId: value.caseId as string | null,
    itemId: value.itemId as string | null,
    fileId: value.fileId as string | null,
    details: canonicalJson(value.details),
    salt: new Uint8Array(Buffer.concat(salt as Uint8Array[])),
    redaction: (value.redaction ?? null) as AuditRecord['redaction'],
  }
}
