import { hash, randomBytes } from 'node:crypto'
import type { Actor } from './actor.ts'
import { type AuditAction, type AuditResult, auditActions } from './audit-actions.ts'
import { toHex } from './base64.ts'

// What an audit entry is and which bytes of it become the leaf of the Merkle log: docs/spec/audit.md, field by field.

/** The details of an action, JSON values: at least those of the table, with null where there is no value. */
type DetailsOf<A extends AuditAction> = { readonly [K in (typeof auditActions)[A][number]]: unknown } & {
  readonly [detail: string]: unknown
}

type Told = {
  readonly tenantId: string
  readonly actor: Actor
  readonly requestId: string | null
  readonly result: AuditResult
  readonly caseId?: string | null
  readonly itemId?: string | null
  readonly fileId?: string | null
}

/** An entry to be appended. Details hold no secret, key or signed URL. */
export type NewAuditEntry = { [A in AuditAction]: Told & { readonly action: A; readonly details: DetailsOf<A> } }[AuditAction]

/** The parts of an entry that its leaf holds as salted commitments, so that each can be erased on its own. */
export const auditParts = ['actor', 'subject', 'details'] as const
export type AuditPart = (typeof auditParts)[number]

export type Redaction = {
  /** The ENTRY_REDACTED entry that tells of it. */
  readonly by: string
  /** Commitments of the erased parts, hex. */
  readonly commitments: { readonly [P in AuditPart]?: string }
}

export type AuditRecord = {
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly action: string
  readonly result: AuditResult
  readonly tenantId: string
  readonly actor: { readonly kind: string; readonly id: string; readonly name: string }
  readonly requestId: string | null
  readonly caseId: string | null
  readonly itemId: string | null
  readonly fileId: string | null
  /** Canonical JSON of an object. */
  readonly details: string
  readonly salt: Uint8Array
  readonly redaction: Redaction | null
}

export const SALT_BYTES = 16
export const SALTS_BYTES = SALT_BYTES * auditParts.length
const MAX_DETAILS_BYTES = 64 * 1024
const MAX_DEPTH = 8

/** An entry that cannot go into the log as it stands. A fault of the program, never of a user. */
export class AuditEntryError extends Error {
  override readonly name = 'AuditEntryError'
}

/**
 * RFC 8785 (JCS): members sorted by UTF-16 code units, no white space, numbers as ECMAScript prints them. Members whose
 * value is undefined are left out; lone surrogates become U+FFFD, since no database keeps them.
 */
export function canonicalJson(value: unknown, depth = 0): string {
  if (depth > MAX_DEPTH) throw new AuditEntryError(`Details are nested deeper than ${MAX_DEPTH}`)
  if (typeof value === 'string') return JSON.stringify(value.toWellFormed())
  if (typeof value === 'number' && !Number.isFinite(value)) throw new AuditEntryError('A number in the details is not finite')
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return JSON.stringify(value)
  if (typeof value !== 'object') throw new AuditEntryError(`A value of type ${typeof value} cannot be in the details`)
  if (Array.isArray(value)) return `[${value.map((item: unknown) => canonicalJson(item, depth + 1)).join(',')}]`
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key.toWellFormed())}:${canonicalJson(member, depth + 1)}`)
  return `{${members.join(',')}}`
}

/** The text of a column: what no database keeps is replaced, so that what is read back has the same commitment. */
const storable = (text: string): string => text.toWellFormed().replaceAll('\u0000', '\uFFFD')
const orNull = (text: string | null | undefined): string | null => (text == null ? null : storable(text))

/** Makes the record of an entry. AuditEntryError where a detail that the table asks for is missing, or the details are too large. */
export function recordEntry(entry: NewAuditEntry, made: { id: string; at: number }): AuditRecord {
  const given: { readonly [detail: string]: unknown } = entry.details
  if (!Object.hasOwn(auditActions, entry.action)) throw new AuditEntryError(`There is no audit action ${String(entry.action)}`)
  const required: readonly string[] = auditActions[entry.action]
  const missing = required.filter((name) => given[name] === undefined)
  if (missing.length > 0) throw new AuditEntryError(`${entry.action} lacks its details: ${missing.join(', ')}`)
  const details = canonicalJson(given)
  if (Buffer.byteLength(details) > MAX_DETAILS_BYTES) throw new AuditEntryError(`The details of ${entry.action} are too large`)
  return {
    ...made,
    action: entry.action,
    result: entry.result,
    tenantId: entry.tenantId,
    actor: { kind: entry.actor.kind, id: storable(entry.actor.id), name: storable(entry.actor.name) },
    requestId: orNull(entry.requestId),
    caseId: orNull(entry.caseId),
    itemId: orNull(entry.itemId),
    fileId: orNull(entry.fileId),
    details,
    salt: new Uint8Array(randomBytes(SALTS_BYTES)),
    redaction: null,
  }
}

const saltOf = (record: AuditRecord, part: AuditPart): Uint8Array => {
  const start = auditParts.indexOf(part) * SALT_BYTES
  return record.salt.subarray(start, start + SALT_BYTES)
}

/** The canonical JSON that the commitment of a part is made over. */
export function partText(record: AuditRecord, part: AuditPart): string {
  if (part === 'details') return record.details
  if (part === 'actor') return canonicalJson({ ...record.actor, requestId: record.requestId })
  return canonicalJson({ caseId: record.caseId, itemId: record.itemId, fileId: record.fileId })
}

/** SHA-256("holdfast-audit-v1/" ‖ part ‖ "\n" ‖ salt ‖ text), hex. Without the salt it tells nothing of the text. */
function commit(part: AuditPart, salt: Uint8Array, text: string): string {
  return toHex(hash('sha256', Buffer.concat([Buffer.from(`holdfast-audit-v1/${part}\n`), salt, Buffer.from(text)]), 'buffer'))
}

/** The commitment to a part: recomputed from the record, or the kept one where the part was redacted. */
export const commitmentOf = (record: AuditRecord, part: AuditPart): string =>
  record.redaction?.commitments[part] ?? commit(part, saltOf(record, part), partText(record, part))

/** The bytes that are hashed into the log: canonical JSON with nothing personal in clear. */
export function leafBytes(record: AuditRecord): Uint8Array {
  const leaf = canonicalJson({
    v: 1,
    id: record.id,
    at: new Date(record.at).toISOString(),
    tenant: record.tenantId,
    action: record.action,
    result: record.result,
    actor: commitmentOf(record, 'actor'),
    subject: commitmentOf(record, 'subject'),
    details: commitmentOf(record, 'details'),
  })
  return new Uint8Array(Buffer.from(leaf))
}

const erased = {
  actor: { actor: { kind: 'redacted', id: '', name: '' }, requestId: null },
  subject: { caseId: null, itemId: null, fileId: null },
  details: { details: '{}' },
} as const satisfies Record<AuditPart, Partial<AuditRecord>>

/** The record without the content and salts of `parts`. Its leaf stays what it was. */
export function redactRecord(record: AuditRecord, parts: readonly AuditPart[], by: string): AuditRecord {
  const salt = record.salt.slice()
  const commitments: { [P in AuditPart]?: string } = { ...record.redaction?.commitments }
  for (const part of parts) {
    commitments[part] = commitmentOf(record, part)
    const start = auditParts.indexOf(part) * SALT_BYTES
    salt.fill(0, start, start + SALT_BYTES)
  }
  const blank = Object.assign({}, ...parts.map((part) => erased[part])) as Partial<AuditRecord>
  return { ...record, ...blank, salt, redaction: { by, commitments } }
}

/** Whether what a redacted record still shows is what redaction leaves: nothing can be put in place of what was erased. */
export function isCleanlyRedacted(record: AuditRecord): boolean {
  return auditParts.every((part) => {
    if (!record.redaction?.commitments[part]) return true
    const left: Partial<AuditRecord> = erased[part]
    const same = Object.entries(left).every(([key, value]) => JSON.stringify(record[key as keyof AuditRecord]) === JSON.stringify(value))
    return same && saltOf(record, part).every((byte) => byte === 0)
  })
}
