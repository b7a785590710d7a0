/**
 * The published vectors as a list of cases, over Web APIs alone, so that the same list runs in Node and in a browser.
 * A case throws where the container does not behave as its vector says.
 */
import {
  type AeadEngine,
  bytesSource,
  ContainerError,
  createFloe,
  FLOE_HEADER_BYTES,
  floeGeometryOfStored,
  type LxencProfile,
  openFloe,
  openFloeStream,
  openLxenc,
  openLxencStream,
  readLxencIndex,
  sealLxenc,
  segmentOffset,
  segmentPlace,
  segmentPlainLength,
  segmentStoredLength,
} from '../src/index.ts'
import { collect, expectEqual, fromHex, hexOf, inChunks, seededRandom, sha256, vectorPlaintext } from './vector-bytes.ts'

export type VectorFiles = ReadonlyMap<string, Uint8Array>
export type Case = { readonly name: string; run(engine: AeadEngine): Promise<void> }

type Outcome = { ok: boolean; plaintext_sha256?: string; plaintext_size?: number }
type Range = { start: number; end: number; ok?: false; sha256?: string; length?: number }
type Vector = {
  name: string
  file: string
  kind: string
  master_key: '16' | '24' | '32'
  file_sha256: string
  chunk_size: number
  seed?: string
  plaintext_size?: number
  expect: { original_stream: Outcome; original_index_size_no_key: Outcome; strict_stream: Outcome; strict_layout_size_no_key: Outcome }
  ranges?: Range[]
}
type Manifest = { master_keys: Record<string, { hex: string }>; vectors: Vector[] }

/** What `work` answers, or null where it fails as containers do; any other error is a fault of the code. */
async function outcome<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof ContainerError) return null
    throw error
  }
}

async function expectPlaintext(actual: Uint8Array | null, expected: Outcome, what: string): Promise<void> {
  expectEqual(actual !== null, expected.ok, `${what} opens`)
  if (actual === null) return
  expectEqual(actual.length, expected.plaintext_size, `${what}, size`)
  expectEqual(await sha256(actual), expected.plaintext_sha256, `${what}, digest`)
}

type Opened = { vector: Vector; bytes: Uint8Array; masterKey: Uint8Array; profile: LxencProfile; engine: AeadEngine }

async function checkStream({ vector, bytes, ...secrets }: Opened): Promise<void> {
  const expected = secrets.profile === 'strict' ? vector.expect.strict_stream : vector.expect.original_stream
  await expectPlaintext(await outcome(() => collect(openLxencStream(inChunks(bytes), secrets))), expected, 'the stream')
  const reader = async () => await collect((await openLxenc(bytesSource(bytes), secrets)).stream())
  await expectPlaintext(await outcome(reader), expected, 'the file')
}

async function checkIndex({ vector, bytes, profile }: Opened): Promise<void> {
  const expected = profile === 'strict' ? vector.expect.strict_layout_size_no_key : vector.expect.original_index_size_no_key
  const index = await outcome(() => readLxencIndex(bytesSource(bytes), { profile }))
  expectEqual(index !== null, expected.ok, 'the index reads')
  if (index !== null) expectEqual(index.geometry.plaintextSize, expected.plaintext_size, 'the size in the index')
}

async function checkRanges({ vector, bytes, ...secrets }: Opened): Promise<void> {
  if (!vector.ranges?.length) return
  const reader = await openLxenc(bytesSource(bytes), secrets)
  for (const range of vector.ranges) {
    const what = `the range ${range.start}-${range.end}`
    const piece = await outcome(() => reader.read(range))
    expectEqual(piece !== null, range.ok !== false, `${what} opens`)
    if (piece === null) continue
    expectEqual(piece.length, range.length, `${what}, length`)
    expectEqual(await sha256(piece), range.sha256, `${what}, digest`)
  }
}

async function checkWriting(vector: Vector, masterKey: Uint8Array, engine: AeadEngine): Promise<void> {
  const random = await seededRandom(vector.seed!, [32, 12, 8])
  const plaintext = inChunks(vectorPlaintext(vector.plaintext_size!))
  const sealed = await collect(sealLxenc(plaintext, { masterKey, engine, random, chunkSize: vector.chunk_size }))
  expectEqual(await sha256(sealed), vector.file_sha256, 'the written file')
}

export function lxencCases(files: VectorFiles): Case[] {
  const manifest = JSON.parse(new TextDecoder().decode(files.get('manifest.json'))) as Manifest
  return manifest.vectors.flatMap((vector) => {
    const bytes = files.get(vector.file)!
    const masterKey = fromHex(manifest.master_keys[vector.master_key]!.hex)
    const under = (profile: LxencProfile): Case => ({
      name: `${vector.name} under the ${profile} profile`,
      async run(engine) {
        const opened = { vector, bytes, masterKey, profile, engine }
        expectEqual(await sha256(bytes), vector.file_sha256, 'the vector itself')
        await checkIndex(opened)
        await checkStream(opened)
        await checkRanges(opened)
      },
    })
    const writing: Case = { name: `${vector.name} is written byte for byte`, run: (engine) => checkWriting(vector, masterKey, engine) }
    const reproducible = vector.kind === 'positive' && vector.seed
    return [under('strict'), under('legacy'), ...(reproducible ? [writing] : [])]
  })
}

type Answer = { name: string; rotationBits: number; plaintext: Uint8Array; sealed: Uint8Array }

const answerSecrets = (answer: Answer, engine: AeadEngine) => ({
  fileKey: new Uint8Array(32),
  aad: new TextEncoder().encode('This is AAD'),
  rotationBits: answer.rotationBits,
  engine,
})

async function checkAnswerOpens(answer: Answer, engine: AeadEngine): Promise<void> {
  const secrets = answerSecrets(answer, engine)
  const expected = hexOf(answer.plaintext)
  expectEqual(hexOf(await collect(openFloeStream(inChunks(answer.sealed), secrets))), expected, 'the stream')
  const reader = await openFloe(bytesSource(answer.sealed), secrets)
  expectEqual(hexOf(await collect(reader.stream())), expected, 'the object')
  for (let start = 0; start < Math.min(answer.plaintext.length, 40); start += 3) {
    const end = answer.plaintext.length - 1 - (start % 5)
    if (end < start) continue
    const range = await reader.read({ start, end })
    expectEqual(hexOf(range), hexOf(answer.plaintext.subarray(start, end + 1)), `the range ${start}-${end}`)
  }
}

async function checkAnswerSeals(answer: Answer, engine: AeadEngine): Promise<void> {
  const { sealed, plaintext } = answer
  const draws = [sealed.slice(10, 42)]
  const segmentLength = new DataView(sealed.buffer, sealed.byteOffset).getUint32(2)
  const file = await createFloe({ ...answerSecrets(answer, engine), segmentLength, random: () => draws.shift()! })
  expectEqual(hexOf(file.header), hexOf(sealed.subarray(0, FLOE_HEADER_BYTES)), 'the header')
  const geometry = floeGeometryOfStored(sealed.length, segmentLength)
  for (let index = 0; index < geometry.segmentCount; index += 1) {
    const at = segmentOffset(geometry, index)
    const stored = sealed.subarray(at, at + segmentStoredLength(geometry, index))
    const from = index * geometry.segmentPlain
    draws.push(stored.slice(4, 16))
    const made = await file.sealSegment(segmentPlace(geometry, index), plaintext.subarray(from, from + segmentPlainLength(geometry, index)))
    expectEqual(hexOf(made), hexOf(stored), `segment ${index}`)
  }
}

export function floeCases(files: VectorFiles): Case[] {
  const hexFile = (name: string) => fromHex(new TextDecoder().decode(files.get(name)).trim())
  const names = [...files.keys()].filter((name) => name.endsWith('_ct.txt'))
  return names.flatMap((name) => {
    const answer: Answer = {
      name: name.slice('floe/'.length, -'_ct.txt'.length),
      rotationBits: name.includes('rotation') ? 2 : 20,
      plaintext: hexFile(name.replace('_ct.', '_pt.')),
      sealed: hexFile(name),
    }
    return [
      { name: `${answer.name} opens`, run: (engine) => checkAnswerOpens(answer, engine) },
      { name: `${answer.name} is sealed byte for byte`, run: (engine) => checkAnswerSeals(answer, engine) },
    ] satisfies Case[]
  })
}
