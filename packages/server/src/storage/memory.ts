import { randomUUID } from 'node:crypto'
import type { Clock } from '../core/clock.ts'
import { checkKey } from './key.ts'
import { checkPart, checkRange, checkReceipts, checkSize } from './receipts.ts'
import { type CallOptions, type ObjectStat, StorageError, type StorageTarget, type WriteId } from './target.ts'

type Held = { bytes: Uint8Array; modifiedAt: number; etag: string }
type Write = { key: string; bytes: Uint8Array; startedAt: number }

/** What outlives a memory target: several targets over one store see the same objects and writes. */
export type MemoryStore = { objects: Map<string, Held>; writes: Map<WriteId, Write>; committed: Map<WriteId, string> }
export const createMemoryStore = (): MemoryStore => ({ objects: new Map(), writes: new Map(), committed: new Map() })

const missing = (what: string): StorageError => new StorageError('not-found', `There is no such ${what}`)
const statOf = (key: string, held: Held): ObjectStat => ({
  key,
  size: held.bytes.length,
  modifiedAt: held.modifiedAt,
  etag: held.etag,
})

/** A target in memory, for tests: the same contract, nothing durable. */
export function memoryTarget(clock: Clock, store: MemoryStore = createMemoryStore()): StorageTarget {
  let closed = false
  const { objects, writes, committed } = store

  const enter = (key: string | null, options?: CallOptions): void => {
    if (closed) throw new StorageError('closed', 'The target is closed')
    options?.signal?.throwIfAborted()
    if (key !== null) checkKey(key)
  }
  const getWrite = (key: string, id: WriteId): Write => {
    const write = writes.get(id)
    if (write?.key !== key) throw missing('write')
    return write
  }
  const keep = (key: string, bytes: Uint8Array): ObjectStat => {
    const held = { bytes, modifiedAt: clock.now(), etag: randomUUID() }
    objects.set(key, held)
    return statOf(key, held)
  }

  return {
    kind: 'memory',
    async put(key, bytes, options) {
      enter(key, options)
      if (options?.ifAbsent && objects.has(key)) throw new StorageError('exists', 'The key is taken')
      return keep(key, bytes.slice())
    },
    async read(key, offset, length, options) {
      enter(key, options)
      checkRange(offset, length)
      const held = objects.get(key)
      if (!held) throw missing('object')
      if (offset + length > held.bytes.length) throw new StorageError('out-of-range', `${offset}+${length} of ${held.bytes.length} bytes`)
      return held.bytes.slice(offset, offset + length)
    },
    async stat(key, options) {
      enter(key, options)
      const held = objects.get(key)
      return held ? statOf(key, held) : null
    },
    async *list(prefix, options) {
      enter(null, options)
      for (const [key, held] of objects) {
        enter(null, options)
        if (key.startsWith(prefix)) yield statOf(key, held)
      }
    },
    async *listFolder(folder, options) {
      enter(null, options)
      const below = new Set<string>()
      for (const [key, held] of objects) {
        if (!key.startsWith(folder)) continue
        const [name = '', ...rest] = key.slice(folder.length).split('/')
        if (rest.length === 0) yield { kind: 'object', object: statOf(key, held) }
        else if (!below.has(name)) yield { kind: 'folder', name }
        if (rest.length > 0) below.add(name)
      }
    },
    async delete(key, options) {
      enter(key, options)
      objects.delete(key)
    },
    async beginWrite(key, size, options) {
      enter(key, options)
      checkSize(size)
      const id = randomUUID()
      writes.set(id, { key, bytes: new Uint8Array(size), startedAt: clock.now() })
      return id
    },
    async writePart(key, id, part, options) {
      enter(key, options)
      const write = getWrite(key, id)
      checkPart(part, write.bytes.length)
      write.bytes.set(part.bytes, part.offset)
      return { number: part.number, size: part.bytes.length, tag: null }
    },
    async flushWrite(key, id, options) {
      enter(key, options)
      getWrite(key, id)
    },
    async commitWrite(key, id, receipts, options) {
      enter(key, options)
      const held = objects.get(key)
      if (held && committed.get(id) === held.etag) return statOf(key, held)
      const write = getWrite(key, id)
      checkReceipts(receipts, write.bytes.length)
      if (options?.ifAbsent && held) throw new StorageError('exists', 'The key is taken')
      writes.delete(id)
      const stat = keep(key, write.bytes)
      committed.set(id, stat.etag ?? '')
      return stat
    },
    async abortWrite(key, id, options) {
      enter(key, options)
      if (writes.get(id)?.key === key) writes.delete(id)
    },
    async *listWrites(prefix, olderThan, options) {
      enter(null, options)
      for (const [id, { key, startedAt }] of writes) {
        if (key.startsWith(prefix) && startedAt < olderThan) yield { key, write: id, startedAt }
      }
    },
    presign: null,
    serverCopy: null,
    lock: null,
    space: null,
    folders: null,
    memory: null,
    async [Symbol.asyncDispose]() {
      closed = true
    },
  }
}
