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
async function makeBases() {
  const [base, other] = await Promise.all([seal({ name: 'base', size: 112 }), seal({ name: 'other', size: 112 })])
  const { bytes } = base
  const records = { first: bytes.slice(216, 268), second: bytes.slice(268, 320), third: bytes.slice(320, 372), last: bytes.slice(372) }
  return { base, bytes, other: other.bytes, header: bytes.slice(0, 216), ...records }
}

type Bases = Awaited<ReturnType<typeof makeBases>>
type Damage = [name: string, change: (bases: Bases) => Uint8Array, expected: Expectation]

const cutInLast: Expectation = {
  strict: { ...refused('record-cut', 372), stream: fails('record-cut', 372, 96) },
  legacy: broken('record-cut', 372, 96),
}

const damages: Damage[] = [
  ['nothing', () => new Uint8Array(), everywhere(refused('not-a-container', 0))],
  ['other-magic', ({ bytes }) => flip(bytes, 6), everywhere(refused('not-a-container', 0))],
  ['cut-in-magic', ({ bytes }) => bytes.slice(0, 7), everywhere(refused('not-a-container', 0))],
  ['magic-alone', ({ bytes }) => bytes.slice(0, 8), everywhere(refused('header-cut', 8))],
  ['cut-in-header', ({ bytes }) => bytes.slice(0, 215), everywhere(refused('header-cut', 215))],
  ['header-length-0', ({ bytes }) => patch(bytes, 8, be32(0)), everywhere(refused('header-length', 8))],
  ['flip-in-wrapped-key', ({ bytes }) => patch(bytes, 160, utf8(bytes[160] === 65 ? 'B' : 'A')), everywhere(broken('wrap-forged', 12))],
  [
    'cut-in-length',
    ({ bytes }) => bytes.slice(0, 375),
    everywhere({ ...refused('record-cut', 372), stream: fails('record-cut', 372, 96) }),
  ],
  ['cut-of-20', ({ bytes }) => bytes.slice(0, 392), cutInLast],
  ['cut-of-21', ({ bytes }) => bytes.slice(0, 393), cutInLast],
  ['cut-last-byte', ({ bytes }) => bytes.slice(0, 407), cutInLast],
  ['swap', ({ header, first, second, third, last }) => join(header, second, first, third, last), everywhere(broken('record-forged', 216))],
  ['drop', ({ header, first, third, last }) => join(header, first, third, last), everywhere(broken('record-forged', 268, 32))],
  ['repeat', ({ header, first, third, last }) => join(header, first, first, third, last), everywhere(broken('record-forged', 268, 32))],
  ['record-of-another-file', ({ bytes, other }) => patch(bytes, 216, other.slice(216, 268)), everywhere(broken('record-forged', 216))],
  ['header-of-another-file', ({ bytes, other }) => patch(bytes, 0, other.slice(0, 216)), everywhere(broken('record-forged', 216))],
  ['flip-ciphertext', ({ bytes }) => flip(bytes, 280), everywhere(broken('record-forged', 268, 32))],
  ['flip-last-tag', ({ bytes }) => flip(bytes, 407), everywhere(broken('record-forged', 372, 96))],
  [
    'length-too-long',
    ({ bytes }) => patch(bytes, 216, be32(49)),
    { strict: broken('record-length', 216), legacy: broken('record-forged', 216) },
  ],
  [
    'append-a-record',
    ({ bytes, last }) => join(bytes, last),
    {
      strict: { ...refused('record-cut', 424), stream: fails('record-short', 372, 96) },
      legacy: broken('record-forged', 408, 112),
    },
  ],
]

async function damaged(): Promise<Made<LxencVector>[]> {
  const bases = await makeBases()
  const { recipe, bytes } = bases.base
  const unseen = (name: string, length: number, size: number) =>
    describe(name, { recipe: { ...recipe, size }, bytes: bytes.slice(0, length), written: false }, opens)
  const wrongKey = { recipe: { ...recipe, key: MASTER_KEY.slice().reverse() }, bytes, written: false }
  return await Promise.all([
    unseen('unseen-cut-after-first', 268, 32),
    unseen('unseen-cut-all', 216, 0),
    describe('neg-wrong-key', wrongKey, everywhere(broken('wrap-forged', 12))),
    ...damages.map(([name, change, expected]) => describe(`neg-${name}`, { recipe, bytes: change(bases), written: false }, expected)),
  ])
}

/** How the header's JSON differs from the written form, and the chunks behind it, [32, 8] unless given. */
type Shaping = [name: string, change: (json: string) => string, expected: Expectation, chunks?: number[]]

const replace = (from: RegExp | string, to: string) => (json: string) => json.replace(from, to)
/** Where in the file the written header has these members. */
const [ALGORITHM, CHUNK_SIZE, NONCE_PREFIX, VERSION] = [13, 45, 61, 91]
const strictly = (kind: string, offset: number): Expectation => legacyOnly(refused(kind, offset))
const always = (kind: string, offset: number): Expectation => everywhere(refused(kind, offset))

/** The chunks were sealed with these headers, so only the rules for headers, or for the lengths of records, decide. */
const shapings: Shaping[] = [
  ['pos-other-order', (json) => JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(json) as object).reverse()), null, 2), opens],
  ['pos-escaped', replace('"algorithm"', '"\\u0061lgorithm"'), opens],
  ['neg-version-2', replace('"version":1', '"version":2'), strictly('header-version', VERSION)],
  ['neg-version-float', replace('"version":1', '"version":1.0'), strictly('header-version', VERSION)],
  ['neg-version-text', replace('"version":1', '"version":"1"'), strictly('header-version', VERSION)],
  ['neg-version-true', replace('"version":1', '"version":true'), strictly('header-version', VERSION)],
  ['neg-chunk-size-text', replace(':32,', ':"32",'), strictly('header-field-type', CHUNK_SIZE)],
  ['neg-chunk-size-float', replace(':32,', ':32.0,'), strictly('header-field-type', CHUNK_SIZE)],
  ['neg-chunk-size-0', replace(':32,', ':0,'), strictly('header-chunk-size', CHUNK_SIZE)],
  ['neg-chunk-size-negative', replace(':32,', ':-32,'), strictly('header-chunk-size', CHUNK_SIZE)],
  ['neg-chunk-size-huge', replace(':32,', ':67108865,'), strictly('header-chunk-size', CHUNK_SIZE)],
  ['neg-unknown-field', replace('"version"', '"key_id":{"a":["]}"]},"version"'), strictly('header-field-unknown', VERSION)],
  ['neg-repeated-field', replace('"version":1', '"version":1,"version":1'), strictly('header-field-repeated', VERSION + 12)],
  ['neg-header-over-64k', (json) => json + ' '.repeat(65_536), strictly('header-length', 8)],
  ['neg-missing-field', replace('"version":1,', ''), always('header-field-missing', 12)],
  ['neg-other-algorithm', replace('chunked-v1', 'chunked-v2'), always('header-algorithm', ALGORITHM)],
  ['neg-algorithm-number', replace('"AESGCM-chunked-v1"', '1'), always('header-algorithm', ALGORITHM)],
  ['neg-unpadded', replace(/=","version/, '","version'), always('header-field-encoding', NONCE_PREFIX)],
  ['neg-prefix-of-7', replace(/"nonce_prefix":"[^"]*"/, '"nonce_prefix":"AAAAAAAAAA=="'), always('header-field-size', NONCE_PREFIX)],
  ['neg-prefix-number', replace(/"nonce_prefix":"[^"]*"/, '"nonce_prefix":7'), always('header-field-type', NONCE_PREFIX)],
  ['neg-array', () => '[1]', always('header-json', 12)],
  ['neg-cut-json', (json) => json.slice(0, -1), always('header-json', 12)],
  ['neg-bom', (json) => `\uFEFF${json}`, always('header-json', 12)],
  [
    'neg-short-in-middle',
    (json) => json,
    legacyOnly({ ...refused('record-length', 320), stream: fails('record-short', 268, 32) }),
    [32, 8, 32],
  ],
  [
    'neg-empty-record',
    (json) => json,
    {
      strict: { ...refused('record-cut', 268), stream: fails('record-length', 268, 32) },
      legacy: { ...refused('record-length', 268), stream: fails('record-length', 268, 32) },
    },
    [32, 0],
  ],
]

async function shaped([name, header, expected, chunks = [32, 8]]: Shaping): Promise<Made<LxencVector>> {
  const size = chunks.reduce((sum, length) => sum + length, 0)
  return await describe(name, await sealShaped({ name, size }, { header, chunks }), expected)
}

export async function makeLxencVectors(): Promise<Made<LxencVector>[]> {
  const positive = recipes.map(async (recipe) => describe(recipe.name, await seal(recipe), opens))
  return [...(await Promise.all([...positive, ...shapings.map(shaped)])), ...(await damaged())]
}
