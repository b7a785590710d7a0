import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { logOrigin, openCheckpoint, readCheckpoint, signCheckpoint } from '../src/core/checkpoint.ts'
import { growTree, inclusionRanges, leafHash, type NodeId, rangeHash } from '../src/core/merkle.ts'
import { createNoteSigner, openNote, parseNote, parseVerifierKey } from '../src/core/signed-note.ts'
import { formatTlogProof, parseTlogProof, verifyTlogProof } from '../src/core/tlog-proof.ts'

// The keys and notes of golang.org/x/mod/sumdb/note (note_test.go).
const peterSeed = new Uint8Array(Buffer.from('AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz', 'base64')).subarray(1)
const peterKey = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
const enochKey = 'EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop'
const text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
const peterLine = '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n'
const enochLine = '— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n'
const peter = parseVerifierKey(peterKey)
const enoch = parseVerifierKey(enochKey)
const bad = { name: 'NoteError' }

test('A3: signs as the Go checksum database does, to the byte', () => {
  const signer = createNoteSigner('PeterNeumann', peterSeed)
  assert.equal(signer.verifierKey, peterKey)
  assert.equal(signer.keyId, 0xc74f20a3)
  assert.equal(signer.sign(text), `${text}\n${peterLine}`)
})

test('A3: opens notes signed by one or several known keys, and passes over unknown ones', () => {
  assert.equal(openNote(`${text}\n${peterLine}`, [peter]), text)
  assert.equal(openNote(`${text}\n${peterLine}${enochLine}`, [enoch]), text)
  assert.equal(openNote(`${text}\n${enochLine}${peterLine}`, [peter, enoch]), text)
  assert.throws(() => openNote(`${text}\n${peterLine}`, [enoch]), bad)
  assert.throws(() => openNote(`${text}\n${peterLine}`, []), bad)
})

test('A3: a note whose signature by a known key is wrong is refused even where another one is right', () => {
  const wrong = `${peterLine.slice(0, 60)}ABCD${peterLine.slice(60)}`
  assert.throws(() => openNote(`${text}\n${wrong}`, [peter]), bad)
  assert.throws(() => openNote(`${text}\n${wrong}${enochLine}`, [peter, enoch]), bad)
  assert.throws(() => openNote(`${text.replace('answer', 'ANSWER')}\n${peterLine}`, [peter]), bad)
  assert.equal(openNote(`${text}\n${wrong}${enochLine}`, [enoch]), text)
})

test('A3: malformed notes are refused', () => {
  for (const note of [
    text,
    `${text}\n`,
    `${text}\n${peterLine.slice(0, -1)}`,
    `\u0001${text}\n${peterLine}`,
    `\ud800${text}\n${peterLine}`,
    `${text}\n${peterLine.replace('PeterNeumann', 'Bad Name')}`,
    `${text}\n${peterLine.replace('PeterNeumann', 'Bad+Name')}`,
    `${text}\n${peterLine}Unexpected line.\n`,
    `${text}\n${peterLine.repeat(101)}`,
    `${text}\n${peterLine.replace('=\n', '\n')}`,
    `${text}\n${peterLine.replace('—', '-')}`,
    `${text}\n— PeterNeumann x08goA==\n`.replace('x08goA==', 'x08g'),
    '',
  ]) {
    assert.throws(() => openNote(note, [peter]), bad, JSON.stringify(note.slice(0, 40)))
  }
  assert.throws(() => createNoteSigner('PeterNeumann', peterSeed).sign('no newline'), bad)
  assert.throws(() => createNoteSigner('Peter Neumann', peterSeed), bad)
  assert.throws(() => createNoteSigner('', peterSeed), bad)
  assert.throws(() => createNoteSigner('x', peterSeed.subarray(1)), bad)
})

test('A3: no part and no mangling of a verifier key is a verifier key', () => {
  for (let start = 0; start <= peterKey.length; start++) {
    for (let end = start + 1; end <= peterKey.length; end++) {
      if (start !== 0 || end !== peterKey.length) assert.throws(() => parseVerifierKey(peterKey.slice(start, end)), bad)
    }
  }
  for (let at = 0; at < peterKey.length; at++) {
    const mangled = peterKey.slice(0, at) + String.fromCharCode(peterKey.charCodeAt(at) + 1) + peterKey.slice(at + 1)
    assert.throws(() => parseVerifierKey(mangled), bad, mangled)
  }
  assert.throws(() => parseVerifierKey('PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY=='), bad)
  assert.throws(() => parseVerifierKey('PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'), bad)
})

const signer = createNoteSigner(logOrigin('00000000-0000-7000-8000-000000000000'), peterSeed)
const root = leafHash(Uint8Array.of(1))

test('A3: a checkpoint has the lines of tlog-checkpoint', () => {
  const note = signCheckpoint({ size: 20852163, root }, signer)
  const lines = note.split('\n')
  assert.equal(lines[0], 'holdfast/audit/00000000-0000-7000-8000-000000000000')
  assert.equal(lines[1], '20852163')
  assert.equal(lines[2], Buffer.from(root).toString('base64'))
  assert.equal(lines[3], '')
  assert.match(lines[4]!, /^— holdfast\/audit\/00000000-0000-7000-8000-000000000000 [A-Za-z0-9+/]+=*$/)
  assert.deepEqual(openCheckpoint(note, [signer]), { origin: signer.name, size: 20852163, root })
  assert.equal(signCheckpoint({ size: 0, root }, signer).split('\n')[1], '0')
})

test("A3: the specification's own checkpoint is read", () => {
  const note =
    'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n' +
    '— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n'
  assert.equal(readCheckpoint(note).size, 20852163)
  assert.equal(parseNote(note).signatures[0]?.keyId, 0x033de0ae)
})

test('A3: what is signed and yet no checkpoint, or of another log, is refused', () => {
  const hash = Buffer.from(root).toString('base64')
  for (const lines of [
    [signer.name, '1'],
    [signer.name, '01', hash],
    [signer.name, '-1', hash],
    [signer.name, '1e3', hash],
    [signer.name, '99999999999999999999', hash],
    [signer.name, '1', hash.slice(0, -4)],
    [signer.name, '1', `${hash.slice(0, -2)}B=`],
    ['', '1', hash],
    [signer.name, '1', hash, '', 'extension'],
    ['another/log', '1', hash],
  ]) {
    assert.throws(() => openCheckpoint(signer.sign(`${lines.join('\n')}\n`), [signer]), bad, lines.join('|'))
  }
  assert.equal(openCheckpoint(signer.sign(`${signer.name}\n1\n${hash}\nextension\n`), [signer]).size, 1)
  assert.throws(() => openCheckpoint(signCheckpoint({ size: 1, root }, signer), [signer], 'another/log'), bad)
})

/** A log of `count` leaves and a proof of each. */
function provenLog(count: number) {
  const nodes = new Map<string, Uint8Array>()
  const tree = growTree(undefined, (node, hash) => nodes.set(`${node.level}/${node.index}`, hash))
  const leaves = Array.from({ length: count }, (_, at) => new Uint8Array(Buffer.from(`leaf ${at}`)))
  for (const leaf of leaves) tree.append(leafHash(leaf))
  const checkpoint = signCheckpoint({ size: count, root: tree.root() }, signer)
  const lookup = ({ level, index }: NodeId) => nodes.get(`${level}/${index}`)!
  const proof = (index: number) => ({
    index,
    path: inclusionRanges(index, count).map((range) => rangeHash(range, lookup)),
    checkpoint,
    extra: index % 2 === 0 ? leaves[index]! : null,
  })
  return { leaves, proof }
}

test('A3: a proof as text is read back and proves its leaf, and no other', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(), (count, at) => {
      const { leaves, proof } = provenLog(count)
      const index = at % count
      const text = formatTlogProof(proof(index))
      const lines = text.split('\n')
      assert.equal(lines[0], 'c2sp.org/tlog-proof@v1')
      assert.equal(lines[index % 2 === 0 ? 2 : 1], `index ${index}`)
      const read = parseTlogProof(text)
      assert.deepEqual(read, proof(index))
      assert.equal(verifyTlogProof(read, leaves[index]!, [signer]).size, count)
      assert.throws(() => verifyTlogProof(read, Uint8Array.of(9), [signer]), bad)
      assert.throws(() => verifyTlogProof({ ...read, index: index + 1 }, leaves[index]!, [signer]), bad)
      assert.throws(() => verifyTlogProof(read, leaves[index]!, [peter]), bad)
      if (count > 1) assert.throws(() => verifyTlogProof(read, leaves[(index + 1) % count]!, [signer]), bad)
    }),
    { numRuns: 50 },
  )
})

test('A3: malformed proofs are refused', () => {
  const good = formatTlogProof(provenLog(5).proof(2))
  for (const [from, to] of [
    ['@v1', '@v2'],
    ['index 2', 'index 02'],
    ['index 2', 'Index 2'],
    ['index 2', 'index 99999999999999999999'],
    ['extra ', 'extra !'],
    ['\n\n', '\n'],
    ['\n\n', '\nAAAA\n\n'],
  ] as const) {
    assert.throws(() => verifyTlogProof(parseTlogProof(good.replaceAll(from, to)), Buffer.from('leaf 2'), [signer]), bad, to)
  }
})
