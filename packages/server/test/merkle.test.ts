import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  consistencyRanges,
  coverOf,
  emptyRoot,
  growTree,
  inclusionRanges,
  isConsistent,
  type LeafRange,
  leafHash,
  type NodeId,
  nodeHash,
  peaksOf,
  rangeHash,
  rootFromInclusion,
  sameHash,
} from '../src/core/merkle.ts'

const fromHex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'))
const hex = (bytes: Uint8Array | null) => bytes && Buffer.from(bytes).toString('hex')

/** RFC 6962 §2.1, word for word: the hash over a list of leaves. */
function naiveRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return new Uint8Array(createHash('sha256').digest())
  if (leaves.length === 1) return new Uint8Array(createHash('sha256').update(Uint8Array.of(0)).update(leaves[0]!).digest())
  let k = 1
  while (k * 2 < leaves.length) k *= 2
  const [left, right] = [naiveRoot(leaves.slice(0, k)), naiveRoot(leaves.slice(k))]
  return new Uint8Array(createHash('sha256').update(Uint8Array.of(1)).update(left).update(right).digest())
}

/** A tree with all its nodes at hand. */
function grown(leaves: readonly Uint8Array[]) {
  const nodes = new Map<string, Uint8Array>()
  const tree = growTree(undefined, (node, hash) => nodes.set(`${node.level}/${node.index}`, hash))
  for (const leaf of leaves) tree.append(leafHash(leaf))
  const lookup = ({ level, index }: NodeId) => nodes.get(`${level}/${index}`) ?? assert.fail(`no node ${level}/${index}`)
  const hashes = (ranges: readonly LeafRange[]) => ranges.map((range) => rangeHash(range, lookup))
  return {
    tree,
    lookup,
    inclusion: (index: number, size: number) => hashes(inclusionRanges(index, size)),
    consistency: (old: number, size: number) => hashes(consistencyRanges(old, size)),
  }
}

// The leaves, roots and proofs that certificate transparency's implementations are tested with
// (google/certificate-transparency, transparency-dev/merkle).
const knownLeaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map(fromHex)
const knownRoots = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]

test('A3: roots of the known trees', () => {
  assert.equal(hex(emptyRoot()), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  const tree = growTree()
  for (const [at, leaf] of knownLeaves.entries()) {
    tree.append(leafHash(leaf))
    assert.equal(hex(tree.root()), knownRoots[at])
  }
})

test('A3: inclusion and consistency proofs of the known trees', () => {
  const { inclusion, consistency } = grown(knownLeaves)
  assert.deepEqual(inclusion(0, 8).map(hex), [
    '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
    '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
    '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
  ])
  assert.deepEqual(inclusion(5, 8).map(hex), [
    'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  ])
  assert.deepEqual(inclusion(2, 3).map(hex), ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'])
  assert.deepEqual(inclusion(1, 5).map(hex), [
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
    'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
  ])
  assert.deepEqual(inclusion(0, 1), [])
  assert.deepEqual(consistency(6, 8).map(hex), [
    '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
    'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  ])
  assert.deepEqual(consistency(2, 5).map(hex), [
    '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
    'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
  ])
  assert.deepEqual(consistency(8, 8), [])
})

test('A3: every root and proof up to 130 leaves is that of golang.org/x/mod/sumdb/tlog', () => {
  const leaves = Array.from({ length: 130 }, (_, at) => new Uint8Array(Buffer.from(`leaf ${at}`)))
  const { lookup, inclusion, consistency } = grown(leaves)
  const [roots, included, consistent] = [createHash('sha256'), createHash('sha256'), createHash('sha256')]
  for (let size = 1; size <= leaves.length; size++) {
    roots.update(rangeHash({ start: 0, end: size }, lookup))
    for (let index = 0; index < size; index++) for (const hash of inclusion(index, size)) included.update(hash)
    for (let old = 1; old <= size; old++) for (const hash of consistency(old, size)) consistent.update(hash)
  }
  // Digests over the output of v0.42.0 for the same leaves, in the same order.
  assert.equal(roots.digest('hex'), 'a77219edbde119ff4de06934120013619731848aee8a8bd7c7ded8332ac3e532')
  assert.equal(included.digest('hex'), 'dcaea4904d4e5bd1756a164ca7c5a190400dea11983ca516464a64dbf9aa7b17')
  assert.equal(consistent.digest('hex'), 'f0ab32132efeeaa07756ef4955d72b4962ae9546db1e50b60c60e64a52f46740')
})

const leavesOf = fc.array(fc.uint8Array({ maxLength: 8 }), { minLength: 1, maxLength: 80 })
const flip = (hash: Uint8Array, bit: number): Uint8Array => {
  const changed = hash.slice()
  changed[(bit >> 3) % changed.length]! ^= 1 << (bit & 7)
  return changed
}

test('A3: a tree grown leaf by leaf, or gone on with from its peaks, has the root of RFC 6962', () => {
  fc.assert(
    fc.property(leavesOf, fc.nat(), (leaves, at) => {
      const pause = at % (leaves.length + 1)
      const first = growTree()
      for (const leaf of leaves.slice(0, pause)) first.append(leafHash(leaf))
      const second = growTree({ size: pause, peaks: first.peaks })
      for (const leaf of leaves.slice(pause)) second.append(leafHash(leaf))
      assert.equal(hex(first.root()), hex(naiveRoot(leaves.slice(0, pause))))
      assert.equal(hex(second.root()), hex(naiveRoot(leaves)))
      assert.equal(second.peaks.length, peaksOf(leaves.length).length)
    }),
  )
})

test('A3: a tree grown from the subtrees that cover a range has the same root', () => {
  fc.assert(
    fc.property(leavesOf, fc.nat(), fc.nat(), (leaves, a, b) => {
      const { lookup } = grown(leaves)
      const [start, end] = [a % (leaves.length + 1), b % (leaves.length + 1)].sort((x, y) => x - y) as [number, number]
      const cover = coverOf({ start, end })
      const tree = growTree()
      for (const leaf of leaves.slice(0, start)) tree.append(leafHash(leaf))
      for (const node of cover) tree.append(lookup(node), node.level)
      for (const leaf of leaves.slice(end)) tree.append(leafHash(leaf))
      assert.equal(hex(tree.root()), hex(naiveRoot(leaves)))
      assert.ok(cover.length <= 2 * Math.ceil(Math.log2(leaves.length + 1)))
    }),
  )
})

test('A3: an inclusion proof leads to the root, and no other leaf, index, size or path does', () => {
  fc.assert(
    fc.property(leavesOf, fc.nat(), fc.nat(), (leaves, at, bit) => {
      const size = leaves.length
      const index = at % size
      const root = naiveRoot(leaves)
      const path = grown(leaves).inclusion(index, size)
      const hash = leafHash(leaves[index]!)
      const leads = (leaf: Parameters<typeof rootFromInclusion>[0], by: readonly Uint8Array[]) =>
        sameHash(rootFromInclusion(leaf, by), root)
      assert.ok(leads({ hash, index, size }, path))
      assert.ok(!leads({ hash: flip(hash, bit), index, size }, path))
      assert.ok(!leads({ hash, index, size }, [...path, root]))
      assert.ok(!leads({ hash, index: size, size }, path))
      assert.ok(!leads({ hash, index: -1, size }, path))
      if (path.length === 0) return
      const broken = path.with(bit % path.length, flip(path[bit % path.length]!, bit))
      assert.ok(!leads({ hash, index, size }, broken))
      assert.ok(!leads({ hash, index, size }, path.slice(1)))
      assert.ok(!leads({ hash, index, size }, path.slice(0, -1)))
      assert.ok(!leads({ hash, index, size }, [root, ...path]))
    }),
  )
})

test('A3: a consistency proof holds between the two roots, and between no others', () => {
  fc.assert(
    fc.property(leavesOf, fc.nat(), fc.nat(), (leaves, at, bit) => {
      const old = { size: at % (leaves.length + 1), root: naiveRoot(leaves.slice(0, at % (leaves.length + 1))) }
      const now = { size: leaves.length, root: naiveRoot(leaves) }
      const path = grown(leaves).consistency(old.size, now.size)
      assert.ok(isConsistent(old, now, path))
      assert.ok(!isConsistent({ ...old, root: flip(old.root, bit) }, now, path))
      assert.ok(!isConsistent(old, now, [...path, now.root]))
      if (old.size > 0) assert.ok(!isConsistent(old, { ...now, root: flip(now.root, bit) }, path))
      if (old.size < now.size) assert.ok(!isConsistent(now, old, path))
      if (path.length === 0) return
      assert.ok(!isConsistent(old, now, path.with(bit % path.length, flip(path[bit % path.length]!, bit))))
      assert.ok(!isConsistent(old, now, path.slice(0, -1)))
      assert.ok(!isConsistent(old, now, path.slice(1)))
    }),
  )
})

test('A3: sizes beyond 32 bits are counted as they are', () => {
  const size = 2 ** 40 + 3
  assert.deepEqual(peaksOf(size), [
    { level: 40, index: 0 },
    { level: 1, index: 2 ** 39 },
    { level: 0, index: 2 ** 40 + 2 },
  ])
  const [one, two, three] = [leafHash(Uint8Array.of(1)), leafHash(Uint8Array.of(2)), leafHash(Uint8Array.of(3))]
  const tree = growTree({ size, peaks: [one, two, three] })
  tree.append(one)
  assert.equal(hex(tree.root()), hex(nodeHash(one, nodeHash(two, nodeHash(three, one)))))
  const path = [nodeHash(two, nodeHash(three, one))]
  const ranges = inclusionRanges(2 ** 40 + 3, size + 1)
  assert.deepEqual(
    ranges.map(({ start }) => start),
    [2 ** 40 + 2, 2 ** 40, 0],
  )
  const found = rootFromInclusion({ hash: one, index: 2 ** 40 + 3, size: size + 1 }, [three, two, one])
  assert.equal(hex(found), hex(nodeHash(one, path[0]!)))
})

test('A3: what does not exist has no proof', () => {
  assert.throws(() => inclusionRanges(3, 3), RangeError)
  assert.throws(() => inclusionRanges(-1, 3), RangeError)
  assert.throws(() => inclusionRanges(Number.NaN, 3), RangeError)
  assert.throws(() => consistencyRanges(4, 3), RangeError)
  assert.throws(() => growTree({ size: 3, peaks: [] }), RangeError)
  assert.throws(() => growTree({ size: 1, peaks: [emptyRoot()] }).append(emptyRoot(), 1), RangeError)
})
