import { type Bytes, concatBytes, readU32, utf8, writeU32 } from '../bytes.ts'
import { type AeadEngine, type AeadKey, type RandomSource, systemRandom, webCryptoEngine } from '../engine.ts'
import { ContainerError } from '../errors.ts'
import { encodeLxencHeader, LXENC_DEFAULT_CHUNK_SIZE, LXENC_MAX_CHUNK_SIZE, type LxencHeader } from './header.ts'
import { assertMasterKey } from './master-key.ts'
import { LXENC_MAX_CHUNKS, LXENC_RECORD_OVERHEAD } from './spans.ts'

const WRAP_AAD = utf8('lx-annotate:dek-wrap:v1')
const DEK_BYTES = 32

/** What an LXENC01 file is sealed under. */
export type LxencSecrets = {
  /** 16, 24 or 32 bytes; wraps each file's own key. */
  masterKey: Uint8Array
  /** `webCryptoEngine` unless given. */
  engine?: AeadEngine
  /** For reproducible vectors alone. Drawn in this order: DEK, wrap nonce, nonce prefix. */
  random?: RandomSource
}

/** Seals the chunks of one new file. */
export interface LxencSealer {
  /**
   * Writes the record of chunk `index` to the start of `out`; answers its length. Every chunk but the last is full.
   * The nonce is a counter: an index may be sealed once, ever. A retry starts over with a new file key.
   */
  sealChunkInto(out: Uint8Array, index: number, plaintext: Uint8Array): Promise<number>
}

/** Opens the records of one file. */
export interface LxencOpener {
  /** The plaintext of a record whose length field was checked; throws 'record-forged' unless all of it is authentic. */
  openRecord(record: { index: number; offset: number }, stored: Uint8Array): Promise<Uint8Array>
  /** As `openRecord`, into the start of `out`; resolves to the length of the plaintext. `out` holds no plaintext where it throws. */
  openRecordInto(out: Uint8Array, record: { index: number; offset: number }, stored: Uint8Array): Promise<number>
}

function nonceOf(prefix: Uint8Array, index: number): Bytes {
  if (index >= LXENC_MAX_CHUNKS) throw new ContainerError('too-large', 'LXENC01 has at most 4294967296 chunks in a file')
  const counter = new Uint8Array(4)
  writeU32(counter, 0, index)
  return concatBytes([prefix, counter])
}

function assertChunkSize(chunkSize: number): void {
  if (Number.isInteger(chunkSize) && chunkSize >= 1 && chunkSize <= LXENC_MAX_CHUNK_SIZE) return
  throw new ContainerError(
    'header-chunk-size',
    `A chunk size of ${chunkSize} is not allowed: it lies between 1 and ${LXENC_MAX_CHUNK_SIZE}`,
  )
}

/** All that sealing or opening chunks of one file needs, also in another thread. The key in it is in clear: handle it as one. */
export type LxencFileKey = { readonly dek: Uint8Array; readonly noncePrefix: Uint8Array; readonly raw: Uint8Array }

/** A new file: fresh key, nonces and header. */
export async function createLxenc(
  secrets: LxencSecrets & { chunkSize?: number },
): Promise<{ prefix: Bytes; chunkSize: number; fileKey: LxencFileKey }> {
  assertMasterKey(secrets.masterKey)
  const chunkSize = secrets.chunkSize ?? LXENC_DEFAULT_CHUNK_SIZE
  assertChunkSize(chunkSize)
  const random = secrets.random ?? systemRandom
  const dek = random(DEK_BYTES)
  const wrapNonce = random(12)
  const noncePrefix = random(8)
  const wrappedDek = new Uint8Array(DEK_BYTES + 16)
  const key = await (secrets.engine ?? webCryptoEngine).importKey(secrets.masterKey)
  await key.sealInto(wrappedDek, { iv: wrapNonce, aad: WRAP_AAD, bytes: dek })
  const { prefix, raw } = encodeLxencHeader({ chunkSize, noncePrefix, wrapNonce, wrappedDek })
  return { prefix, chunkSize, fileKey: { dek, noncePrefix, raw } }
}

/** 'wrap-forged' where the header's file key does not unwrap under this master key. */
export async function unwrapLxenc(header: LxencHeader, secrets: LxencSecrets): Promise<LxencFileKey> {
  assertMasterKey(secrets.masterKey)
  const key = await (secrets.engine ?? webCryptoEngine).importKey(secrets.masterKey)
  const dek = await key.open({ iv: header.wrapNonce, aad: WRAP_AAD, bytes: header.wrappedDek })
  if (dek !== null) return { dek, noncePrefix: header.noncePrefix, raw: header.raw }
  throw new ContainerError('wrap-forged', 'The file key does not unwrap: the master key is another one, or the header was changed', 12)
}

/** Seals chunks under a file's key. See `LxencSealer.sealChunkInto` for what a caller owes. */
export async function lxencSealer(fileKey: LxencFileKey, engine: AeadEngine = webCryptoEngine): Promise<LxencSealer> {
  const key = await engine.importKey(fileKey.dek)
  return {
    async sealChunkInto(out, index, plaintext) {
      writeU32(out, 0, plaintext.length + 16)
      const message = { iv: nonceOf(fileKey.noncePrefix, index), aad: fileKey.raw, bytes: plaintext }
      await key.sealInto(out.subarray(4), message)
      return plaintext.length + LXENC_RECORD_OVERHEAD
    },
  }
}

/** Opens records under a file's key. */
export async function lxencOpener(fileKey: LxencFileKey, engine: AeadEngine = webCryptoEngine): Promise<LxencOpener> {
  const key: AeadKey = await engine.importKey(fileKey.dek)
  const message = (index: number, stored: Uint8Array) => ({
    iv: nonceOf(fileKey.noncePrefix, index),
    aad: fileKey.raw,
    bytes: stored.subarray(4),
  })
  return {
    async openRecord({ index, offset }, stored) {
      const plaintext = await key.open(message(index, stored))
      if (plaintext === null) throw forgedRecord(index, offset)
      return plaintext
    },
    async openRecordInto(out, { index, offset }, stored) {
      if (!(await key.openInto(out, message(index, stored)))) throw forgedRecord(index, offset)
      return stored.length - LXENC_RECORD_OVERHEAD
    },
  }
}

const forgedRecord = (index: number, offset: number): ContainerError =>
  new ContainerError('record-forged', `Record ${index} is not what was sealed here`, offset)

/** Length of the ciphertext that a record's length field tells, and 'record-length' where `limit` or the tag rules it out. */
export function recordLength(stored: Uint8Array, record: { index: number; offset: number; limit: number }): number {
  const length = readU32(stored, 0)
  if (length > 16 && length <= record.limit + 16) return length
  throw new ContainerError('record-length', `The length field of record ${record.index} says ${length}, which cannot be`, record.offset)
}
