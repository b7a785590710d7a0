/** The project's own FLOE vectors: what they are made of and, written down by hand, what a reader must make of each. */
import { createFloeHeader, holdfastAad, sealFloe, unlockFloe } from '../src/index.ts'
import { be32, collect, flip, fromHex, hexOf, inChunks, join, patch, seededRandom, sha256, utf8, vectorPlaintext } from './vector-bytes.ts'

/** A failure, and how many bytes of authentic plaintext a reader that goes from the start may give out before it. */
export type Failure = { kind: string; offset: number | null; released: number }
export type FloeVector = {
  name: string
  /** Null where the object is large: it is made from the rules and compared by digest. */
  file: string | null
  file_key: string
  aad: string
  segment_length: number
  seed: string
  plaintext_size: number
  plaintext_sha256: string
  stored_size: number
  stored_sha256: string
  /** What reading the object at any place gives, last segment first; null where it opens. */
  object: Failure | null
  /** What reading it as a stream gives. */
  stream: Failure | null
}
export type Made<V> = { vector: V; bytes: Uint8Array }

const FILE_KEY = Uint8Array.from({ length: 32 }, (_, index) => index)
const AAD = 'holdfast vectors'
const HOLDFAST_AAD = new TextDecoder().decode(
  holdfastAad({ tenantId: '01890a5d-ac96-774b-bcce-b302099a8057', fileId: '01890a5d-ac96-774b-bcce-b302099a8058' }),
)

type Recipe = { name: string; size: number; segmentLength?: number; aad?: string; key?: Uint8Array; seed?: string }
type Sealed = { recipe: Required<Recipe>; bytes: Uint8Array }

async function seal(recipe: Recipe): Promise<Sealed> {
  const whole = { segmentLength: 40, aad: AAD, key: FILE_KEY, seed: `holdfast:floe:${recipe.name}`, ...recipe }
  const count = Math.max(1, Math.ceil(whole.size / (whole.segmentLength - 32)))
  const random = await seededRandom(whole.seed, [32, ...Array<number>(count).fill(12)])
  const secrets = { fileKey: whole.key, aad: utf8(whole.aad), segmentLength: whole.segmentLength, random }
  return { recipe: whole, bytes: await collect(sealFloe(inChunks(vectorPlaintext(whole.size), 65_536), secrets)) }
}

type Expectation = { object: Failure | null; stream: Failure | null }

async function describe(name: string, sealed: Sealed, expected: Expectation): Promise<Made<FloeVector>> {
  const { recipe, bytes } = sealed
  const vector: FloeVector = {
    name,
    file: bytes.length > 65_536 ? null : `floe/${name}.bin`,
    file_key: hexOf(recipe.key),
    aad: recipe.aad,
    segment_length: recipe.segmentLength,
    seed: recipe.seed,
    plaintext_size: recipe.size,
    plaintext_sha256: await sha256(vectorPlaintext(recipe.size)),
    stored_size: bytes.length,
    stored_sha256: await sha256(bytes),
    ...expected,
  }
  return { vector, bytes }
}

const opens: Expectation = { object: null, stream: null }
const fails = (kind: string, offset: number | null, released = 0): Failure => ({ kind, offset, released })
/** The same failure whichever way it is read, before any plaintext is given out where the object is read at any place. */
const both = (kind: string, offset: number | null, released = 0): Expectation => ({
  object: fails(kind, offset),
  stream: fails(kind, offset, released),
})

const recipes: Recipe[] = [
  ...[0, 1, 7, 8, 9, 16, 20].map((size) => ({ name: `pos-40-${size}`, size })),
  ...[0, 4063, 4064, 4065, 12_192].map((size) => ({ name: `pos-4k-${size}`, size, segmentLength: 4096 })),
  { name: 'pos-33-3', size: 3, segmentLength: 33 },
  { name: 'pos-empty-aad', size: 20, aad: '' },
  { name: 'pos-utf8-aad', size: 20, aad: 'Beweis Nr. 7 – Ø/證據' },
  { name: 'pos-holdfast-0', size: 0, segmentLength: 1_048_576, aad: HOLDFAST_AAD },
  { name: 'pos-holdfast-1m', size: 1_048_544, segmentLength: 1_048_576, aad: HOLDFAST_AAD },
  { name: 'pos-holdfast-part', size: 8 * 1_048_544 + 5, segmentLength: 1_048_576, aad: HOLDFAST_AAD },
]

/** Header 0–74, segments of 40 bytes at 74 and 114, the last one of 36 at 154; 190 bytes with 8 + 8 + 4 of plaintext. */
async function makeBases() {
  const [base, full, other, foreign] = await Promise.all([
    seal({ name: 'base', size: 20 }),
    seal({ name: 'base-full', size: 16 }),
    seal({ name: 'other', size: 20 }),
    seal({ name: 'foreign', size: 20, aad: 'holdfast vectors, another file' }),
  ])
  const { bytes } = base
  const segments = { header: bytes.slice(0, 74), first: bytes.slice(74, 114), second: bytes.slice(114, 154), last: bytes.slice(154) }
  return { base, bytes, full: full.bytes, other: other.bytes, foreign: foreign.bytes, ...segments }
}

type Bases = Awaited<ReturnType<typeof makeBases>>
type Damage = [name: string, change: (bases: Bases) => Uint8Array, expected: Expectation]

const forged = (offset: number, released = 0) => fails('segment-forged', offset, released)

const cuts: Damage[] = [
  ['nothing', () => new Uint8Array(), both('header-cut', 0)],
  ['cut-in-header', ({ bytes }) => bytes.slice(0, 73), both('header-cut', 0)],
  ['cut-all-segments', ({ header }) => header, both('truncated', 74)],
  ['cut-at-border', ({ bytes }) => bytes.slice(0, 154), both('truncated', 114, 8)],
  ['cut-in-middle-short', ({ bytes }) => bytes.slice(0, 130), both('segment-cut', 114, 8)],
  ['cut-in-middle', ({ bytes }) => bytes.slice(0, 150), both('segment-cut', 114, 8)],
  ['cut-in-last-short', ({ bytes }) => bytes.slice(0, 180), both('segment-cut', 154, 16)],
  ['cut-in-last', ({ bytes }) => bytes.slice(0, 189), both('segment-cut', 154, 16)],
]

const misplaced: Damage[] = [
  ['drop-first', ({ header, second, last }) => join(header, second, last), { object: forged(114), stream: forged(74) }],
  ['drop-middle', ({ header, first, last }) => join(header, first, last), { object: forged(114), stream: forged(114, 8) }],
  ['swap', ({ header, first, second, last }) => join(header, second, first, last), { object: forged(74), stream: forged(74) }],
  [
    'repeat',
    ({ header, first, second, last }) => join(header, first, second, second, last),
    { object: forged(194), stream: forged(154, 16) },
  ],
  [
    'last-repeated',
    ({ bytes, last }) => join(bytes, last),
    { object: fails('segment-length', 194), stream: fails('trailing-bytes', 190, 16) },
  ],
  ['segment-of-another-file', ({ bytes, other }) => patch(bytes, 74, other.slice(74, 114)), { object: forged(74), stream: forged(74) }],
  ['header-of-another-file', ({ bytes, other }) => patch(bytes, 0, other.slice(0, 74)), { object: forged(154), stream: forged(74) }],
  ['header-of-another-aad', ({ bytes, foreign }) => patch(bytes, 0, foreign.slice(0, 74)), both('header-forged', 0)],
  ['wrong-aad', ({ foreign }) => foreign, both('header-forged', 0)],
  ['append-a-byte', ({ bytes }) => join(bytes, Uint8Array.of(0)), both('trailing-bytes', 190, 16)],
]

const flips: Damage[] = [
  ['flip-aead-id', ({ bytes }) => flip(bytes, 0), both('not-a-container', 0)],
  ['flip-kdf-id', ({ bytes }) => flip(bytes, 1), both('not-a-container', 0)],
  ['flip-segment-length', ({ bytes }) => flip(bytes, 5), both('header-forged', 0)],
  ['segment-length-32', ({ bytes }) => patch(bytes, 2, be32(32)), both('header-segment-length', 2)],
  ['segment-length-huge', ({ bytes }) => patch(bytes, 2, be32(0xffff_ffff)), both('header-segment-length', 2)],
  ['flip-iv-length', ({ bytes }) => flip(bytes, 9), both('not-a-container', 0)],
  ['flip-iv', ({ bytes }) => flip(bytes, 10, 7), both('header-forged', 0)],
  ['flip-header-tag', ({ bytes }) => flip(bytes, 73), both('header-forged', 0)],
  ['flip-segment-iv', ({ bytes }) => flip(bytes, 78), { object: forged(74), stream: forged(74) }],
  ['flip-ciphertext', ({ bytes }) => flip(bytes, 132), { object: forged(114, 8), stream: forged(114, 8) }],
  ['flip-tag', ({ bytes }) => flip(bytes, 113), { object: forged(74), stream: forged(74) }],
  ['flip-last-ciphertext', ({ bytes }) => flip(bytes, 172), { object: forged(154), stream: forged(154, 16) }],
]

const lengthFields: Damage[] = [
  ['flip-length-field', ({ bytes }) => flip(bytes, 77), both('segment-length', 74)],
  ['middle-says-last', ({ bytes }) => patch(bytes, 74, be32(40)), both('trailing-bytes', 114)],
  ['last-length-less', ({ bytes }) => patch(bytes, 154, be32(35)), both('trailing-bytes', 189, 16)],
  ['last-length-more', ({ bytes }) => patch(bytes, 154, be32(37)), both('segment-cut', 154, 16)],
  ['last-length-none', ({ bytes }) => patch(bytes, 154, be32(31)), both('segment-length', 154, 16)],
  ['last-says-not-last', ({ bytes }) => patch(bytes, 154, be32(0xffff_ffff)), both('segment-cut', 154, 16)],
  ['full-last-says-not-last', ({ full }) => patch(full, 114, be32(0xffff_ffff)), both('truncated', 114, 8)],
  ['cut-and-marked-last', ({ bytes }) => patch(bytes.slice(0, 114), 74, be32(40)), { object: forged(74), stream: forged(74) }],
  [
    'append-to-full',
    ({ full }) => join(full, Uint8Array.of(0)),
    { object: fails('segment-cut', 154), stream: fails('trailing-bytes', 154, 8) },
  ],
]

async function damaged(): Promise<Made<FloeVector>[]> {
  const bases = await makeBases()
  const { recipe, bytes } = bases.base
  const wrongKey = { recipe: { ...recipe, key: FILE_KEY.slice().reverse() }, bytes }
  return await Promise.all([
    describe('neg-wrong-key', wrongKey, both('header-forged', 0)),
    ...[...cuts, ...misplaced, ...flips, ...lengthFields].map(([name, change, expected]) =>
      describe(`neg-${name}`, { recipe, bytes: change(bases) }, expected),
    ),
  ])
}

/** A segment that was sealed a second time, as after a part was sent again, fits as well as the first did. */
async function resealed(): Promise<Made<FloeVector>> {
  const base = await seal({ name: 'base', size: 20 })
  const secrets = { fileKey: FILE_KEY, aad: utf8(AAD) }
  const again = await unlockFloe({ ...secrets, header: base.bytes, random: await seededRandom('holdfast:floe:again', [12]) })
  const second = await again.sealSegment({ index: 1, isLast: false }, vectorPlaintext(20).subarray(8, 16))
  return describe('pos-sealed-again', { recipe: base.recipe, bytes: patch(base.bytes, 114, second) }, opens)
}

/** Where a writer ends with an empty segment behind a full one, as other implementations do. */
async function emptyLast(): Promise<Made<FloeVector>> {
  const seed = 'holdfast:floe:empty-last'
  const random = await seededRandom(seed, [32, 12, 12])
  const secrets = { fileKey: FILE_KEY, aad: utf8(AAD), segmentLength: 40, random }
  const file = await unlockFloe({ ...secrets, header: await createFloeHeader(secrets) })
  const first = await file.sealSegment({ index: 0, isLast: false }, vectorPlaintext(8))
  const bytes = join(file.header, first, await file.sealSegment({ index: 1, isLast: true }, fromHex('')))
  return describe(
    'pos-empty-last',
    { recipe: { name: 'empty-last', size: 8, segmentLength: 40, aad: AAD, key: FILE_KEY, seed }, bytes },
    opens,
  )
}

export async function makeFloeVectors(): Promise<Made<FloeVector>[]> {
  const positive = recipes.map(async (recipe) => describe(recipe.name, await seal(recipe), opens))
  return [...(await Promise.all([...positive, resealed(), emptyLast()])), ...(await damaged())]
}
