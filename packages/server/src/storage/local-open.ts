import { close, closeSync, constants, open, read, readlinkSync } from 'node:fs'
import { promisify } from 'node:util'
import { unless } from './local-errors.ts'
import { isPlainDirectory, type Place } from './local-layout.ts'
import { StorageError } from './target.ts'

// Plain descriptors, not FileHandles: a small range is opened, read and closed per call, and each step costs a turn of the thread pool.
const openFile = promisify(open)
const readFile = promisify(read)
const closeFile = promisify(close)

/** The path of an open file as the kernel knows it, without symbolic links; null where this system does not tell. */
function kernelPath(descriptor: number): string | null {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`)
  } catch {
    return null
  }
}

/** Opens files for reading and makes sure, once they are open, that no symbolic link below the root led to them. */
export interface ObjectOpener {
  /** Null where there is no such file; 'denied' where a folder on the way is a symbolic link. */
  open(place: Place): Promise<number | null>
}

/** `root` is resolved already. */
export function createObjectOpener(root: string): ObjectOpener {
  let told: boolean | undefined
  const kernelTells = async (): Promise<boolean> => {
    const descriptor = await openFile(root, constants.O_RDONLY | constants.O_DIRECTORY)
    const path = kernelPath(descriptor)
    await closeFile(descriptor)
    return path === root
  }
  const check = async (descriptor: number, place: Place): Promise<void> => {
    told ??= await kernelTells()
    const path = told ? kernelPath(descriptor) : null
    // A file that was replaced since it was opened is still the object as it was.
    if (path === place.path || path === `${place.path} (deleted)`) return
    if (path !== null || !(await isPlainDirectory(place.directory))) {
      throw new StorageError('denied', 'A folder below the root of the target is a symbolic link')
    }
  }
  return {
    async open(place) {
      // O_NONBLOCK: a pipe that someone put there must not hold the thread.
      const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
      const descriptor = await unless(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO'], openFile(place.path, flags))
      if (descriptor === null) return null
      try {
        await check(descriptor, place)
        return descriptor
      } catch (error) {
        closeSync(descriptor)
        throw error
      }
    },
  }
}

/** Fills `bytes` from `offset`, at most `piece` bytes a system call; false where the file ends before. */
export async function readInto(
  descriptor: number,
  bytes: Uint8Array,
  at: { offset: number; piece: number; signal: AbortSignal | undefined },
): Promise<boolean> {
  for (let done = 0; done < bytes.length; ) {
    at.signal?.throwIfAborted()
    const { bytesRead } = await readFile(descriptor, bytes, done, Math.min(at.piece, bytes.length - done), at.offset + done)
    if (bytesRead === 0) return false
    done += bytesRead
  }
  return true
}
