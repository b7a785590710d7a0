import type { RemoteNames } from './remote-files.ts'

// What SMB servers cannot hold ([MS-FSCC] §2.1.5) is written as %xx, and so is a % that would read as such; all else stays as it is,
// so that people who look at the share find the names they know.

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are among what cannot be held
const unholdable = /[\u0000-\u001f\\:*?"<>|]|%(?=[0-9a-f]{2})|[. ]$/g
const reserved = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?=\.|$)/i

const percent = (char: string): string => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`

const toName = (segment: string): string => {
  const name = segment.replace(unholdable, percent)
  return reserved.test(name) ? percent(name[0]!) + name.slice(1) : name
}

/** Segments of keys as names on an SMB share. */
export const smbNames: RemoteNames = {
  toName,
  toSegment(name) {
    const segment = name.replace(/%([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    return toName(segment) === name ? segment : null
  },
}
