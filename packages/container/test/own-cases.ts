/** The project's own vectors as a list of cases, over Web APIs alone, so that the same list runs in Node and in a browser. */
import {
  bytesSource,
  ContainerError,
  type LxencProfile,
  openFloe,
  openFloeStream,
  openLxenc,
  openLxencStream,
  readLxencIndex,
  sealFloe,
  sealLxenc,
} from '../src/index.ts'
import type { Failure, FloeVector } from './own-floe.ts'
import type { LxencVector } from './own-lxenc.ts'
import type { Case, VectorFiles } from './published-cases.ts'
import { collect, expectEqual, fromHex, inChunks, seededRandom, sha256, utf8, vectorPlaintext } from './vector-bytes.ts'

export type OwnManifest = { plaintext_rule: string; draw_rule: string; floe: FloeVector[]; lxenc: LxencVector[] }

/** What came out before it ended or failed, and how it failed. */
async function run(stream: () => Promise<AsyncIterable<Uint8Array>>): Promise<{ released: Uint8Array; error: ContainerError | null }> {
  const pieces: Uint8Array[] = []
  const so = () =>
    collect(
      (async function* () {
        yield* pieces
      })(),
    )
  try {
    for await (const piece of await stream()) pieces.push(piece)
    return { released: await so(), error: null }
  } catch (error) {
    if (!(error instanceof ContainerError)) throw error
    return { released: await so(), error }
  }
}

/** Every byte given out is one of the plaintext in its place, whether it ends well or not. */
async function check(stream: () => Promise<AsyncIterable<Uint8Array>>, expected: Failure | null, size: number): Promise<void> {
  const { released, error } = await run(stream)
  expectEqual(error?.kind ?? null, expected?.kind ?? null, `the failure (${error?.message})`)
  if (expected !== null) expectEqual(error?.offset, expected.offset, 'its offset')
  expectEqual(released.length, expected?.released ?? size, 'the bytes given out')
  expectEqual(await sha256(released), await sha256(vectorPlaintext(released.length)), 'what was given out')
}

const ranges = (size: number) => [
  { start: 0, end: 0 },
  { start: 0, end: size - 1 },
  { start: size - 1, end: size - 1 },
  { start: Math.floor(size / 3), end: Math.floor((2 * size) / 3) },
]

async function checkRanges(reader: { read(range: { start: number; end: number }): Promise<Uint8Array> }, size: number): Promise<void> {
  const plaintext = vectorPlaintext(size)
  for (const range of size === 0 ? [] : ranges(size)) {
    const bytes = await reader.read(range)
    expectEqual(await sha256(bytes), await sha256(plaintext.subarray(range.start, range.end + 1)), `the range ${range.start}-${range.end}`)
  }
  for (const [range, kind] of [
    [{ start: 0, end: size }, 'range-outside'],
    [{ start: 1, end: 0 }, 'range-invalid'],
    [{ start: -1, end: 0 }, 'range-invalid'],
  ] as const) {
    const failure = await reader.read(range).then(
      () => null,
      (error: unknown) => error,
    )
    expectEqual(failure instanceof ContainerError && failure.kind, kind, `the range ${range.start}-${range.end}`)
  }
}

function floeCase(vector: FloeVector, file: Uint8Array | undefined): Case {
  return {
    name: `FLOE ${vector.name}`,
    async run(engine) {
      const secrets = { fileKey: fromHex(vector.file_key), aad: utf8(vector.aad), engine }
      const count = Math.max(1, Math.ceil(vector.plaintext_size / (vector.segment_length - 32)))
      const written = async () => {
        const random = await seededRandom(vector.seed, [32, ...Array<number>(count).fill(12)])
        const plaintext = inChunks(vectorPlaintext(vector.plaintext_size), 65_536)
        return await collect(sealFloe(plaintext, { ...secrets, random, segmentLength: vector.segment_length }))
      }
      const bytes = file ?? (await written())
      expectEqual(await sha256(bytes), vector.stored_sha256, 'the object')
      const open = () => openFloe(bytesSource(bytes), secrets)
      await check(async () => (await open()).stream(), vector.object, vector.plaintext_size)
      await check(async () => openFloeStream(inChunks(bytes, 65_521), secrets), vector.stream, vector.plaintext_size)
      if (vector.object === null) await checkRanges(await open(), vector.plaintext_size)
    },
  }
}

function lxencCase(vector: LxencVector, file: Uint8Array | undefined): Case {
  return {
    name: `LXENC01 ${vector.name}`,
    async run(engine) {
      const masterKey = fromHex(vector.master_key)
      const written = async () => {
        const random = await seededRandom(vector.seed, [32, 12, 8])
        const plaintext = inChunks(vectorPlaintext(vector.plaintext_size), 65_521)
        return await collect(sealLxenc(plaintext, { masterKey, engine, random, chunkSize: vector.chunk_size }))
      }
      const bytes = file ?? (await written())
      expectEqual(await sha256(bytes), vector.stored_sha256, 'the file')
      if (vector.written) expectEqual(await sha256(await written()), vector.stored_sha256, 'the file as written')
      for (const profile of ['strict', 'legacy'] satisfies LxencProfile[]) {
        const expected = vector[profile]
        const secrets = { masterKey, engine, profile }
        const open = () => openLxenc(bytesSource(bytes), secrets)
        const index = async () => {
          await readLxencIndex(bytesSource(bytes), { profile })
          return inChunks(new Uint8Array())
        }
        await check(index, expected.index, 0)
        await check(async () => (await open()).stream(), expected.object, vector.plaintext_size)
        await check(async () => openLxencStream(inChunks(bytes, 65_521), secrets), expected.stream, vector.plaintext_size)
        if (expected.object === null) await checkRanges(await open(), vector.plaintext_size)
      }
    },
  }
}

export function ownCases(files: VectorFiles): Case[] {
  const manifest = JSON.parse(new TextDecoder().decode(files.get('manifest.json'))) as OwnManifest
  const file = (vector: { file: string | null }) => (vector.file === null ? undefined : files.get(vector.file))
  return [
    ...manifest.floe.map((vector) => floeCase(vector, file(vector))),
    ...manifest.lxenc.map((vector) => lxencCase(vector, file(vector))),
  ]
}
