const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const mediaType = new RegExp(`^${token}/${token}$`)
const OCTETS = 'application/octet-stream'

/** What a sender called the type, reduced to `type/subtype` in lower case; parameters are dropped, nonsense becomes octets. */
export function storedContentType(declared: string | undefined): string {
  const essence = (declared ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  return essence.length <= 127 && mediaType.test(essence) ? essence : OCTETS
}

/** Types that a browser shows without running anything of them. No HTML, SVG, XML or PDF scripts in our own origin. */
const shownInline: ReadonlySet<string> = new Set([
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'image/avif',
  'image/bmp',
  'text/plain',
  'application/pdf',
  'audio/mpeg',
  'audio/mp4',
  'audio/ogg',
  'audio/wav',
  'audio/webm',
  'video/mp4',
  'video/ogg',
  'video/webm',
])

/** Whether a file of this declared type may be answered inline; everything else is an attachment, whatever was asked for. */
export const mayShowInline = (contentType: string): boolean => shownInline.has(contentType)

/** How a file is answered: inline only what may be shown so, and against which nothing was found (O5, O17). */
export const dispositionOf = (
  file: { contentType: string; malware: { verdict: string } | null; validation: readonly unknown[] | null },
  asked: 'attachment' | 'inline',
): 'attachment' | 'inline' =>
  asked === 'inline' && mayShowInline(file.contentType) && file.malware?.verdict !== 'infected' && !file.validation?.length
    ? 'inline'
    : 'attachment'

/** The Content-Type of an answer. Text is sent as UTF-8 so that no browser guesses its encoding. */
export const servedContentType = (contentType: string): string => (contentType === 'text/plain' ? 'text/plain; charset=utf-8' : contentType)
