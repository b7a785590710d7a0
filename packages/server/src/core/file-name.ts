/**
 * The rule for names of files. A name is metadata: it is stored and given back exactly, code point for code point, and never becomes
 * part of a path or key. So a name that some system cannot hold (a reserved Windows name, a colon, a trailing dot) and marks that change
 * the direction of text are kept: for evidence the name is evidence. What is refused cannot be a single name anywhere, or cannot be
 * written down without damage: path separators, `.` and `..`, control characters, lone surrogates, more than MAX_NAME_BYTES of UTF-8.
 */
import { MAX_NAME_BYTES } from '@holdfast/api'

export type NameFault = 'empty' | 'too-long' | 'separator' | 'dots' | 'control' | 'not-unicode'

const messages: Readonly<Record<NameFault, string>> = {
  empty: 'A file needs a name.',
  'too-long': `The name is longer than ${MAX_NAME_BYTES} bytes of UTF-8. Shorten it and try again.`,
  separator: 'The name holds a slash or a backslash. Send the last part of the path alone.',
  dots: 'The name is "." or "..", which means a folder. Rename the file and try again.',
  control: 'The name holds a control character. Rename the file and try again.',
  'not-unicode': 'The name is not valid Unicode (half of a surrogate pair). Rename the file and try again.',
}

/** What is wrong with `name`, or null where it can be stored. */
export function findNameFault(name: string): NameFault | null {
  if (name.length === 0) return 'empty'
  if (name === '.' || name === '..') return 'dots'
  if (/[/\\]/.test(name)) return 'separator'
  if (/\p{Cc}/u.test(name)) return 'control'
  if (!name.isWellFormed()) return 'not-unicode'
  if (Buffer.byteLength(name, 'utf8') > MAX_NAME_BYTES) return 'too-long'
  return null
}

export const describeNameFault = (fault: NameFault): string => messages[fault]

/** Characters that show nothing or turn the text around: direction marks, isolates and overrides, joiners, soft hyphen, BOM. */
const hidden = /[\p{Cf}\u2028\u2029]/gu

/** `name` for logs and terminals: every mark that hides or turns text stands there as `<U+202E>`. What is stored stays as it is. */
export const visibleName = (name: string): string =>
  name.replace(hidden, (mark) => `<U+${(mark.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}>`)
