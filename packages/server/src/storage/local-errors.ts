import { StorageError, type StorageFault } from './target.ts'

const faults: Record<string, StorageFault> = {
  ENOENT: 'not-found',
  EEXIST: 'exists',
  ENOSPC: 'full',
  EDQUOT: 'full',
  EFBIG: 'full',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'denied',
  ELOOP: 'denied',
  ENAMETOOLONG: 'bad-key',
  EILSEQ: 'bad-key',
  ENOTDIR: 'bad-key',
  EISDIR: 'bad-key',
  ENOTEMPTY: 'bad-key',
}

const reasons: Record<string, string> = {
  ENOENT: 'there is no such object',
  EEXIST: 'the key is taken',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota of the server user is used up',
  EFBIG: 'the file system takes no file this large',
  EACCES: 'the server user lacks the permission',
  EPERM: 'the file system does not allow it',
  EROFS: 'the file system is read-only',
  ELOOP: 'a symbolic link is in the way',
  ENAMETOOLONG: 'the name is too long for the file system',
  EILSEQ: 'the file system cannot hold the name',
  ENOTDIR: 'a part of the key is an object already',
  EISDIR: 'the key is a folder of other objects',
  ENOTEMPTY: 'the key is a folder of other objects',
  EIO: 'the disk reports an error',
}

export const codeOf = (error: unknown): string => (error as { code?: string } | null)?.code ?? ''

/** An error of the file system as a `StorageError`; anything that has no errno (aborts, our own errors) passes as it is. */
export function toStorageError(error: unknown, operation: string): unknown {
  if (error instanceof StorageError || !(error instanceof Error)) return error
  const code = codeOf(error)
  if (!/^E[A-Z0-9]+$/.test(code)) return error
  return new StorageError(faults[code] ?? 'unavailable', `${operation}: ${reasons[code] ?? 'the file system failed'} (${code})`, {
    cause: error,
  })
}

/** The result of `work`, or null where it fails with one of `codes`. */
export async function unless<T>(codes: readonly string[], work: Promise<T>): Promise<T | null> {
  try {
    return await work
  } catch (error) {
    if (codes.includes(codeOf(error))) return null
    throw error
  }
}
