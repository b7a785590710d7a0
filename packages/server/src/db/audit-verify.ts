import { setImmediate as otherWork } from 'node:timers/promises'
import { openCheckpoint } from '../core/checkpoint.ts'
import { growTree, type NodeId, sameHash, type Tree } from '../core/merkle.ts'
import { NoteError, type NoteVerifier } from '../core/signed-note.ts'
import { type AuditProblem, judgeEntry } from './audit-judge.ts'
import type { AuditTable, LogPlace, SequencedEntry, StoredCheckpoint } from './audit-log.ts'

export type VerifyOptions = {
  /** The log's own key, and earlier ones. */
  readonly verifiers: readonly NoteVerifier[]
  readonly origin: string
  /** Checkpoints that someone kept elsewhere, with words for where; signed by one of `verifiers`. */
  readonly outside?: readonly { readonly note: string; readonly words: string }[]
  readonly signal?: AbortSignal
}

export type AuditVerdict = {
  readonly ok: boolean
  /** Entries found good, from the first on. */
  readonly entries: number
  /** Entries that wait for the sequencer and are not covered by any checkpoint yet. */
  readonly pending: number
  /** Checkpoints found good. */
  readonly checkpoints: number
  readonly firstBad: AuditProblem | null
}

/** Entries between two pauses in which the process does other things: SQLite answers without one. */
const PAGE = 250

/**
 * Reads the whole log in constant memory and recomputes it: every leaf from its row, every node, the root at every stored checkpoint
 * and its signature, and the same for checkpoints from outside. Stops at the first problem and names it. Entries that are appended
 * meanwhile do no harm.
 */
export async function verifyAuditLog(table: AuditTable, options: VerifyOptions): Promise<AuditVerdict> {
  const walk = new Walk(table, options)
  let firstBad: AuditProblem | null = null
  try {
    await walk.run()
  } catch (error) {
    if (!(error instanceof Found)) throw error
    firstBad = error.problem
  }
  return { ok: firstBad === null, entries: walk.good, pending: await table.countPending(), checkpoints: walk.checkpoints, firstBad }
}

/** How a problem leaves the walk, from however deep. */
class Found extends Error {
  readonly problem: AuditProblem
  constructor(problem: AuditProblem) {
    super(problem.reason)
    this.problem = problem
  }
}

/** A tree head that the log must have at that size; or what is wrong with the checkpoint that should say it. */
type Expected = { readonly size: number; readonly root: Uint8Array | AuditProblem; readonly words: string; readonly stored: boolean }

/** One pass over the log. */
class Walk {
  readonly #table: AuditTable
  readonly #options: VerifyOptions
  readonly #tree: Tree
  /** Heads ahead of the tree, in order of size: those stored, up to the end of the page at hand, and those from outside. */
  #stored: Expected[] = []
  #outside: Expected[] = []
  #nodes: (node: NodeId) => Uint8Array | undefined = () => undefined
  /** The first difference between entries and nodes, until a checkpoint tells which of the two was changed. */
  #suspicion: AuditProblem | null = null
  /** Size of the last checkpoint that stood. */
  #proven = 0
  /** The same of those from outside: whoever has the key can sign what is stored anew, but not them. */
  #provenOutside = 0
  checkpoints = 0

  constructor(table: AuditTable, options: VerifyOptions) {
    this.#table = table
    this.#options = options
    this.#tree = growTree({ size: 0, peaks: [] }, (node, hash) => this.#compareNode(node, hash))
  }

  get good(): number {
    return this.#proven
  }

  async run(): Promise<void> {
    for (const { note, words } of this.#options.outside ?? []) this.#outside.push(this.#open(note, words))
    this.#outside.sort((a, b) => a.size - b.size)
    await this.#loadCheckpoints(-1, 0)
    this.#compareRoots()
    let after: LogPlace | null = null
    for (;;) {
      await otherWork()
      this.#options.signal?.throwIfAborted()
      const entries: SequencedEntry[] = await this.#table.sequenced({ after, limit: PAGE })
      const last = entries.at(-1)
      if (last) {
        await this.#page(entries)
        after = { index: last.index, id: last.id }
      } else if (await this.#isEnd()) return
    }
  }

  async #page(entries: readonly SequencedEntry[]): Promise<void> {
    const start = this.#tree.size
    const end = start + entries.length
    // Read after the entries, so that those of every entry of this page are among them.
    await this.#loadCheckpoints(start, end)
    this.#nodes = await this.#table.nodes(nodesCompletedIn(start, end))
    for (const entry of entries) {
      const index = this.#tree.size
      const judged = await judgeEntry(this.#table, { entry, index, node: this.#nodes({ level: 0, index }) })
      if (judged.verdict === 'bad') throw new Found(await this.#asCovered(this.#suspicion ?? judged.problem))
      if (judged.verdict === 'undecided') this.#suspicion ??= judged.problem
      this.#tree.append(judged.hash)
      this.#compareRoots()
    }
  }

  #compareNode(node: NodeId, hash: Uint8Array): void {
    const stored = this.#nodes(node)
    if (node.level === 0 || this.#suspicion || sameHash(stored, hash)) return
    const first = Math.max(node.index * 2 ** node.level, this.#proven)
    const what = stored ? 'is not theirs' : 'was removed'
    const reason = `entries ${first} to ${this.#tree.size}: a node of the tree above them (level ${node.level}, index ${node.index}) ${what}`
    this.#suspicion = { kind: stored ? 'rewritten' : 'node', index: first, entryId: null, reason }
  }

  /** Compares the tree as far as it has grown with the heads of that size. */
  #compareRoots(): void {
    for (const heads of [this.#stored, this.#outside]) {
      while (heads[0] && heads[0].size <= this.#tree.size) this.#compareRoot(heads.shift()!)
    }
  }

  #compareRoot(expected: Expected): void {
    if (!(expected.root instanceof Uint8Array)) throw new Found(this.#suspicion ?? expected.root)
    if (!sameHash(expected.root, this.#tree.root())) throw new Found(this.#suspicion ?? this.#rewritten(expected))
    const suspicion = this.#suspicion
    if (suspicion) throw new Found({ ...suspicion, kind: 'node', reason: `${suspicion.reason}; the entries themselves are as signed` })
    if (expected.stored) this.checkpoints += 1
    else this.#provenOutside = expected.size
    this.#proven = expected.size
  }

  #rewritten(expected: Expected): AuditProblem {
    const last = expected.size - 1
    const first = Math.max(0, Math.min(expected.stored ? this.#proven : this.#provenOutside, last))
    const where = first >= last ? `entry ${first} was` : `one or more of the entries ${first} to ${last} were`
    const reason = `${where} rewritten together with the tree: its root is not that of ${expected.words}`
    return { kind: 'rewritten', index: first, entryId: null, reason }
  }

  /** Adds the stored checkpoints of trees larger than `after`, up to `end` leaves. */
  async #loadCheckpoints(after: number, end: number): Promise<void> {
    for (let from = after; ; ) {
      const page = await this.#table.checkpoints(from, PAGE)
      const wanted = page.filter(({ size }) => size <= end)
      this.#stored.push(...wanted.map((stored) => this.#openStored(stored)))
      if (wanted.length < PAGE) return
      from = wanted.at(-1)!.size
    }
  }

  #openStored({ size, root, note }: StoredCheckpoint): Expected {
    const words = `the stored checkpoint of size ${size}`
    const signed = this.#open(note, words, size)
    if (!(signed.root instanceof Uint8Array)) return signed
    if (signed.size === size && sameHash(signed.root, root)) return { ...signed, stored: true }
    return { ...signed, size, root: badCheckpoint(size, `${words} is not what its signed note says`) }
  }

  #open(note: string, words: string, size = 0): Expected {
    try {
      return { ...openCheckpoint(note, this.#options.verifiers, this.#options.origin), words, stored: false }
    } catch (error) {
      if (!(error instanceof NoteError)) throw error
      return { size, root: badCheckpoint(size, `${words} does not stand: ${error.message}`), words, stored: false }
    }
  }

  /** Whether the log ends here as its checkpoints say; false where entries were added meanwhile. */
  async #isEnd(): Promise<boolean> {
    const { size } = this.#tree
    const newest = await this.#table.newestCheckpoint()
    const covered = newest?.size ?? 0
    const [beyond] = await this.#table.sequenced({ after: null, limit: 1 }, { fromIndex: size })
    if (beyond) return false
    if (this.#suspicion) throw new Found(await this.#asCovered(this.#suspicion))
    const ahead = [...(newest && covered > size ? [this.#openStored(newest)] : []), ...this.#outside].at(-1)
    if (ahead) throw new Found(ahead.root instanceof Uint8Array ? truncated(size, ahead) : ahead.root)
    if (covered < size) throw new Found(await this.#uncovered(covered))
    if (!(await this.#hasStrayNode(size))) return true
    if ((await this.#table.newestCheckpoint())?.size !== newest?.size) return false
    throw new Found({ kind: 'node', index: size, entryId: null, reason: 'the tree has nodes beyond its last entry' })
  }

  /** Where nothing was ever signed, a difference is no change: the entry was put there. */
  async #asCovered(problem: AuditProblem): Promise<AuditProblem> {
    const covered = (await this.#table.newestCheckpoint())?.size ?? 0
    return problem.index < covered ? problem : await this.#uncovered(covered)
  }

  async #uncovered(covered: number): Promise<AuditProblem> {
    const [entry] = await this.#table.sequenced({ after: null, limit: 1 }, { fromIndex: covered })
    const reason = 'slipped in: no checkpoint covers it, or the checkpoints that did were removed'
    return { kind: 'slipped-in', index: covered, entryId: entry?.id ?? null, reason }
  }

  async #hasStrayNode(size: number): Promise<boolean> {
    for (let level = 0; 2 ** level <= 2 * Math.max(size, 1); level++) {
      if (await this.#table.hasNodeFrom(level, Math.floor(size / 2 ** level))) return true
    }
    return false
  }
}

const badCheckpoint = (size: number, reason: string): AuditProblem => ({
  kind: 'checkpoint',
  index: Math.max(0, size - 1),
  entryId: null,
  reason,
})

const truncated = (size: number, expected: { size: number; words: string }): AuditProblem => ({
  kind: 'truncated',
  index: size,
  entryId: null,
  reason: `truncated: entries ${size} to ${expected.size - 1} are gone; ${expected.words} covers ${expected.size} entries`,
})

/** The complete subtrees that end with one of the leaves `start` … `end` − 1, leaves included. */
function nodesCompletedIn(start: number, end: number): NodeId[] {
  const nodes: NodeId[] = []
  for (let level = 0; 2 ** level <= end; level++) {
    const width = 2 ** level
    for (let index = Math.floor(start / width); index < Math.floor(end / width); index++) nodes.push({ level, index })
  }
  return nodes
}
