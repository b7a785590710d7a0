import { SmbError } from './errors.ts'

const reserved = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\..*)?$/i
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
const forbidden = /[\u0000-\u001f\\:*?"<>|]/

/**
 * A path below the share, `/` between its names, as the server takes it (`\` between them). Refuses what servers cannot hold or
 * read as something else: above all `:`, which would name an alternate data stream ([MS-FSCC] §2.1.5).
 */
export function sharePath(path: string): string {
  if (path === '') return ''
  const names = path.split('/')
  for (const name of names) {
    const bad =
      name === '' ||
      name === '.' ||
      name === '..' ||
      forbidden.test(name) ||
      /[. ]$/.test(name) ||
      reserved.test(name) ||
      name.length > 255 ||
      !name.isWellFormed()
    if (bad) throw new SmbError('name', `The name ${JSON.stringify(name)} cannot be stored on an SMB share.`)
  }
  return names.join('\\')
}
