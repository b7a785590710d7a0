import { concatBytes } from '../bytes.ts'
import { ContainerError } from '../errors.ts'
import { type ContainerReader, readerOf } from '../reader.ts'
import { type ByteSource, type ReadOptions, readExactly, type StreamCursor, streamCursor } from '../source.ts'
import { createLxenc, type LxencSecrets, lxencOpener, lxencSealer, recordLength, unwrapLxenc } from './chunks.ts'
import { assertRecordFits, cutHeader, headerLengthOf, type LxencIndex, readLxencIndex, shortRecord } from './file-index.ts'
import { LXENC_PREFIX_BYTES, type LxencHeader, type LxencProfile, parseLxencHeader } from './header.ts'
import { LXENC_RECORD_OVERHEAD, recordsCovering } from './spans.ts'

/** No record is taken into memory beyond this, whatever an older writer's length field says. */
const MAX_RECORD_BYTES = 2 ** 30

/**
 * Seals a stream of any length, in chunks of any size: yields magic and header, then one record at a time, all but the last full.
 * The nonces count up from 0 under a fresh key, so that a broken-off sealing can only start over.
 */
export async function* sealLxenc(
  plaintext: AsyncIterable<Uint8Array>,
  secrets: LxencSecrets & { chunkSize?: number },
): AsyncGenerator<Uint8Array> {
  const { prefix, chunkSize, fileKey } = await createLxenc(secrets)
  const sealer = await lxencSealer(fileKey, secrets.engine)
  yield prefix
  const cursor = streamCursor(plaintext)
  try {
    for (let index = 0; !(await cursor.atEnd()); index += 1) {
      const chunk = await cursor.take(chunkSize)
      const record = new Uint8Array(chunk.length + LXENC_RECORD_OVERHEAD)
      await sealer.sealChunkInto(record, index, chunk)
      yield record
    }
  } finally {
    await cursor.close()
  }
}

async function takeHeader(cursor: StreamCursor, profile: LxencProfile): Promise<LxencHeader> {
  const length = headerLengthOf(await cursor.take(LXENC_PREFIX_BYTES), profile)
  const raw = await cursor.take(length)
  if (raw.length < length) throw cutHeader(cursor.offset)
  return parseLxencHeader(raw, profile)
}

/** The next record with its length field. */
async function takeRecord(cursor: StreamCursor, record: { index: number; limit: number }): Promise<Uint8Array> {
  const offset = cursor.offset
  const { index } = record
  const field = await cursor.take(4)
  if (field.length < 4) throw new ContainerError('record-cut', `The file ends inside the length of record ${index}`, offset)
  const length = recordLength(field, { ...record, offset })
  const bytes = await cursor.take(length)
  if (bytes.length === length) return concatBytes([field, bytes])
  throw new ContainerError('record-cut', `The file ends inside record ${index}: ${bytes.length} of ${length} bytes are there`, offset)
}

/**
 * Opens a stream that cannot be read at any place: yields the plaintext of each chunk once it is authenticated. The format does not
 * authenticate its end: compare size and digest of what came out with those kept elsewhere.
 */
export async function* openLxencStream(
  stored: AsyncIterable<Uint8Array>,
  secrets: LxencSecrets & { profile?: LxencProfile },
): AsyncGenerator<Uint8Array> {
  const cursor = streamCursor(stored)
  try {
    yield* openRecords(cursor, secrets)
  } finally {
    await cursor.close()
  }
}

async function* openRecords(cursor: StreamCursor, secrets: LxencSecrets & { profile?: LxencProfile }): AsyncGenerator<Uint8Array> {
  const profile = secrets.profile ?? 'strict'
  const header = await takeHeader(cursor, profile)
  const opener = await lxencOpener(await unwrapLxenc(header, secrets), secrets.engine)
  const limit = profile === 'strict' ? header.chunkSize : MAX_RECORD_BYTES
  for (let index = 0; !(await cursor.atEnd()); index += 1) {
    const offset = cursor.offset
    const plaintext = await opener.openRecord({ index, offset }, await takeRecord(cursor, { index, limit }))
    if (profile === 'strict' && plaintext.length < header.chunkSize && !(await cursor.atEnd())) throw shortRecord(index, offset)
    yield plaintext
  }
}

/** An opened LXENC01 file. `plaintextSize` is what the stored size says; the format cannot prove it. */
export interface LxencReader extends ContainerReader {
  readonly index: LxencIndex
}

/** Opens a file that can be read at any place. With `index` (see `createLxencIndexCache`) the header is not read again. */
export async function openLxenc(
  source: ByteSource,
  secrets: LxencSecrets & { profile?: LxencProfile; index?: LxencIndex },
  options?: ReadOptions,
): Promise<LxencReader> {
  const profile = secrets.profile ?? 'strict'
  const index = secrets.index ?? (await readLxencIndex(source, { ...options, profile }))
  const { geometry, header } = index
  const opener = await lxencOpener(await unwrapLxenc(header, secrets), secrets.engine)
  const reader = readerOf({
    plaintextSize: geometry.plaintextSize,
    cover: (range) => recordsCovering(geometry, range),
    plainOffset: (number) => geometry.record(number).plainOffset,
    async open(number, reading) {
      const record = geometry.record(number)
      const stored = await readExactly(source, recordSpan(record, source.size), reading)
      if (index.profile === 'strict') assertRecordFits(stored, record, header.chunkSize)
      return await opener.openRecord(record, stored)
    },
  })
  return { ...reader, index }
}

/** Where to read a record, once it is known to lie in the file and to fit the memory. */
function recordSpan(record: { index: number; offset: number; storedLength: number }, size: number): { offset: number; length: number } {
  const { index, offset, storedLength } = record
  if (offset + storedLength > size) throw new ContainerError('record-cut', `The file ends inside record ${index}`, offset)
  if (storedLength > MAX_RECORD_BYTES + LXENC_RECORD_OVERHEAD) {
    throw new ContainerError('record-length', `Record ${index} of ${storedLength} bytes is too long to be read`, offset)
  }
  return { offset, length: storedLength }
}
