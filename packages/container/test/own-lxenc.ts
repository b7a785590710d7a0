/** The project's own LXENC01 vectors: what they are made of and, written down by hand, what a reader must make of each. */
import { createLxenc, LXENC_MAGIC, lxencSealer, sealLxenc } from '../src/index.ts'
import type { Failure, Made } from './own-floe.ts'
import { be32, collect, flip, hexOf, inChunks, join, patch, seededRandom, sha256, utf8, vectorPlaintext } from './vector-bytes.ts'

/** What one profile makes of a file: by its index alone, read at any place, and read as a stream. Null where it opens. */
export type ProfileExpectation = { index: Failure | null; object: Failure | null; stream: Failure | null }
export type LxencVector = {
  name: string
  file: string | null
  master_key: string
  chunk_size: number
  seed: string
  plaintext_size: number
  plaintext_sha256: string
  stored_size: number
  stored_sha256: string
  /** Whether sealing the plaintext under the seed makes these bytes. */
  written: boolean
  strict: ProfileExpectation
  legacy: ProfileExpectation
}

const MASTER_KEY = Uint8Array.from({ length: 32 }, (_, index) => index)
const DRAWS = [32, 12, 8]

type Recipe = { name: string; size: number; chunkSize?: number; key?: Uint8Array }
type Source = { recipe: Required<Recipe>; bytes: Uint8Array; written: boolean }

const complete = (recipe: Recipe): Required<Recipe> => ({ chunkSize: 32, key: MASTER_KEY, ...recipe })
const seedOf = (recipe: Recipe) => `holdfast:lxenc:${recipe.name}`

async function seal(recipe: Recipe): Promise<Source> {
  const whole = complete(recipe)
  const random = await seededRandom(seedOf(recipe), DRAWS)
  const stream = sealLxenc(inChunks(vectorPlaintext(whole.size), 65_536), { masterKey: whole.key, chunkSize: whole.chunkSize, random })
  return { recipe: whole, bytes: await collect(stream), written: true }
}

/** A file with a header of another shape, which is what its chunks authenticate, and chunks of any lengths. */
async function sealShaped(recipe: Recipe, shape: { header(json: string): string; chunks: number[] }): Promise<Source> {
  const whole = complete(recipe)
  const random = await seededRandom(seedOf(recipe), DRAWS)
  const { fileKey } = await createLxenc({ masterKey: whole.key, chunkSize: whole.chunkSize, random })
  const raw = utf8(shape.header(new TextDecoder().decode(fileKey.raw)))
  const sealer = await lxencSealer({ ...fileKey, raw })
  const pieces = [LXENC_MAGIC, be32(raw.length), raw]
  let at = 0
  for (const [index, length] of shape.chunks.entries()) {
    const record = new Uint8Array(length + 20)
    await sealer.sealChunkInto(record, index, vectorPlaintext(whole.size).subarray(at, at + length))
    pieces.push(record)
    at += length
  }
  return { recipe: whole, bytes: join(...pieces), written: false }
}

type Expectation = { strict: ProfileExpectation; legacy: ProfileExpectation }

async function describe(name: string, source: Source, expected: Expectation): Promise<Made<LxencVector>> {
  const { recipe, bytes, written } = source
  const vector: LxencVector = {
    name,
    file: bytes.length > 131_072 ? null : `lxenc/${name}.lxenc`,
    master_key: hexOf(recipe.key),
    chunk_size: recipe.chunkSize,
    seed: seedOf(recipe),
    plaintext_size: recipe.size,
    plaintext_sha256: await sha256(vectorPlaintext(recipe.size)),
    stored_size: bytes.length,
    stored_sha256: await sha256(bytes),
    written,
    ...expected,
  }
  return { vector, bytes }
}

const fails = (kind: string, offset: number | null, released = 0): Failure => ({ kind, offset, released })
const fine: ProfileExpectation = { index: null, object: null, stream: null }
const opens: Expectation = { strict: fine, legacy: fine }
/** The header itself is refused, so everything is. */
const refused = (kind: string, offset: number): ProfileExpectation => ({
  index: fails(kind, offset),
  object: fails(kind, offset),
  stream: fails(kind, offset),
})
/** The layout is sound; opening fails. */
const broken = (kind: string, offset: number, released = 0): ProfileExpectation => ({
  index: null,
  object: fails(kind, offset, released),
  stream: fails(kind, offset, released),
})
const everywhere = (expected: ProfileExpectation): Expectation => ({ strict: expected, legacy: expected })
const legacyOnly = (strict: ProfileExpectation): Expectation => ({ strict, legacy: fine })

const recipes: Recipe[] = [
  ...[0, 1, 31, 32, 33, 64].map((size) => ({ name: `pos-32-${size}`, size })),
  { name: 'pos-chunk-1', size: 5, chunkSize: 1 },
  { name: 'pos-64k-exact', size: 65_536, chunkSize: 65_536 },
  { name: 'pos-key16', size: 40, key: MASTER_KEY.slice(0, 16) },
  { name: 'pos-key24', size: 40, key: MASTER_KEY.slice(0, 24) },
  { name: 'pos-1m', size: 2 * 1_048_576 + 1, chunkSize: 1_048_576 },
]

/** Header of 204 bytes at 12, records of 52 bytes at 216, 268 and 320, the last one of 36 at 372; 408 bytes, 112 of plaintext. */
async function damagedBody(): Promise<Promise<Made<LxencVector>>[]> {
  const base = await seal({ name: 'base', size: 112 })
  const other = await seal({ name: 'other', size: 112 })
  const { bytes } = base
  const header = bytes.slice(0, 216)
  const [first, second, third, last] = [bytes.slice(216, 268), bytes.slice(268, 320), bytes.slice(320, 372), bytes.slice(372)]
  const make = (name: string, changed: Uint8Array, expected: Expectation) =>
    describe(name, { recipe: base.recipe, bytes: changed, written: false }, expected)
  const unseen = (name: string, length: number, size: number) =>
    describe(name, { recipe: { ...base.recipe, size }, bytes: bytes.slice(0, length), written: false }, opens)
  const cut = (offset: number, released: number): Expectation => ({
    strict: { ...refused('record-cut', offset), stream: fails('record-cut', offset, released) },
    legacy: broken('record-cut', offset, released),
  })
  const cutLength = (offset: number, released: number) =>
    everywhere({ ...refused('record-cut', offset), stream: fails('record-cut', offset, released) })
  return [
    unseen('unseen-cut-after-first', 268, 32),
    unseen('unseen-cut-all', 216, 0),
    make('neg-wrong-key', bytes, everywhere(broken('wrap-forged', 12))).then(async (made) => ({
      ...made,
      vector: { ...made.vector, master_key: hexOf(MASTER_KEY.slice().reverse()) },
    })),
    make('neg-cut-in-length', bytes.slice(0, 375), cutLength(372, 96)),
    make('neg-cut-of-20', bytes.slice(0, 392), cut(372, 96)),
    make('neg-cut-of-21', bytes.slice(0, 393), cut(372, 96)),
    make('neg-cut-last-byte', bytes.slice(0, 407), cut(372, 96)),
    make('neg-swap', join(header, second, first, third, last), everywhere(broken('record-forged', 216))),
    make('neg-drop', join(header, first, third, last), everywhere(broken('record-forged', 268, 32))),
    make('neg-repeat', join(header, first, first, third, last), everywhere(broken('record-forged', 268, 32))),
    make(
      'neg-record-of-another-file',
      join(header, other.bytes.slice(216, 268), second, third, last),
      everywhere(broken('record-forged', 216)),
    ),
    make('neg-header-of-another-file', patch(bytes, 0, other.bytes.slice(0, 216)), everywhere(broken('record-forged', 216))),
    make('neg-flip-ciphertext', flip(bytes, 280), everywhere(broken('record-forged', 268, 32))),
    make('neg-flip-last-tag', flip(bytes, 407), everywhere(broken('record-forged', 372, 96))),
    make('neg-length-too-long', patch(bytes, 216, be32(49)), {
      strict: broken('record-length', 216),
      legacy: broken('record-forged', 216),
    }),
    make('neg-append-a-record', join(bytes, last), {
      strict: { index: fails('record-cut', 424), object: fails('record-cut', 424), stream: fails('record-short', 372, 96) },
      legacy: broken('record-forged', 408, 112),
    }),
  ]
}

const header = (change: (json: string) => string) => ({ header: change, chunks: [32, 8] })
const swap = (from: RegExp | string, to: string) => header((json) => json.replace(from, to))

/** Headers that differ from the written form; the chunks were sealed with them, so only the header's rules decide. */
function shaped(): Promise<Made<LxencVector>>[] {
  const at = 12
  const make = async (name: string, shape: { header(json: string): string; chunks: number[] }, expected: Expectation, size = 40) =>
    describe(name, await sealShaped({ name, size }, shape), expected)
  const strictly = (kind: string, offset: number) => legacyOnly(refused(kind, offset))
  return [
    make(
      'pos-other-order-and-spaces',
      header((json) => JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(json) as object).reverse()), null, 2)),
      opens,
    ),
    make('pos-escaped', swap('"algorithm"', '"\\u0061lgorithm"'), opens),
    make('neg-version-2', swap('"version":1', '"version":2'), strictly('header-version', at + 79)),
    make('neg-version-float', swap('"version":1', '"version":1.0'), strictly('header-version', at + 79)),
    make('neg-version-text', swap('"version":1', '"version":"1"'), strictly('header-version', at + 79)),
    make('neg-version-true', swap('"version":1', '"version":true'), strictly('header-version', at + 79)),
    make('neg-chunk-size-text', swap(':32,', ':"32",'), strictly('header-field-type', at + 33)),
    make('neg-chunk-size-float', swap(':32,', ':32.0,'), strictly('header-field-type', at + 33)),
    make('neg-chunk-size-0', swap(':32,', ':0,'), strictly('header-chunk-size', at + 33)),
    make('neg-chunk-size-negative', swap(':32,', ':-32,'), strictly('header-chunk-size', at + 33)),
    make('neg-chunk-size-huge', swap(':32,', ':67108865,'), strictly('header-chunk-size', at + 33)),
    make('neg-unknown-field', swap('"version"', '"key_id":{"a":["]}"]},"version"'), strictly('header-field-unknown', at + 79)),
    make('neg-repeated-field', swap('"version":1', '"version":1,"version":1'), strictly('header-field-repeated', at + 91)),
    make(
      'neg-header-over-64k',
      header((json) => json + ' '.repeat(65_536)),
      strictly('header-length', 8),
    ),
    make('neg-missing-field', swap('"version":1,', ''), everywhere(refused('header-field-missing', at))),
    make('neg-other-algorithm', swap('chunked-v1', 'chunked-v2'), everywhere(refused('header-algorithm', at + 1))),
    make('neg-algorithm-number', swap('"AESGCM-chunked-v1"', '1'), everywhere(refused('header-algorithm', at + 1))),
    make('neg-unpadded', swap(/=","version/, '","version'), everywhere(refused('header-field-encoding', at + 49))),
    make(
      'neg-prefix-of-7',
      swap(/"nonce_prefix":"[^"]*"/, '"nonce_prefix":"AAAAAAAAAA=="'),
      everywhere(refused('header-field-size', at + 49)),
    ),
    make('neg-prefix-number', swap(/"nonce_prefix":"[^"]*"/, '"nonce_prefix":7'), everywhere(refused('header-field-type', at + 49))),
    make(
      'neg-array',
      header(() => '[1]'),
      everywhere(refused('header-json', at)),
    ),
    make(
      'neg-cut-json',
      header((json) => json.slice(0, -1)),
      everywhere(refused('header-json', at)),
    ),
    make(
      'neg-bom',
      header((json) => `\uFEFF${json}`),
      everywhere(refused('header-json', at)),
    ),
    make(
      'neg-short-in-middle',
      { header: (json) => json, chunks: [32, 8, 32] },
      {
        strict: { index: fails('record-length', 320), object: fails('record-length', 320), stream: fails('record-short', 268, 32) },
        legacy: fine,
      },
      72,
    ),
    make(
      'neg-empty-record',
      { header: (json) => json, chunks: [32, 0] },
      {
        strict: { ...refused('record-cut', 268), stream: fails('record-length', 268, 32) },
        legacy: { ...refused('record-length', 268), stream: fails('record-length', 268, 32) },
      },
      32,
    ),
  ]
}

/** Files that are cut or foreign before the header's JSON begins. */
async function damagedStart(): Promise<Promise<Made<LxencVector>>[]> {
  const base = await seal({ name: 'base', size: 112 })
  const make = (name: string, bytes: Uint8Array, expected: ProfileExpectation) =>
    describe(name, { recipe: base.recipe, bytes, written: false }, everywhere(expected))
  return [
    make('neg-nothing', new Uint8Array(), refused('not-a-container', 0)),
    make('neg-other-magic', flip(base.bytes, 6), refused('not-a-container', 0)),
    make('neg-cut-in-magic', base.bytes.slice(0, 7), refused('not-a-container', 0)),
    make('neg-magic-alone', base.bytes.slice(0, 8), refused('header-cut', 8)),
    make('neg-cut-in-header', base.bytes.slice(0, 215), refused('header-cut', 215)),
    make('neg-header-length-0', patch(base.bytes, 8, be32(0)), refused('header-length', 8)),
    make('neg-flip-in-wrapped-key', patch(base.bytes, 160, utf8(base.bytes[160] === 65 ? 'B' : 'A')), broken('wrap-forged', 12)),
  ]
}

export async function makeLxencVectors(): Promise<Made<LxencVector>[]> {
  const positive = recipes.map(async (recipe) => describe(recipe.name, await seal(recipe), opens))
  return Promise.all([...positive, ...(await damagedBody()), ...shaped(), ...(await damagedStart())])
}
