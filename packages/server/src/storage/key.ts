import { StorageError } from './target.ts'

/** Drivers keep unfinished writes under names that begin so; no key may hold such a segment. */
export const RESERVED_PREFIX = '.hf-'

/** Amazon S3, "Object key naming": at most 1,024 bytes of UTF-8. */
export const MAX_KEY_BYTES = 1024
/** One file name on ext4, XFS, APFS, NTFS-by-SFTP. */
export const MAX_SEGMENT_BYTES = 255

const bytesOf = (text: string): number => Buffer.byteLength(text, 'utf8')

function segmentFault(segment: string): string | null {
  if (segment === '') return 'it has an empty segment'
  if (segment === '.' || segment === '..') return `it has a segment ${segment}`
  if (segment.startsWith(RESERVED_PREFIX)) return `a segment begins with the reserved ${RESERVED_PREFIX}`
  if (bytesOf(segment) > MAX_SEGMENT_BYTES) return `a segment is longer than ${MAX_SEGMENT_BYTES} bytes`
  return null
}

/** Why no target may hold `key`, or null. The rules are those that every backend shares; a driver may refuse more. */
export function keyFault(key: string): string | null {
  if (key === '') return 'it is empty'
  if (!key.isWellFormed()) return 'it is not well-formed Unicode'
  if (bytesOf(key) > MAX_KEY_BYTES) return `it is longer than ${MAX_KEY_BYTES} bytes`
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (/[\u0000-\u001f\u007f]/.test(key)) return 'it holds a control character'
  for (const segment of key.split('/')) {
    const fault = segmentFault(segment)
    if (fault) return fault
  }
  return null
}

/** Whether a key can begin with `prefix`; a listing of one that none can begin with is empty. */
export function isKeyPrefix(prefix: string): boolean {
  const parents = prefix.split('/').slice(0, -1)
  return (
    prefix.isWellFormed() && !prefix.includes('\0') && !parents.some((segment) => segment === '' || segment === '.' || segment === '..')
  )
}

/** Throws 'bad-key' where `keyFault` finds one. */
export function checkKey(key: string): void {
  const fault = keyFault(key)
  if (fault) throw new StorageError('bad-key', `The key cannot be stored: ${fault}`)
}
