import {
  assertRecordFits,
  type ByteSource,
  createLxenc,
  FLOE_HEADER_BYTES,
  type FloeGeometry,
  floeGeometryOfPlaintext,
  floeGeometryOfStored,
  LXENC_RECORD_OVERHEAD,
  lxencOpener,
  lxencSealer,
  readLxencIndex,
  segmentOffset,
  segmentPlace,
  segmentPlainLength,
  segmentStoredLength,
  unwrapLxenc,
} from '@holdfast/container'
import { createFloeCipher, createFloeHeaderSync, nodeEngine } from '@holdfast/container/node'
import type { Stretch } from './read-ahead.ts'

/** Sealing or opening a file of known size as a row of units (segments or chunks), each of which can be done by itself. */
export type Codec = {
  /** Stands in front of the first result. */
  readonly prefix: Uint8Array
  readonly count: number
  /** Longest input and result of a unit. */
  readonly longestInput: number
  readonly longestResult: number
  /** Where unit `index` lies in the input. */
  input(index: number): Stretch
  /** Writes the result of unit `index` to the start of `out`; answers its length. */
  convert(index: number, bytes: Uint8Array, out: Uint8Array): number | Promise<number>
  /** The result of unit `index` in pieces of their own memory, where that saves a copy. */
  readonly pieces?: (index: number, bytes: Uint8Array) => Uint8Array[]
}

export type FloeKeys = { readonly fileKey: Uint8Array; readonly aad: Uint8Array }

const NOTHING = new Uint8Array()

export function floeSealing(keys: FloeKeys, size: number, segmentLength: number): Codec {
  const header = createFloeHeaderSync({ ...keys, segmentLength })
  const cipher = createFloeCipher({ ...keys, header })
  const geometry = floeGeometryOfPlaintext(size, segmentLength)
  return {
    prefix: header,
    count: geometry.segmentCount,
    longestInput: geometry.segmentPlain,
    longestResult: geometry.segmentLength,
    input: (index) => ({ offset: index * geometry.segmentPlain, length: segmentPlainLength(geometry, index) }),
    convert: (index, bytes, out) => cipher.sealSegmentInto(out, segmentPlace(geometry, index), [bytes]),
  }
}

const segmentStretch = (geometry: FloeGeometry, index: number): Stretch => ({
  offset: segmentOffset(geometry, index),
  length: segmentStoredLength(geometry, index),
})

/** The last segment is opened before this resolves, so that truncation is known before a byte is given out. */
export async function floeOpening(keys: FloeKeys, source: ByteSource): Promise<Codec> {
  const header = await source.read(0, Math.min(FLOE_HEADER_BYTES, source.size))
  const cipher = createFloeCipher({ ...keys, header })
  const geometry = floeGeometryOfStored(source.size, cipher.segmentLength)
  const lastIndex = geometry.segmentCount - 1
  const last = segmentStretch(geometry, lastIndex)
  const place = segmentPlace(geometry, lastIndex)
  cipher.openSegmentInto(new Uint8Array(geometry.segmentPlain), place, await source.read(last.offset, last.length))
  return {
    prefix: NOTHING,
    count: geometry.segmentCount,
    longestInput: geometry.segmentLength,
    longestResult: geometry.segmentPlain,
    input: (index) => segmentStretch(geometry, index),
    convert: (index, bytes, out) => cipher.openSegmentInto(out, segmentPlace(geometry, index), bytes),
    pieces: (index, bytes) => cipher.openSegment(segmentPlace(geometry, index), bytes),
  }
}

export async function lxencSealing(masterKey: Uint8Array, size: number): Promise<Codec> {
  const { prefix, chunkSize, fileKey } = await createLxenc({ masterKey, engine: nodeEngine })
  const sealer = await lxencSealer(fileKey, nodeEngine)
  return {
    prefix,
    count: Math.ceil(size / chunkSize),
    longestInput: chunkSize,
    longestResult: chunkSize + LXENC_RECORD_OVERHEAD,
    input: (index) => ({ offset: index * chunkSize, length: Math.min(chunkSize, size - index * chunkSize) }),
    convert: (index, bytes, out) => sealer.sealChunkInto(out, index, bytes),
  }
}

/** The strict profile. */
export async function lxencOpening(masterKey: Uint8Array, source: ByteSource): Promise<Codec> {
  const { header, geometry } = await readLxencIndex(source)
  const opener = await lxencOpener(await unwrapLxenc(header, { masterKey, engine: nodeEngine }), nodeEngine)
  const { chunkSize } = header
  return {
    prefix: NOTHING,
    count: geometry.recordCount,
    longestInput: chunkSize + LXENC_RECORD_OVERHEAD,
    longestResult: chunkSize,
    input(index) {
      const { offset, storedLength } = geometry.record(index)
      return { offset, length: storedLength }
    },
    convert(index, bytes, out) {
      const record = geometry.record(index)
      assertRecordFits(bytes, record, chunkSize)
      return opener.openRecordInto(out, record, bytes)
    },
  }
}
