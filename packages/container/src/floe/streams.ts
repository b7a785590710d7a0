import { ContainerError } from '../errors.ts'
import { type ContainerReader, readerOf } from '../reader.ts'
import { type ByteSource, type ReadOptions, readExactly, type StreamCursor, streamCursor } from '../source.ts'
import { createFloe, type FloeFile, type FloeSecrets, unlockFloe } from './file.ts'
import { parseFloeHeader } from './format.ts'
import {
  FLOE_HEADER_BYTES,
  FLOE_MAX_SEGMENTS,
  FLOE_SEGMENT_OVERHEAD,
  type FloeGeometry,
  floeGeometryOfStored,
  isLastSegment,
  segmentOffset,
  segmentPlace,
  segmentStoredLength,
  segmentsCovering,
} from './spans.ts'

/** Seals a stream of any length, in chunks of any size: yields the header, then one stored segment at a time. */
export async function* sealFloe(
  plaintext: AsyncIterable<Uint8Array>,
  secrets: FloeSecrets & { segmentLength?: number },
): AsyncGenerator<Uint8Array> {
  const file = await createFloe(secrets)
  yield file.header
  const cursor = streamCursor(plaintext)
  const full = file.segmentLength - FLOE_SEGMENT_OVERHEAD
  try {
    for (let index = 0, isLast = false; !isLast; index += 1) {
      if (index === FLOE_MAX_SEGMENTS) throw new ContainerError('too-large', 'The file needs more segments than FLOE allows')
      const piece = await cursor.take(full)
      isLast = await cursor.atEnd()
      yield await file.sealSegment({ index, isLast }, piece)
    }
  } finally {
    await cursor.close()
  }
}

/**
 * Opens a stream that cannot be read at any place: yields the plaintext of each segment once it is authenticated. That nothing is
 * missing at the end is known only when the generator returns; where the object can be read at any place, `openFloe` knows it before.
 */
export async function* openFloeStream(stored: AsyncIterable<Uint8Array>, secrets: FloeSecrets): AsyncGenerator<Uint8Array> {
  const cursor = streamCursor(stored)
  try {
    const file = await unlockFloe({ ...secrets, header: await cursor.take(FLOE_HEADER_BYTES) })
    for (let index = 0, isLast = false; !isLast; index += 1) {
      const next = await openNext(cursor, file, index)
      if (next.plaintext.length > 0) yield next.plaintext
      isLast = next.isLast
    }
  } finally {
    await cursor.close()
  }
}

async function openNext(cursor: StreamCursor, file: FloeFile, index: number): Promise<{ plaintext: Uint8Array; isLast: boolean }> {
  const offset = cursor.offset
  const bytes = await cursor.take(file.segmentLength)
  if (bytes.length === 0)
    throw new ContainerError('truncated', `The object ends before segment ${index}, and no last segment was seen`, offset)
  const isLast = await cursor.atEnd()
  return { plaintext: await file.openSegment({ index, isLast }, bytes), isLast }
}

/** An opened FLOE object. Its size is proven: the last segment was opened as last. */
export interface FloeReader extends ContainerReader {
  readonly geometry: FloeGeometry
  readonly header: Uint8Array
}

/**
 * Opens an object that can be read at any place. Header and last segment are authenticated before this resolves, so that a wrong key,
 * a foreign header and truncation are known before a byte of plaintext is given out.
 */
export async function openFloe(source: ByteSource, secrets: FloeSecrets, options?: ReadOptions): Promise<FloeReader> {
  const header = await readExactly(source, { offset: 0, length: Math.min(FLOE_HEADER_BYTES, source.size) }, options)
  const geometry = floeGeometryOfStored(source.size, parseFloeHeader(header).segmentLength)
  const file = await unlockFloe({ ...secrets, header })
  const openAt = async (index: number, reading?: ReadOptions) => {
    const span = { offset: segmentOffset(geometry, index), length: segmentStoredLength(geometry, index) }
    return await file.openSegment(segmentPlace(geometry, index), await readExactly(source, span, reading))
  }
  const last = await openAt(geometry.segmentCount - 1, options)
  const reader = readerOf({
    plaintextSize: geometry.plaintextSize,
    cover: (range) => segmentsCovering(geometry, range),
    plainOffset: (index) => index * geometry.segmentPlain,
    open: async (index, reading) => (isLastSegment(geometry, index) ? last.slice() : await openAt(index, reading)),
  })
  return { ...reader, geometry, header: header.slice() }
}
