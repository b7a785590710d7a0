import { createHash } from 'node:crypto'

// How a file of the direct tier is called on its storage: by its own name wherever a key can hold it. What single backends cannot
// hold (an SMB share no colon, say) their drivers write in another way; here is what no key can hold at all.

/** One segment of a key, as the longest name of every backend (storage/key.ts). */
const MOST_BYTES = 255
/** What a driver needs three bytes for where its backend cannot hold it (storage/smb-names.ts), so that a name fits on every one. */
const widened = /[\\:*?"<>|%]|[. ]$/g
const reservedDevice = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?=\.|$)/i
/** Drivers keep unfinished writes under names that begin so. */
const unfinished = /^%*\.hf-/
const DIGEST_DIGITS = 16
/** Longer endings are no extensions. */
const MOST_EXTENSION_BYTES = 32

const bytesOf = (text: string): number => Buffer.byteLength(text, 'utf8')
const heldBytes = (name: string): number => bytesOf(name) + 2 * (name.match(widened)?.length ?? 0) + (reservedDevice.test(name) ? 2 : 0)

/** A name with its extension, which begins with the last dot that is not its first character. */
function parted(name: string): { stem: string; extension: string } {
  const dot = name.lastIndexOf('.')
  if (dot <= 0 || bytesOf(name.slice(dot)) > MOST_EXTENSION_BYTES) return { stem: name, extension: '' }
  return { stem: name.slice(0, dot), extension: name.slice(dot) }
}

/** `name` with `mark` before its extension, the stem cut at a whole character where it would be too long. */
function marked(name: string, mark: string): string {
  const { stem, extension } = parted(name)
  const characters = [...stem]
  let result = `${stem}${mark}${extension}`
  while (heldBytes(result) > MOST_BYTES && characters.length > 0) {
    characters.length = Math.min(characters.length - 1, Math.max(0, characters.length - Math.ceil((heldBytes(result) - MOST_BYTES) / 4)))
    result = `${characters.join('')}${mark}${extension}`
  }
  return result
}

const digestOf = (name: string): string => createHash('sha256').update(name).digest('hex').slice(0, DIGEST_DIGITS)

/**
 * The last segment of the key of a file called `original`, at most 255 bytes on every backend. It is the name itself but for two kinds:
 * one that looks like an unfinished write gets a `%` in front, and one that is too long is cut and gets `~` and a digest before its
 * extension. Different names give different segments. `original` is a name that core/file-name.ts takes.
 */
export function toDirectName(original: string): string {
  const held = unfinished.test(original) ? `%${original}` : original
  return heldBytes(held) <= MOST_BYTES ? held : marked(held, `~${digestOf(original)}`)
}

/** The name of a file that is called `stored` on its storage: the inverse of `toDirectName`, but for names that it had to cut. */
export const fromDirectName = (stored: string): string => (/^%+\.hf-/.test(stored) ? stored.slice(1) : stored)

/** `stored` as the `nth` file of its name, from 2 on: “report (2).pdf”. */
export const numberedDirectName = (stored: string, nth: number): string => marked(stored, ` (${nth})`)

/** What two names have in common that a file server without upper and lower case takes for one. */
export const foldedDirectName = (stored: string): string => stored.normalize('NFC').toLowerCase()
