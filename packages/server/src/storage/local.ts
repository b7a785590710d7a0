import { randomBytes } from 'node:crypto'
import { mkdir, realpath, statfs } from 'node:fs/promises'
import type { Clock } from '../core/clock.ts'
import { createAlignedMemory } from './aligned.ts'
import { codeOf, toStorageError } from './local-errors.ts'
import { createLayout, ignoresCase, requireRoot } from './local-layout.ts'
import { deleteObject, type Local, putObject, readObject, statObject } from './local-objects.ts'
import { createObjectOpener } from './local-open.ts'
import { entriesOfFolder, walk } from './local-walk.ts'
import { createWriteFiles, type DirectWriting } from './local-write-files.ts'
import { abortWrite, beginWrite, commitWrite, flushWrite, listWrites, writePart } from './local-writes.ts'
import { checkRange } from './receipts.ts'
import { type CallOptions, type ObjectStat, StorageError, type StorageTarget } from './target.ts'
import { createTurns } from './turns.ts'

export type LocalOptions = {
  /** The root, absolute; it exists already (`createLocalRoot` makes one). */
  readonly path: string
  readonly clock: Clock
  /** How keys become file names: as they are, or escaped for file systems that ignore case. Found out where not said. */
  readonly names?: 'exact' | 'escaped'
  /** Files of writes under way that are kept open at once; 64 where not said. */
  readonly openFiles?: number
  /** Whether large writes go past the page cache where the file system takes that; true where not said. */
  readonly direct?: boolean
}

/** Buffers of 8 MiB that writers may hold at once; more get ordinary memory. */
const WRITE_BUFFERS = 16

/** Makes the folder of a local target, of mode 0700, with what is missing above it. An existing folder is left as it is. */
export async function createLocalRoot(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 })
}

/**
 * A target in a folder of this machine. Objects are files of mode 0600 below the root at the path that their key spells; folders
 * are made as needed and go when they are empty. Symbolic links below the root are neither followed nor listed. Any number of
 * processes may use the folder at once. Writes are temp file → fsync → rename → fsync of the folder (X4).
 *
 * Rejects with 'not-found' where there is no such folder and 'denied' where it cannot be entered.
 */
export async function openLocalTarget(options: LocalOptions): Promise<StorageTarget> {
  const { clock, names, openFiles = 64, direct: allowed = true } = options
  try {
    const root = await realpath(options.path)
    await requireRoot(root)
    const escaped = names ? names === 'escaped' : await ignoresCase(root, randomBytes(6).toString('hex'))
    const direct: DirectWriting = { memory: createAlignedMemory(WRITE_BUFFERS), allowed }
    const files = createWriteFiles(openFiles, direct)
    return targetOver({ layout: createLayout(root, escaped), clock, files, opener: createObjectOpener(root) }, direct)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw new StorageError('not-found', 'The folder of the target does not exist', { cause: error })
    throw toStorageError(error, 'Opening the folder')
  }
}

async function* objectsBelow({ layout }: Local, prefix: string): AsyncGenerator<ObjectStat> {
  for await (const found of walk(layout, prefix)) if ('object' in found) yield found.object
}

/** What every call passes through: refused once closed or aborted, and its errors put into the contract's words. */
function createGate(root: string) {
  let closed = false
  const enter = (options?: CallOptions): void => {
    if (closed) throw new StorageError('closed', 'The target is closed')
    options?.signal?.throwIfAborted()
  }
  return {
    close: () => {
      closed = true
    },
    async call<T>(operation: string, options: CallOptions | undefined, work: () => Promise<T>): Promise<T> {
      enter(options)
      try {
        return await work()
      } catch (error) {
        throw toStorageError(error, operation)
      }
    },
    async *iterate<T>(items: AsyncIterable<T>, options?: CallOptions): AsyncGenerator<T> {
      enter(options)
      try {
        await requireRoot(root)
        for await (const item of items) {
          enter(options)
          yield item
        }
      } catch (error) {
        throw toStorageError(error, 'Listing')
      }
    },
  }
}

function targetOver(local: Local, direct: DirectWriting): StorageTarget {
  const { call, iterate, close } = createGate(local.layout.root)
  const inTurn = createTurns()
  return {
    kind: 'local',
    put: (key, bytes, options) => call('Storing', options, () => putObject(local, key, bytes, options ?? {})),
    read: (key, offset, length, options) =>
      call('Reading', options, async () => {
        checkRange(offset, length)
        const offered = options?.into && options.into.length >= length ? options.into.subarray(0, length) : null
        const bytes = offered ?? new Uint8Array(length)
        await readObject(local, key, { offset, bytes, signal: options?.signal })
        return bytes
      }),
    stat: (key, options) => call('Looking up', options, () => statObject(local, key, options)),
    list: (prefix, options) => iterate(objectsBelow(local, prefix), options),
    listFolder: (folder, options) => iterate(entriesOfFolder(local.layout, folder), options),
    delete: (key, options) => call('Deleting', options, () => deleteObject(local, key)),
    beginWrite: (key, size, options) => call('Beginning a write', options, () => beginWrite(local, key, size)),
    writePart: (key, id, part, options) => call('Writing', options, () => writePart(local, { key, id }, part, options?.signal)),
    flushWrite: (key, id, options) => call('Flushing', options, () => flushWrite(local, { key, id })),
    commitWrite: (key, id, receipts, options) =>
      call('Committing', options, () => inTurn(id, options, () => commitWrite(local, { key, id }, receipts, options))),
    abortWrite: (key, id, options) => call('Aborting', options, () => abortWrite(local, { key, id })),
    listWrites: (prefix, olderThan, options) => iterate(listWrites(local, prefix, olderThan), options),
    presign: null,
    serverCopy: null,
    lock: null,
    space: {
      free: (options) =>
        call('Asking for free space', options, async () => {
          const { bavail, bsize } = await statfs(local.layout.root)
          return bavail * bsize
        }),
    },
    folders: null,
    memory: direct.memory,
    async [Symbol.asyncDispose]() {
      close()
      await local.files[Symbol.asyncDispose]()
    },
  }
}
