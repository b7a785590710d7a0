import { domainToASCII } from 'node:url'

type Place = Readonly<Record<string, unknown>>

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** A host in one spelling: lower case, no final dot, addresses as URLs write them. */
function canonicalHost(host: string): string {
  const bare = host.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  const url = `http://${bare.includes(':') ? `[${bare}]` : bare}`
  return URL.canParse(url) ? new URL(url).hostname.replace(/\.$/, '') : domainToASCII(bare)
}

/** Names of parts of AWS that share no bucket names, as they stand in ARNs. */
export function awsPartition(region: string): 'aws' | 'aws-cn' | 'aws-us-gov' {
  if (region.startsWith('cn-')) return 'aws-cn'
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'
}

function s3Server(place: Place): string {
  const partition = awsPartition(text(place.region))
  const endpoint = text(place.endpoint)
  if (endpoint === '') return partition
  const url = new URL(endpoint)
  const host = canonicalHost(url.hostname)
  if (/^s3[.-].*amazonaws\.com(\.cn)?$|^s3\.amazonaws\.com$/.test(host)) return partition
  return `${host}:${url.port || (url.protocol === 'https:' ? '443' : '80')}`
}

/** A folder without needless slashes and dots; '' and '.' are the folder that a session begins in. */
function canonicalFolder(path: string): string {
  const names = path.split('/').filter((name) => name !== '' && name !== '.')
  return `${path.startsWith('/') ? '/' : ''}${names.join('/')}`
}

const serverOf = (place: Place, port: number): string => `${canonicalHost(text(place.host))}:${Number(place.port ?? port)}`

function sftpParts(place: Place): string[] {
  const folder = canonicalFolder(text(place.directory))
  // What a relative folder is below depends on who signs in.
  return folder.startsWith('/') ? [serverOf(place, 22), folder] : [serverOf(place, 22), folder, text(place.user)]
}

/**
 * Where the objects of a target lie, in one spelling, so that the same storage is known again (T9): kind and server with bucket and
 * prefix, share and folder. How to sign in there is no part of it. Null for targets that are not told by their place.
 * `place` has passed the schema of its kind.
 */
export function targetLocation(kind: string, place: Place): string | null {
  if (kind === 's3') return JSON.stringify(['s3', s3Server(place), text(place.bucket), canonicalFolder(text(place.prefix))])
  // Servers know shares whatever the case of their name, but not always folders.
  if (kind === 'smb')
    return JSON.stringify(['smb', serverOf(place, 445), text(place.share).toLowerCase(), canonicalFolder(text(place.folder))])
  return kind === 'sftp' ? JSON.stringify(['sftp', ...sftpParts(place)]) : null
}
