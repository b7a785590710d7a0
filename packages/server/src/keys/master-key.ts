import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { KeyError } from './provider.ts'

// Long-lived keys as text and where they come from: format-v1 "Keys", for the master key, the credential key and the audit key alike.

const MAX_FILE_BYTES = 4096
const OTHERS = 0o077

/**
 * The bytes of a key given as text: urlsafe base64 with its padding ("+" and "/" are taken too), white space around it ignored.
 * `KeyError` names `from` and what is wrong, and never holds any of the text.
 */
export function parseKey(text: string, from: string, lengths: readonly number[]): Uint8Array {
  const trimmed = text.trim()
  if (trimmed === '') throw new KeyError(`${from} is empty`)
  if (/[\r\n]/.test(trimmed)) throw new KeyError(`${from} has more than one line`)
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(trimmed)) throw new KeyError(`${from} is not urlsafe base64`)
  if (trimmed.length % 4 !== 0) throw new KeyError(`${from} is not urlsafe base64 with its padding (=): a character is missing or too many`)
  const key = Buffer.from(trimmed, 'base64url')
  if (!lengths.includes(key.length)) {
    const wanted = lengths.length === 1 ? `${lengths[0]}` : `${lengths.slice(0, -1).join(', ')} or ${lengths.at(-1)}`
    throw new KeyError(`${from} decodes to ${key.length} bytes; it must be ${wanted}`)
  }
  return new Uint8Array(key)
}

/** Urlsafe base64 with padding, as `parseKey` reads it. */
export const formatKey = (key: Uint8Array): string => Buffer.from(key).toString('base64').replaceAll('+', '-').replaceAll('/', '_')

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
  EACCES: 'cannot be read by this user',
  EPERM: 'cannot be read by this user',
  ELOOP: 'is a symbolic link',
}

/** Opens without following a link and without waiting for one that would open the other end of a pipe. */
function openKeyFile(path: string, from: string): number {
  try {
    return openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    throw new KeyError(`${from} ${reasons[code] ?? `cannot be opened (${code})`}`)
  }
}

/**
 * The text in a key file, which must be a regular one, no symbolic link, closed to group and others.
 * The checks are of the file that is read, not of what has its name a moment later.
 */
export function readKeyText(path: string, from: string): string {
  const file = openKeyFile(path, from)
  const bytes = Buffer.alloc(MAX_FILE_BYTES + 1)
  try {
    const stat = fstatSync(file)
    if (!stat.isFile()) throw new KeyError(`${from} is not a regular file`)
    if (process.platform !== 'win32' && (stat.mode & OTHERS) !== 0) {
      const mode = (stat.mode & 0o777).toString(8).padStart(3, '0')
      throw new KeyError(`${from} is open to other users (mode ${mode}); run chmod 600 on it, and think about who has read it`)
    }
    const length = readSync(file, bytes, 0, bytes.length, 0)
    if (length > MAX_FILE_BYTES) throw new KeyError(`${from} is too large for a key`)
    return bytes.toString('utf8', 0, length)
  } finally {
    bytes.fill(0)
    closeSync(file)
  }
}

/** The key in a file that `readKeyText` takes, on one line. */
export const readKeyFile = (path: string, from: string, lengths: readonly number[]): Uint8Array =>
  parseKey(readKeyText(path, from), from, lengths)
