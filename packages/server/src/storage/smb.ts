import { connectShare, SmbError, type SmbFault, type SmbFile, type SmbShare } from '@holdfast/smb3'
import type { Clock } from '../core/clock.ts'
import { checkLiteralHost, type EndpointPolicy, guardedLookup } from './endpoint-guard.ts'
import { RESERVED_PREFIX } from './key.ts'
import type { RemoteFile, RemoteFiles } from './remote-files.ts'
import { smbNames } from './smb-names.ts'
import { type CallOptions, StorageError, type StorageFault, type StorageTarget } from './target.ts'
import { openTreeTarget, type TreeOptions } from './tree.ts'

export type SmbOptions = Pick<TreeOptions, 'clock'> & {
  readonly host: string
  readonly port: number
  readonly share: string
  /** The folder below the share that is the target's root, `/` between names; '' the share itself. It exists already. */
  readonly folder: string
  readonly user: string
  readonly password: string
  readonly domain: string
  readonly policy: EndpointPolicy
  /** Milliseconds for the connection and for each answer; 30,000 where not said. */
  readonly timeout?: number
}

const faults: Partial<Record<SmbFault, StorageFault>> = {
  'not-found': 'not-found',
  'is-directory': 'not-found',
  deleting: 'not-found',
  exists: 'exists',
  denied: 'denied',
  'sign-in': 'denied',
  share: 'denied',
  dialect: 'denied',
  encryption: 'denied',
  integrity: 'denied',
  full: 'full',
  name: 'bad-key',
}

/** What an error of the client means to the rest of the server; others are answered as they are. */
export function toStorageError(error: unknown): unknown {
  if (!(error instanceof SmbError)) return error
  // What the look-up of the name refused.
  if (error.cause instanceof StorageError) return error.cause
  return new StorageError(faults[error.fault] ?? 'unavailable', error.message, { cause: error })
}

const isFault = (error: unknown, fault: SmbFault): boolean => error instanceof SmbError && error.fault === fault

const retryMilliseconds = 50
const mostTries = 200

/** One share that connects anew when its connection was lost. */
type Link = { share(options?: CallOptions): Promise<SmbShare>; close(): Promise<void> }

function createLink(options: SmbOptions): Link {
  let current: Promise<SmbShare> | null = null
  return {
    async share() {
      const known = await current?.catch(() => null)
      if (known && !known.closed) return known
      // Of many that find the connection gone, the first makes the new one.
      if (!current || (await current.catch(() => null)) === known) {
        checkLiteralHost(options.host, options.policy)
        current = connectShare({ ...options, lookup: guardedLookup(options.policy) as never, timeout: options.timeout ?? 30_000 })
      }
      return current
    },
    async close() {
      const share = await current?.catch(() => null)
      await share?.[Symbol.asyncDispose]()
    },
  }
}

function toRemoteFile(file: SmbFile): RemoteFile {
  const call = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      throw toStorageError(error)
    })
  let { size } = file
  return {
    get size() {
      return size
    },
    modifiedAt: file.modifiedAt,
    identity: (options) => call(file.identity(options)),
    read: (into, offset, options) => call(file.read(into, offset, options)),
    write: (bytes, offset, options) => call(file.write(bytes, offset, options)),
    async truncate(to, options) {
      await call(file.truncate(to, options))
      size = to
    },
    flush: (options) => call(file.flush(options)),
    [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
  }
}

/**
 * The files of a share below `folder`. Most servers take names that differ by case alone for one; there every name that is found is
 * compared with the one that was meant, so that an object is never taken for another.
 */
class SmbFiles implements RemoteFiles {
  readonly kind = 'smb'
  readonly names = smbNames
  readonly #link: Link
  readonly #folder: string
  readonly #clock: Clock
  #ignoresCase: Promise<boolean> | null = null

  constructor(link: Link, options: Pick<SmbOptions, 'folder' | 'clock'>) {
    this.#link = link
    this.#folder = options.folder
    this.#clock = options.clock
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#link.close()
  }

  #path(path: string): string {
    return [this.#folder, path].filter((part) => part !== '').join('/')
  }

  async #call<T>(work: (share: SmbShare) => Promise<T>): Promise<T> {
    try {
      return await work(await this.#link.share())
    } catch (error) {
      throw toStorageError(error)
    }
  }

  /** Whether the server takes two names of differing case for one; false where nothing can be written to find out. */
  #ignoring(share: SmbShare): Promise<boolean> {
    this.#ignoresCase ??= (async () => {
      const name = this.#path(`${RESERVED_PREFIX}case-${Math.random().toString(36).slice(2)}-`)
      try {
        await (await share.open(`${name}a`, 'create')).close()
      } catch (error) {
        if (isFault(error, 'denied') || isFault(error, 'full')) return false
        throw error
      }
      const found = await share.stat(`${name}A`)
      await share.deleteFile(`${name}a`)
      return found !== null
    })()
    this.#ignoresCase.catch(() => {
      this.#ignoresCase = null
    })
    return this.#ignoresCase
  }

  /** Whether what was opened at `path` has exactly this name. */
  async #isExact(share: SmbShare, file: SmbFile, path: string): Promise<boolean> {
    if (path.toLowerCase() === path.toUpperCase() || !(await this.#ignoring(share))) return true
    const stored = await file.storedPath()
    return stored === null || stored === path
  }

  stat: RemoteFiles['stat'] = (path, options) =>
    this.#call(async (share) => {
      const full = this.#path(path)
      const stat = await share.stat(full, options)
      if (!stat || full === '' || options?.occupant) return stat && { ...stat, isFolder: stat.isDirectory }
      const file = await share.open(full, 'read', { ...options, directory: stat.isDirectory })
      const exact = await this.#isExact(share, file, full).finally(() => file.close())
      return exact ? { size: file.size, modifiedAt: file.modifiedAt, isFolder: stat.isDirectory } : null
    }).catch((error: unknown) => {
      if (error instanceof StorageError && error.fault === 'not-found') return null
      throw error
    })

  async *list(path: string, options?: CallOptions): ReturnType<RemoteFiles['list']> {
    try {
      const share = await this.#link.share()
      for await (const row of share.list(this.#path(path), options)) {
        yield { name: row.name, size: row.size, modifiedAt: row.modifiedAt, isFolder: row.isDirectory }
      }
    } catch (error) {
      if (isFault(error, 'not-found') && path !== '') return
      throw toStorageError(error)
    }
  }

  makeFolder: RemoteFiles['makeFolder'] = (path, options) =>
    this.#call(async (share) => {
      try {
        await share.makeDirectory(this.#path(path), options)
        return true
      } catch (error) {
        if (isFault(error, 'exists')) return false
        throw error
      }
    })

  removeFolder: RemoteFiles['removeFolder'] = (path, options) =>
    this.#call(async (share) => {
      try {
        await share.deleteDirectory(this.#path(path), options)
        return true
      } catch (error) {
        if (isFault(error, 'not-found') || isFault(error, 'deleting')) return true
        if (isFault(error, 'not-empty') || isFault(error, 'denied') || isFault(error, 'busy')) return false
        throw error
      }
    })

  /** The name is free again once nobody at the server holds the file open; until then it is listed, and others could not take it. */
  removeFile: RemoteFiles['removeFile'] = (path, options) =>
    this.#call(async (share) => {
      const full = this.#path(path)
      if (!(await this.stat(path, options))) return
      await share.deleteFile(full, options).catch((error: unknown) => {
        if (!isFault(error, 'not-found') && !isFault(error, 'deleting')) throw error
      })
      for (let tries = 1; await this.#isDeleting(share, full); tries += 1) {
        if (tries === mostTries) throw new StorageError('unavailable', 'The deleted object is still open elsewhere')
        await this.#clock.sleep(retryMilliseconds, options?.signal)
      }
    })

  /** What was made anew under the name meanwhile is not being deleted. */
  #isDeleting(share: SmbShare, full: string): Promise<boolean> {
    return share.stat(full).then(
      () => false,
      (error: unknown) => {
        if (isFault(error, 'deleting')) return true
        throw error
      },
    )
  }

  rename: RemoteFiles['rename'] = (from, to, options) =>
    this.#call(async (share) => {
      try {
        return await share.rename(this.#path(from), this.#path(to), { ...options, replace: false })
      } catch (error) {
        if (!isFault(error, 'exists')) throw error
      }
      if (!(await this.stat(to, options))) {
        throw new StorageError('bad-key', 'The key cannot be stored: the server holds a name that differs from it by case alone')
      }
      if (!options.replace) throw new StorageError('exists', 'There is an object of this key')
      return share.rename(this.#path(from), this.#path(to), { ...options, replace: true })
    })

  open: RemoteFiles['open'] = (path, mode, options) =>
    this.#call(async (share) => {
      const full = this.#path(path)
      const file = await share.open(full, mode === 'write' ? 'open' : mode, options)
      if (await this.#isExact(share, file, full)) return toRemoteFile(file)
      await file.close()
      if (mode !== 'create') throw new StorageError('not-found', 'There is no such object')
      await share.deleteFile(full)
      throw new StorageError('bad-key', 'The key cannot be stored: the server holds a folder whose name differs from it by case alone')
    })

  free: RemoteFiles['free'] = (options) => this.#call(async (share) => (await share.space(options)).free)
}

/** Opens a target on an SMB 3 share. It connects with the first call; a lost connection is made anew by the next one. */
export function openSmbTarget(options: SmbOptions): StorageTarget {
  return openTreeTarget({ files: new SmbFiles(createLink(options), options), clock: options.clock })
}
