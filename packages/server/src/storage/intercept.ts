import type { CallOptions, StorageTarget } from './target.ts'

export type Operation =
  | Exclude<keyof StorageTarget, 'kind' | 'presign' | 'serverCopy' | 'lock' | 'space' | 'memory' | 'folders' | typeof Symbol.asyncDispose>
  | 'copy'
  | 'setHold'
  | 'free'
  | 'makeFolder'
  | 'listParts'

/** One call to a target, as wrappers see it. */
export type TargetCall = {
  readonly operation: Operation
  readonly key: string | null
  /** Bytes that the call asks to move. */
  readonly bytes: number
  /** False where doing it again after an unknown outcome could answer otherwise than once would have. */
  readonly repeatable: boolean
}

/** Runs a call; `run` may be called again to repeat it from the start. */
export type Around = <T>(call: TargetCall, options: CallOptions | undefined, run: () => Promise<T>) => Promise<T>

/** The items of a listing; `around` runs the first step alone, since a listing cannot be repeated once an item was handed out. */
async function* iterate<T>(
  open: () => AsyncIterable<T>,
  first: (run: () => Promise<IteratorResult<T>>) => Promise<IteratorResult<T>>,
): AsyncGenerator<T> {
  let iterator: AsyncIterator<T> | undefined
  try {
    let step = await first(() => {
      iterator = open()[Symbol.asyncIterator]()
      return iterator.next()
    })
    while (!step.done && iterator) {
      yield step.value
      step = await iterator.next()
    }
  } finally {
    await iterator?.return?.()
  }
}

const describe = (operation: Operation, key: string | null, more: Partial<TargetCall> = {}): TargetCall => ({
  operation,
  key,
  bytes: 0,
  repeatable: true,
  ...more,
})

/** A target all of whose calls go through `around`. Signing and memory are the target's own: they do no I/O. */
export function intercept(target: StorageTarget, around: Around): StorageTarget {
  const { serverCopy, lock, space, folders, presign } = target
  return {
    kind: target.kind,
    put: (key, bytes, o) =>
      around(describe('put', key, { bytes: bytes.length, repeatable: !o?.ifAbsent }), o, () => target.put(key, bytes, o)),
    read: (key, offset, length, o) => around(describe('read', key, { bytes: length }), o, () => target.read(key, offset, length, o)),
    stat: (key, o) => around(describe('stat', key), o, () => target.stat(key, o)),
    list: (prefix, o) =>
      iterate(
        () => target.list(prefix, o),
        (run) => around(describe('list', prefix), o, run),
      ),
    listFolder: (folder, o) =>
      iterate(
        () => target.listFolder(folder, o),
        (run) => around(describe('listFolder', folder), o, run),
      ),
    delete: (key, o) => around(describe('delete', key), o, () => target.delete(key, o)),
    beginWrite: (key, size, o) => around(describe('beginWrite', key), o, () => target.beginWrite(key, size, o)),
    writePart: (key, write, part, o) =>
      around(describe('writePart', key, { bytes: part.bytes.length }), o, () => target.writePart(key, write, part, o)),
    flushWrite: (key, write, o) => around(describe('flushWrite', key), o, () => target.flushWrite(key, write, o)),
    commitWrite: (key, write, receipts, o) => around(describe('commitWrite', key), o, () => target.commitWrite(key, write, receipts, o)),
    abortWrite: (key, write, o) => around(describe('abortWrite', key), o, () => target.abortWrite(key, write, o)),
    listWrites: (prefix, olderThan, o) =>
      iterate(
        () => target.listWrites(prefix, olderThan, o),
        (run) => around(describe('listWrites', prefix), o, run),
      ),
    presign: presign && {
      ...presign,
      listParts: (key, write, o) => around(describe('listParts', key), o, () => presign.listParts(key, write, o)),
    },
    memory: target.memory,
    serverCopy: serverCopy && { copy: (from, to, o) => around(describe('copy', to), o, () => serverCopy.copy(from, to, o)) },
    lock: lock && { setHold: (key, held, o) => around(describe('setHold', key), o, () => lock.setHold(key, held, o)) },
    space: space && { free: (o) => around(describe('free', null), o, () => space.free(o)) },
    folders: folders && { make: (folder, o) => around(describe('makeFolder', folder), o, () => folders.make(folder, o)) },
    [Symbol.asyncDispose]: () => target[Symbol.asyncDispose](),
  }
}
