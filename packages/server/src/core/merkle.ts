import { hash } from 'node:crypto'

// The Merkle tree of RFC 6962 §2.1 (the same tree as RFC 9162 §2.1), over SHA-256. Sizes and indices are safe integers,
// so nothing here uses 32-bit operators. Pure: whoever stores the nodes hands them in by `NodeId`.

/** A complete subtree: it covers the leaves index·2^level … (index+1)·2^level − 1. Level 0 are the leaves' hashes. */
export type NodeId = { readonly level: number; readonly index: number }
/** The leaves from `start` up to and without `end`. */
export type LeafRange = { readonly start: number; readonly end: number }
export type Lookup = (node: NodeId) => Uint8Array

const sha256 = (...pieces: readonly Uint8Array[]): Uint8Array => new Uint8Array(hash('sha256', Buffer.concat(pieces), 'buffer'))
const LEAF_PREFIX = Uint8Array.of(0)
const NODE_PREFIX = Uint8Array.of(1)

export const HASH_BYTES = 32
export const leafHash = (leaf: Uint8Array): Uint8Array => sha256(LEAF_PREFIX, leaf)
export const nodeHash = (left: Uint8Array, right: Uint8Array): Uint8Array => sha256(NODE_PREFIX, left, right)
/** The root of the tree without leaves. */
export const emptyRoot = (): Uint8Array => sha256()

export const sameHash = (a: Uint8Array | null | undefined, b: Uint8Array | null | undefined): boolean =>
  a != null && b != null && Buffer.compare(a, b) === 0

/** The complete subtrees that make up a tree of `size` leaves, left to right, each smaller than the one before. */
export function peaksOf(size: number): NodeId[] {
  const peaks: NodeId[] = []
  let start = 0
  for (let level = 52; level >= 0; level--) {
    const width = 2 ** level
    if (size - start < width) continue
    peaks.push({ level, index: start / width })
    start += width
  }
  return peaks
}

/** The root over hashes of the subtrees that `peaksOf` names. */
export function foldPeaks(hashes: readonly Uint8Array[]): Uint8Array {
  const last = hashes.at(-1)
  if (!last) return emptyRoot()
  return hashes.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), last)
}

export interface Tree {
  readonly size: number
  /** Hashes of `peaksOf(size)`. */
  readonly peaks: readonly Uint8Array[]
  root(): Uint8Array
  /** Adds a complete subtree of 2^level leaves (level 0: one leaf's hash). The size must be a multiple of 2^level. */
  append(subtree: Uint8Array, level?: number): void
}

/**
 * A tree that grows, in memory logarithmic in its size. Goes on from `size` leaves whose peaks are `peaks`.
 * `completed` hears of every complete subtree that an append finishes, the appended one first.
 */
export function growTree(
  from: { size: number; peaks: readonly Uint8Array[] } = { size: 0, peaks: [] },
  completed: (node: NodeId, hash: Uint8Array) => void = () => {},
): Tree {
  const peaks = [...from.peaks]
  let size = from.size
  if (peaks.length !== peaksOf(size).length) throw new RangeError(`A tree of ${size} leaves has ${peaksOf(size).length} peaks`)
  return {
    get size() {
      return size
    },
    get peaks() {
      return peaks
    },
    root: () => foldPeaks(peaks),
    append(subtree, level = 0) {
      let index = size / 2 ** level
      if (!Number.isInteger(index)) throw new RangeError(`A subtree of level ${level} cannot start at leaf ${size}`)
      let current = subtree
      let height = level
      completed({ level: height, index }, current)
      while (index % 2 === 1) {
        current = nodeHash(peaks.pop()!, current)
        index = (index - 1) / 2
        height += 1
        completed({ level: height, index }, current)
      }
      peaks.push(current)
      size += 2 ** level
    },
  }
}

/** The largest power of two smaller than `n` (RFC 6962: "k"), for n > 1. */
function split(n: number): number {
  let k = 1
  while (k * 2 < n) k *= 2
  return k
}

/** The complete subtrees that cover a range which a proof names. */
export const subtreesOf = (range: LeafRange): NodeId[] =>
  peaksOf(range.end - range.start).map(({ level, index }) => ({ level, index: range.start / 2 ** level + index }))

/** The hash over a range which a proof names, from the stored nodes. */
export const rangeHash = (range: LeafRange, lookup: Lookup): Uint8Array => foldPeaks(subtreesOf(range).map(lookup))

/**
 * The fewest aligned complete subtrees that cover any range of leaves, left to right: for leaves that an export leaves out.
 */
export function coverOf(range: LeafRange): NodeId[] {
  const nodes: NodeId[] = []
  let start = range.start
  while (start < range.end) {
    let level = 0
    while (start % 2 ** (level + 1) === 0 && start + 2 ** (level + 1) <= range.end) level += 1
    nodes.push({ level, index: start / 2 ** level })
    start += 2 ** level
  }
  return nodes
}

/** What the inclusion proof of leaf `index` in a tree of `size` leaves consists of, from the leaf's sibling up (RFC 6962 §2.1.1). */
export function inclusionRanges(index: number, size: number): LeafRange[] {
  if (!(index >= 0 && index < size)) throw new RangeError(`There is no leaf ${index} in a tree of ${size}`)
  const ranges: LeafRange[] = []
  let start = 0
  let end = size
  while (end - start > 1) {
    const middle = start + split(end - start)
    if (index < middle) {
      ranges.push({ start: middle, end })
      end = middle
    } else {
      ranges.push({ start, end: middle })
      start = middle
    }
  }
  return ranges.reverse()
}

/** What the proof that the tree of `oldSize` leaves is a prefix of that of `size` consists of, in order (RFC 6962 §2.1.2). */
export function consistencyRanges(oldSize: number, size: number): LeafRange[] {
  if (!(oldSize >= 0 && oldSize <= size)) throw new RangeError(`A tree of ${size} leaves has no prefix of ${oldSize}`)
  if (oldSize === 0 || oldSize === size) return []
  const ranges: LeafRange[] = []
  let start = 0
  let end = size
  while (oldSize !== end) {
    const middle = start + split(end - start)
    if (oldSize <= middle) {
      ranges.push({ start: middle, end })
      end = middle
    } else {
      ranges.push({ start, end: middle })
      start = middle
    }
  }
  if (start > 0) ranges.push({ start, end })
  return ranges.reverse()
}

/** The root that `path` leads to from the hash of leaf `index`, or null where the path does not fit (RFC 9162 §2.1.3.2). */
export function rootFromInclusion(leaf: { hash: Uint8Array; index: number; size: number }, path: readonly Uint8Array[]): Uint8Array | null {
  let [at, last, current] = [leaf.index, leaf.size - 1, leaf.hash]
  if (!(at >= 0 && at <= last)) return null
  for (const sibling of path) {
    if (last === 0) return null
    if (at % 2 === 1 || at === last) {
      current = nodeHash(sibling, current)
      while (at % 2 === 0 && at !== 0) {
        at /= 2
        last = Math.floor(last / 2)
      }
    } else current = nodeHash(current, sibling)
    at = Math.floor(at / 2)
    last = Math.floor(last / 2)
  }
  return last === 0 ? current : null
}

export type TreeHead = { readonly size: number; readonly root: Uint8Array }

/** Whether `path` proves that `old` is a prefix of `now` (RFC 9162 §2.1.4.2; a tree without leaves is a prefix of every tree). */
export function isConsistent(old: TreeHead, now: TreeHead, path: readonly Uint8Array[]): boolean {
  if (old.size > now.size) return false
  if (old.size === 0) return path.length === 0 && sameHash(old.root, emptyRoot())
  if (old.size === now.size) return path.length === 0 && sameHash(old.root, now.root)
  const hashes = isPowerOfTwo(old.size) ? [old.root, ...path] : [...path]
  const first = hashes.shift()
  if (!first) return false
  let [at, last] = [old.size - 1, now.size - 1]
  while (at % 2 === 1) {
    at = (at - 1) / 2
    last = Math.floor(last / 2)
  }
  let [oldRoot, newRoot] = [first, first]
  for (const sibling of hashes) {
    if (last === 0) return false
    if (at % 2 === 1 || at === last) {
      oldRoot = nodeHash(sibling, oldRoot)
      newRoot = nodeHash(sibling, newRoot)
      while (at % 2 === 0 && at !== 0) {
        at /= 2
        last = Math.floor(last / 2)
      }
    } else newRoot = nodeHash(newRoot, sibling)
    at = Math.floor(at / 2)
    last = Math.floor(last / 2)
  }
  return last === 0 && sameHash(oldRoot, old.root) && sameHash(newRoot, now.root)
}

function isPowerOfTwo(n: number): boolean {
  let power = 1
  while (power < n) power *= 2
  return power === n
}
