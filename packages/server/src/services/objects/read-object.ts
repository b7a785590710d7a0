import { createHash } from 'node:crypto'
import { segmentsCovering, sliceOfSegment } from '@holdfast/container'
import type { FileRow } from '../../db/file-rows.ts'
import type { StorageTarget } from '../../storage/target.ts'
import type { ByteSource } from '../../validate/validator.ts'
import { asDamage, ObjectDamaged } from '../sealed/damage.ts'
import { openSealedObject, type SealedReaderDeps } from '../sealed/sealed-object.ts'

/** The bytes of an object as its sender sent them. Reading rejects with `ObjectDamaged` where the stored object is not what was stored. */
export type ObjectBytes = ByteSource & Disposable

const WINDOW = 1024 * 1024
/** Objects up to this size are read once and kept while they are judged; larger ones are read again for each reader. */
const HELD_BYTES = 8 * 1024 * 1024

type Reading = { readonly target: StorageTarget; readonly signal: AbortSignal }

async function openSealedBytes(deps: SealedReaderDeps, file: FileRow, { target, signal }: Reading): Promise<ObjectBytes> {
  const sealed = await openSealedObject(deps, file, { target, signal, fresh: true })
  const stored = deps.memory.take()
  const out = deps.memory.take()
  let opened: { index: number; plain: Uint8Array } | null = null
  const segment = async (index: number, options: { signal: AbortSignal }): Promise<Uint8Array> => {
    if (opened?.index === index) return opened.plain
    opened = null
    const plain = sealed.openSegment(index, await sealed.readSegment(index, stored, options.signal), out)
    opened = { index, plain }
    return plain
  }
  return {
    size: file.size,
    async read(offset, length, options) {
      const bytes = new Uint8Array(length)
      if (length === 0) return bytes
      const range = { start: offset, end: offset + length - 1 }
      const { first, last } = segmentsCovering(sealed.geometry, range)
      let filled = 0
      for (let index = first; index <= last; index += 1) {
        const { from, to } = sliceOfSegment(sealed.geometry, range, index)
        const piece = (await segment(index, options)).subarray(from, to)
        bytes.set(piece, filled)
        filled += piece.length
      }
      return bytes
    },
    [Symbol.dispose]() {
      deps.memory.release(stored)
      deps.memory.release(out)
    },
  }
}

/** An object that lies as it is. Its backend tells by an ETag that it is still the one that was received. */
async function openPlainBytes(file: FileRow, { target, signal }: Reading): Promise<ObjectBytes> {
  await requireSame(file, { target, signal })
  return {
    size: file.size,
    async read(offset, length, options) {
      try {
        return await target.read(file.objectKey, offset, length, options)
      } catch (error) {
        throw asDamage(error)
      }
    },
    [Symbol.dispose]: () => {},
  }
}

/** Rejects with `ObjectDamaged` where the object is gone or another one than was received: of another size or ETag. */
export async function requireSame(file: FileRow, { target, signal }: Reading): Promise<void> {
  const stat = await target.stat(file.objectKey, { signal })
  if (!stat) throw new ObjectDamaged('The object is missing at its target', { missing: true })
  if (stat.size !== file.objectSize) throw new ObjectDamaged(`The object has ${stat.size} bytes; it was stored with ${file.objectSize}`)
  if (file.objectEtag !== null && stat.etag !== file.objectEtag) throw new ObjectDamaged('The object was replaced by another one')
}

async function held(source: ObjectBytes, signal: AbortSignal): Promise<ObjectBytes> {
  if (source.size > HELD_BYTES) return source
  const bytes = new Uint8Array(source.size)
  for (let offset = 0; offset < source.size; offset += WINDOW) {
    bytes.set(await source.read(offset, Math.min(WINDOW, source.size - offset), { signal }), offset)
  }
  return { ...source, read: async (offset, length) => bytes.slice(offset, offset + length) }
}

/** Opens the object of `file` for reading its plaintext. */
export async function openObjectBytes(deps: SealedReaderDeps, file: FileRow, reading: Reading): Promise<ObjectBytes> {
  const source = file.container === null ? await openPlainBytes(file, reading) : await openSealedBytes(deps, file, reading)
  try {
    return await held(source, reading.signal)
  } catch (error) {
    source[Symbol.dispose]()
    throw error
  }
}

export type DigestOptions = { readonly signal: AbortSignal; readonly progress?: (done: { bytes: number; size: number }) => Promise<void> }

/** Digests of all bytes, hex. MD5 is for senders that know no better; what is recorded is SHA-256. */
export async function digestBytes(source: ByteSource, options: DigestOptions): Promise<{ sha256: string; md5: string }> {
  const { signal, progress } = options
  const sha256 = createHash('sha256')
  const md5 = createHash('md5')
  for (let offset = 0; offset < source.size; offset += WINDOW) {
    signal.throwIfAborted()
    const bytes = await source.read(offset, Math.min(WINDOW, source.size - offset), { signal })
    sha256.update(bytes)
    md5.update(bytes)
    await progress?.({ bytes: offset + bytes.length, size: source.size })
  }
  return { sha256: sha256.digest('hex'), md5: md5.digest('hex') }
}
