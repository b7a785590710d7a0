import { constants } from 'node:fs'
import { lstat, mkdir, open, realpath, rmdir, stat, unlink, writeFile } from 'node:fs/promises'
import { checkKey, MAX_SEGMENT_BYTES, RESERVED_PREFIX } from './key.ts'
import { codeOf, unless } from './local-errors.ts'
import { StorageError } from './target.ts'

/** Where an object lies: `directory` is absolute, `name` is one file name in it. */
export type Place = { readonly directory: string; readonly name: string; readonly path: string }

/** How keys become paths below a root, and back. Both ways are exact: two keys never share a path. */
export interface Layout {
  readonly root: string
  place(key: string): Place
  segmentToName(segment: string): string
  /** Null where no key has this name. */
  nameToSegment(name: string): string | null
}

// Where the file system ignores case, everything but these is written as %XX, so that names differ by what it does tell apart.
const escapeSegment = (segment: string): string =>
  [...Buffer.from(segment, 'utf8')]
    .map((byte) => {
      const char = String.fromCharCode(byte)
      return /[a-z0-9._-]/.test(char) ? char : `%${byte.toString(16).padStart(2, '0')}`
    })
    .join('')
    .replace(/\.$/, '%2e')

function unescapeName(name: string): string | null {
  try {
    const segment = decodeURIComponent(name)
    return escapeSegment(segment) === name ? segment : null
  } catch {
    return null
  }
}

/** `escaped` is for file systems that take two names of differing case for one. */
export function createLayout(root: string, escaped: boolean): Layout {
  const segmentToName = escaped ? escapeSegment : (segment: string) => segment
  return {
    root,
    segmentToName,
    nameToSegment: (name) => (name.startsWith(RESERVED_PREFIX) ? null : escaped ? unescapeName(name) : name),
    place(key) {
      checkKey(key)
      const names = key.split('/').map(segmentToName)
      if (names.some((name) => name.length > MAX_SEGMENT_BYTES && Buffer.byteLength(name) > MAX_SEGMENT_BYTES)) {
        throw new StorageError('bad-key', 'The key cannot be stored: a segment is too long once escaped for this file system')
      }
      const name = names.pop() ?? ''
      const directory = [root, ...names].join('/')
      return { directory, name, path: `${directory}/${name}` }
    },
  }
}

/** Whether the file system of `root` takes names of differing case for one; false where nothing can be written to find out. */
export async function ignoresCase(root: string, unique: string): Promise<boolean> {
  const name = `${RESERVED_PREFIX}case-${unique}-`
  try {
    await writeFile(`${root}/${name}a`, '', { flag: 'wx', mode: 0o600 })
  } catch {
    return false
  }
  const found = await unless(['ENOENT'], stat(`${root}/${name}A`))
  await unlink(`${root}/${name}a`)
  return found !== null
}

/** Makes what was done to the entries of `directory` survive a power cut. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Throws 'unavailable' where the root itself is gone: without this an unmounted disk would look like an empty one. */
export async function requireRoot(root: string): Promise<void> {
  const found = await unless(['ENOENT', 'ENOTDIR'], stat(root))
  if (!found?.isDirectory()) throw new StorageError('unavailable', 'The folder of the target is missing; is its disk mounted?')
}

/**
 * Throws 'denied' where a component of `directory` below the root is a symbolic link, and answers false where it does not exist.
 * The root itself was resolved when the target was opened.
 */
export async function isPlainDirectory(directory: string): Promise<boolean> {
  const real = await unless(['ENOENT', 'ENOTDIR'], realpath(directory))
  if (real === null) return false
  if (real !== directory) throw new StorageError('denied', 'A folder below the root of the target is a symbolic link')
  return true
}

/** Makes `directory` and what is missing above it, durably, never the root. Another process may remove it again right away. */
async function makeDirectory(root: string, directory: string): Promise<void> {
  if (directory === root) return requireRoot(root)
  const parent = directory.slice(0, directory.lastIndexOf('/'))
  try {
    await mkdir(directory, { mode: 0o700 })
  } catch (error) {
    if (codeOf(error) === 'EEXIST') {
      if ((await unless(['ENOENT'], lstat(directory)))?.isFile()) throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' })
      return
    }
    if (codeOf(error) !== 'ENOENT') throw error
    await makeDirectory(root, parent)
    await unless(['EEXIST'], mkdir(directory, { mode: 0o700 }))
  }
  await syncDirectory(parent)
}

const MOST_RACES = 64

/** Runs `work`, which makes an entry in `directory`, with the directory there: a delete may be tidying it away at the same time. */
export async function withDirectory<T>(root: string, directory: string, work: () => Promise<T>): Promise<T> {
  for (let race = 1; ; race += 1) {
    try {
      if (!(await isPlainDirectory(directory))) {
        await makeDirectory(root, directory)
        if (!(await isPlainDirectory(directory))) throw Object.assign(new Error('removed meanwhile'), { code: 'ENOENT' })
      }
      return await work()
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || race === MOST_RACES) throw error
    }
  }
}

/** Removes `directory` and the ones above it as far as they are empty, never the root. */
export async function removeEmptyDirectories(root: string, directory: string): Promise<void> {
  let current = directory
  while (current.length > root.length && current.startsWith(`${root}/`)) {
    try {
      await rmdir(current)
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return
      if (['ENOTEMPTY', 'EEXIST', 'EBUSY', 'EACCES', 'EPERM', 'ENOTDIR'].includes(codeOf(error))) return
      throw error
    }
    current = current.slice(0, current.lastIndexOf('/'))
  }
}
