import { setImmediate as otherWork } from 'node:timers/promises'
import { type RawBuilder, sql as raw } from 'kysely'
import { leafBytes } from '../core/audit-entry.ts'
import { openCheckpoint, signCheckpoint } from '../core/checkpoint.ts'
import type { Clock } from '../core/clock.ts'
import type { CrashPoints } from '../core/crash-point.ts'
import { foldPeaks, growTree, leafHash, peaksOf, sameHash, type Tree } from '../core/merkle.ts'
import { NoteError, type NoteSigner, type NoteVerifier, parseNote } from '../core/signed-note.ts'
import { KeyError } from '../keys/provider.ts'
import type { KeptCheckpoint } from './audit-checkpoint-file.ts'
import { type AuditTable, auditTable, type StoredCheckpoint, type StoredEntry, type StoredNode } from './audit-log.ts'
import type { Database, Sql } from './database.ts'

/** The log is not what this instance signed before; it signs nothing more until someone has looked (`holdfast audit verify`). */
export class AuditLogDamaged extends Error {
  override readonly name = 'AuditLogDamaged'
}

export type SequencerDeps = {
  readonly database: Database
  /** Its name is the log's origin. */
  readonly signer: NoteSigner
  /** Earlier keys of this log, whose checkpoints still count. */
  readonly formerVerifiers?: readonly NoteVerifier[]
  readonly clock: Clock
  readonly points: CrashPoints
  readonly kept: KeptCheckpoint | null
  /** Hears of failures of the background loop and of the kept copy, until `start` names another one. */
  readonly onError?: (error: unknown) => void
}

export interface Sequencer extends AsyncDisposable {
  /** The first line of every checkpoint. */
  readonly origin: string
  /** The key that outsiders verify with. */
  readonly verifierKey: string
  readonly verifiers: readonly NoteVerifier[]
  /** For the start: `KeyError` where the newest checkpoint was signed under a key that is not configured here. */
  requireKey(): Promise<void>
  /**
   * Takes every entry that was committed before the call into the tree and answers the newest checkpoint, which covers them.
   * Any number of calls and instances at once; each entry gets one index, and indices have no gaps.
   */
  sequenceNow(): Promise<StoredCheckpoint>
  /**
   * Begins the background loop: a while after each `nudge`, and now and then for entries of other processes. `onError` hears of
   * every failure from now on; entries wait while it fails, and nothing else tells of it.
   */
  start(onError?: (error: unknown) => void): void
  /** Something was appended here. */
  nudge(): void
  /** Ends the loop after a last turn. */
  stop(): Promise<void>
}

const LOCK = 'audit-sequence'
const BATCH = 500
const DEBOUNCE_MILLISECONDS = 250
const LOOK_MILLISECONDS = 2000
/** Between attempts that keep failing. */
const MOST_MILLISECONDS = 60_000

export function createSequencer(deps: SequencerDeps): Sequencer {
  const { clock, signer } = deps
  const verifiers = [signer, ...(deps.formerVerifiers ?? [])]
  let report = deps.onError ?? (() => {})
  const onError = (error: unknown) => report(error)
  // The log is one for all tenants, whoever's request it is that asks for a checkpoint.
  const take = createSequence({ ...deps, verifiers, onError })
  const sequence = () => deps.database.scopes.within(null, take)
  let turn: Promise<unknown> = Promise.resolve()
  const sequenceNow = (): Promise<StoredCheckpoint> => {
    // One at a time in this process; a failed turn does not fail those that wait behind it.
    const mine = turn.then(sequence, sequence)
    turn = mine.catch(() => {})
    return mine
  }
  const loop = createLoop({
    clock,
    work: () => deps.database.scopes.within(null, () => sequencePending(deps.database, sequenceNow)),
    onError,
  })
  return {
    origin: signer.name,
    verifierKey: signer.verifierKey,
    verifiers,
    requireKey: () => requireKey(deps.database, verifiers),
    sequenceNow,
    start(hears) {
      if (hears) report = hears
      loop.start()
    },
    nudge: loop.nudge,
    stop: loop.stop,
    [Symbol.asyncDispose]: loop.stop,
  }
}

async function requireKey(database: Database, verifiers: readonly NoteVerifier[]): Promise<void> {
  const newest = await auditTable(database.sql).newestCheckpoint()
  if (!newest || signerOf(newest.note, verifiers)) return
  throw new KeyError(
    `The audit key is not the one that this database's log is signed with (it would sign as ${verifiers[0]?.verifierKey}). ` +
      'Put the right one back: a log is not continued under a key that it does not know. ' +
      `Where it is the right one, the checkpoint of ${newest.size} entries in the database was changed.`,
  )
}

/** The one of `verifiers` that the note names, whether its signature is right or not. A note that is damaged is for verification to tell. */
function signerOf(note: string, verifiers: readonly NoteVerifier[]): NoteVerifier | undefined {
  try {
    const { signatures } = parseNote(note)
    return verifiers.find(({ name, keyId }) => signatures.some((signature) => signature.name === name && signature.keyId === keyId))
  } catch (error) {
    if (error instanceof NoteError) return verifiers[0]
    throw error
  }
}

type SequenceDeps = SequencerDeps & { readonly verifiers: readonly NoteVerifier[]; readonly onError: (error: unknown) => void }

/** Takes all that is pending into the tree, batch after batch. The first time it looks whether the log still contains the kept checkpoint. */
function createSequence(deps: SequenceDeps): () => Promise<StoredCheckpoint> {
  const { kept, points } = deps
  let checked = false
  const keep = async (note: string): Promise<void> => {
    try {
      await kept?.keep(note)
    } catch (error) {
      // The log itself is sound and signed; the copy is made up for with the next checkpoint.
      deps.onError(error)
    }
  }
  return async () => {
    const expected = checked ? null : ((await kept?.read()) ?? null)
    for (;;) {
      const done = await deps.database.exclusively(LOCK, (sql) => sequenceBatch(sql, { ...deps, expected }))
      if (done.added > 0) points.reach('audit.after-sequence-commit')
      checked = true
      if (done.added < BATCH) {
        await keep(done.checkpoint.note)
        return done.checkpoint
      }
      await otherWork()
    }
  }
}

/** A look without the lock, so that an idle instance writes nothing. */
async function sequencePending(database: Database, sequenceNow: () => Promise<unknown>): Promise<void> {
  if ((await auditTable(database.sql).pending(1)).length > 0) await sequenceNow()
}

type BatchDeps = SequenceDeps & {
  /** A signed checkpoint that the tree has to contain. */
  readonly expected: string | null
}

async function sequenceBatch(sql: Sql, deps: BatchDeps): Promise<{ checkpoint: StoredCheckpoint; added: number }> {
  const table = auditTable(sql)
  const newest = await table.newestCheckpoint()
  const completed: StoredNode[] = []
  const tree = await openTree(table, { newest, deps, completed })
  if (deps.expected !== null) await refuseRollback(table, { tree, deps, note: deps.expected })
  const entries = await table.pending(BATCH)
  if (newest && entries.length === 0) return { checkpoint: newest, added: 0 }
  const leaves = entries.map((entry) => ({ entry, index: 0, hash: leafHash(leafBytes(entry)) }))
  for (const leaf of leaves) {
    leaf.index = tree.size
    tree.append(leaf.hash)
  }
  await placeEntries(sql, { leaves, kind: deps.database.kind })
  for (let start = 0; start < completed.length; start += BATCH) {
    const rows = completed.slice(start, start + BATCH).map(({ level, index, hash }) => ({ level, idx: index, hash }))
    await sql.insertInto('audit_nodes').values(rows).execute()
  }
  const head = { size: tree.size, root: tree.root() }
  const checkpoint = { ...head, note: signCheckpoint(head, deps.signer), at: deps.clock.now() }
  await sql.insertInto('audit_checkpoints').values(checkpoint).execute()
  if (entries.length > 0) deps.points.reach('audit.before-sequence-commit')
  return { checkpoint, added: entries.length }
}

/** The tree as far as it was signed. It goes on only from what its own newest checkpoint says. */
async function openTree(
  table: AuditTable,
  from: { newest: StoredCheckpoint | null; deps: BatchDeps; completed: StoredNode[] },
): Promise<Tree> {
  const { newest, deps, completed } = from
  const size = newest?.size ?? 0
  const peaks = peaksOf(size).map(await table.nodes(peaksOf(size)))
  if (peaks.includes(undefined)) throw new AuditLogDamaged(`Nodes of the audit log's tree of size ${size} are missing`)
  const tree = growTree({ size, peaks: peaks as Uint8Array[] }, (node, hash) => completed.push({ ...node, hash }))
  if (newest) {
    const signed = openOwn(newest.note, deps)
    if (signed.size !== size || !sameHash(signed.root, tree.root())) {
      throw new AuditLogDamaged(`The audit log's tree is not the one that its checkpoint of size ${size} was signed for`)
    }
  }
  return tree
}

function openOwn(note: string, deps: BatchDeps) {
  try {
    return openCheckpoint(note, deps.verifiers, deps.signer.name)
  } catch (error) {
    if (error instanceof NoteError)
      throw new AuditLogDamaged(`A checkpoint of the audit log does not stand: ${error.message}`, { cause: error })
    throw error
  }
}

/** Signing a tree that does not contain the kept one would be a fork of the log, which a log must never sign (tlog-checkpoint). */
async function refuseRollback(table: AuditTable, now: { tree: Tree; deps: BatchDeps; note: string }): Promise<void> {
  const kept = openOwn(now.note, now.deps)
  if (kept.size > now.tree.size) {
    throw new AuditLogDamaged(`The audit log has ${now.tree.size} entries, but the checkpoint kept beside it covers ${kept.size}`)
  }
  const hashes = peaksOf(kept.size).map(await table.nodes(peaksOf(kept.size)))
  if (hashes.includes(undefined) || !sameHash(foldPeaks(hashes as Uint8Array[]), kept.root)) {
    throw new AuditLogDamaged(
      `The audit log does not contain the tree of size ${kept.size} that the checkpoint kept beside it was signed for`,
    )
  }
}

type Leaf = { readonly entry: StoredEntry; readonly index: number; readonly hash: Uint8Array }

/** Gives the entries their places, in one statement a batch. */
async function placeEntries(sql: Sql, batch: { leaves: readonly Leaf[]; kind: Database['kind'] }): Promise<void> {
  if (batch.leaves.length === 0) return
  const bytes = (hash: Uint8Array): RawBuilder<unknown> => (batch.kind === 'postgres' ? raw`${hash}::bytea` : raw`${hash}`)
  const rows = batch.leaves.map(({ entry, index, hash }) => raw`(${entry.id}, cast(${index} as bigint), ${bytes(hash)})`)
  const updated = await raw`
    with placed (id, leaf_index, leaf_hash) as (values ${raw.join(rows)})
    update audit_entries set leaf_index = placed.leaf_index, leaf_hash = placed.leaf_hash
    from placed where audit_entries.id = placed.id and audit_entries.leaf_index is null`.execute(sql)
  if (updated.numAffectedRows !== BigInt(batch.leaves.length))
    throw new AuditLogDamaged('An audit entry was changed while it was sequenced')
}

/** Runs `work` a while after a nudge, and every few seconds without one; ever more seldom while it fails. */
function createLoop(deps: { clock: Clock; work: () => Promise<void>; onError: (error: unknown) => void }) {
  const ending = new AbortController()
  let nudged = Promise.withResolvers<void>()
  let running: Promise<void> | null = null
  let failures = 0

  const attempt = async () => {
    try {
      await deps.work()
      failures = 0
    } catch (error) {
      failures += 1
      deps.onError(error)
    }
  }
  const pause = async (milliseconds: number, signal: AbortSignal) => {
    await deps.clock.sleep(milliseconds, signal).catch(() => {})
  }
  const run = async () => {
    while (!ending.signal.aborted) {
      const waiting = new AbortController()
      await Promise.race([nudged.promise, pause(LOOK_MILLISECONDS, AbortSignal.any([waiting.signal, ending.signal]))])
      waiting.abort()
      nudged = Promise.withResolvers()
      await pause(Math.min(DEBOUNCE_MILLISECONDS * 2 ** failures, MOST_MILLISECONDS), ending.signal)
      if (!ending.signal.aborted) await attempt()
    }
  }
  return {
    start: () => {
      running ??= run()
    },
    nudge: () => nudged.resolve(),
    stop: async () => {
      if (ending.signal.aborted || !running) return
      ending.abort()
      await running
      await attempt()
    },
  }
}
