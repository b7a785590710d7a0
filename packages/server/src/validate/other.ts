import { supportedMimeTypes } from 'file-type'
import type { Detected } from './detect.ts'
import { type FileToJudge, findKind } from './kinds.ts'
import { reason } from './reasons.ts'
import type { ValidationReason } from './validator.ts'

/** Declared as anything: nothing is promised, so nothing is compared. */
const anyBytes = new Set(['application/octet-stream', 'binary/octet-stream', ''])

/** Names for the same bytes: what senders say, and what the bytes are called by detection. */
const sameBytes: readonly (readonly string[])[] = [
  ['application/zip', 'application/x-zip-compressed', 'application/x-zip'],
  ['application/gzip', 'application/x-gzip'],
  ['application/x-rar-compressed', 'application/vnd.rar', 'application/x-rar'],
  ['application/vnd.microsoft.portable-executable', 'application/x-msdownload', 'application/x-dosexec'],
  ['audio/wav', 'audio/x-wav', 'audio/wave', 'audio/vnd.wave'],
  ['audio/mpeg', 'audio/mp3'],
  ['audio/mp4', 'audio/x-m4a', 'audio/m4a', 'video/mp4', 'video/x-m4v', 'video/quicktime', 'video/3gpp', 'video/3gpp2'],
  ['audio/ogg', 'video/ogg', 'application/ogg', 'audio/ogg; codecs=opus', 'audio/opus'],
  ['video/webm', 'audio/webm', 'video/matroska', 'video/x-matroska', 'audio/x-matroska'],
  ['video/vnd.avi', 'video/x-msvideo', 'video/avi'],
  ['video/x-ms-asf', 'audio/x-ms-asf', 'application/vnd.ms-asf', 'video/x-ms-wmv', 'audio/x-ms-wma'],
  ['image/heic', 'image/heif', 'image/heic-sequence', 'image/heif-sequence'],
  ['image/bmp', 'image/x-ms-bmp', 'image/x-bmp'],
  ['image/x-icon', 'image/vnd.microsoft.icon'],
  ['application/xml', 'text/xml'],
  ['application/rtf', 'text/rtf'],
]
const families = new Map(sameBytes.flatMap((family) => family.map((type) => [type, family] as const)))
const known = (type: string): boolean => supportedMimeTypes.has(type as never) || families.has(type)

/** Formats that others are made of: more cannot be told from the first bytes. */
const containers = new Set(['application/zip', 'application/x-cfb', 'application/xml', 'application/gzip', 'image/tiff', 'application/ogg'])

const isAs = (declared: string, detected: string): boolean =>
  declared === detected ||
  (families.get(declared)?.includes(detected) ?? false) ||
  (containers.has(detected) && !/^(text|image)\/(?!tiff|.*\+xml)/.test(declared))

/** Types without a check of their own: the first bytes must be what was declared, as far as anyone can tell. */
export function checkOtherType({ declaredType }: FileToJudge, { type, isText }: Detected): readonly ValidationReason[] {
  if (anyBytes.has(declaredType)) return []
  if (type !== null && isAs(declaredType, type)) return []
  const mustBeText = declaredType.startsWith('text/') && !known(declaredType)
  if (isText && (type === null || (mustBeText && findKind(type) === null)) && !known(declaredType)) return []
  if (type === null && !known(declaredType) && !mustBeText) return []
  const content = type ?? (isText ? 'plain text' : 'not of that type')
  return [reason('type-mismatch', `The file was sent as ${declaredType}, but its content is ${content}. Send it as what it is.`, '0')]
}
