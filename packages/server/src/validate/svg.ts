import { SaxesParser } from 'saxes'
import { findUtf16 } from './detect.ts'
import { type FileBytes, readHead } from './file-bytes.ts'
import type { Checker } from './kinds.ts'
import { MAX_REASONS, mebibytes, reason, shown } from './reasons.ts'
import { findElementFaults, findStyleFault, SVG_NAMESPACE, type XmlElement } from './svg-rules.ts'
import { decodeText, EncodingFault } from './text-decoding.ts'
import type { ValidationReason } from './validator.ts'
import { writeSlices } from './xml-slices.ts'

const MAX_SVG_BYTES = 32 * 1024 * 1024
const MAX_DEPTH = 256
const MAX_ATTRIBUTES = 1024
const MAX_STYLE_CHARACTERS = 1024 * 1024

/** Declared encodings that are read, and as what. A declaration that a browser would read otherwise is refused. */
const encodings: Readonly<Record<string, string>> = {
  'utf-8': 'utf-8',
  utf8: 'utf-8',
  'us-ascii': 'utf-8',
  ascii: 'utf-8',
  'iso-8859-1': 'windows-1252',
  'windows-1252': 'windows-1252',
}

/** The document types that drawing programs write; browsers know them and load nothing. */
const w3cDoctype =
  /^\s*svg\s+PUBLIC\s+(["'])-\/\/W3C\/\/DTD SVG [0-9.]+( (Basic|Tiny|Full))?\/\/EN\1\s+(["'])https?:\/\/www\.w3\.org\/[\w./-]+\.dtd\4\s*$/i

function findEncoding(head: Uint8Array): string | null {
  const utf16 = findUtf16(head)
  if (utf16) return utf16
  const declared = /^\uFEFF?<\?xml[^>]*?encoding\s*=\s*["']([\w.:-]+)["']/.exec(new TextDecoder().decode(head.subarray(0, 512)))?.[1]
  return declared === undefined ? 'utf-8' : (encodings[declared.toLowerCase()] ?? null)
}

type Reading = { readonly reasons: ValidationReason[]; stopped: boolean; depth: number; style: string | null; sawRoot: boolean }

const stop = (reading: Reading, found: ValidationReason) => {
  if (!reading.stopped) reading.reasons.push(found)
  reading.stopped = true
}

type Tag = { readonly local: string; readonly uri: string; readonly attributes: Readonly<Record<string, unknown>> }

function findShapeFault(reading: Reading, tag: Tag, line: string): ValidationReason | null {
  if (!reading.sawRoot && (tag.local !== 'svg' || tag.uri !== SVG_NAMESPACE))
    return reason('svg-root', `The XML is not an SVG: its root is ${shown(tag.local)}. Send it as what it is.`, line)
  if (reading.depth > MAX_DEPTH) return reason('svg-depth', `The SVG nests elements deeper than ${MAX_DEPTH}. Flatten its groups.`, line)
  if (Object.keys(tag.attributes).length <= MAX_ATTRIBUTES) return null
  return reason('svg-depth', `An element of the SVG has more than ${MAX_ATTRIBUTES} attributes. Export it again.`, line)
}

function openElement(reading: Reading, tag: Tag, line: string): void {
  if (reading.stopped) return
  reading.depth += 1
  const fault = findShapeFault(reading, tag, line)
  if (fault) stop(reading, fault)
  reading.sawRoot = true
  const attributes = Object.values(tag.attributes) as XmlElement['attributes']
  reading.reasons.push(...findElementFaults({ local: tag.local, uri: tag.uri, attributes }, line))
  if (reading.reasons.length >= MAX_REASONS) reading.stopped = true
  if (tag.local.toLowerCase() === 'style') reading.style = ''
}

function takeText(reading: Reading, text: string, line: string): void {
  if (reading.style === null) return
  reading.style += text
  if (reading.style.length > MAX_STYLE_CHARACTERS) stop(reading, reason('svg-style', 'The SVG has more than 1 MiB of styles.', line))
}

function closeElement(reading: Reading, local: string, line: string): void {
  reading.depth -= 1
  if (local.toLowerCase() !== 'style' || reading.style === null) return
  const found = findStyleFault(reading.style, line)
  if (found) reading.reasons.push(found)
  reading.style = null
}

function openParser(reading: Reading) {
  const parser = new SaxesParser({ xmlns: true, position: true })
  const line = () => `line ${parser.line}`
  parser.on('opentag', (tag) => openElement(reading, tag as never, line()))
  parser.on('closetag', (tag) => closeElement(reading, (tag as { local: string }).local, line()))
  parser.on('text', (text) => takeText(reading, text, line()))
  parser.on('cdata', (text) => takeText(reading, text, line()))
  parser.on('doctype', (doctype) => {
    if (!w3cDoctype.test(doctype))
      stop(
        reading,
        reason('svg-doctype', 'The SVG declares a document type or entities. Export it as plain SVG without a DOCTYPE.', line()),
      )
  })
  parser.on('processinginstruction', ({ target }) => {
    if (target.toLowerCase() !== 'xml')
      stop(reading, reason('svg-external', `The SVG holds the instruction ${shown(target)}. Remove it.`, line()))
  })
  parser.on('error', (error) => {
    const what = shown(error.message.replace(/^[\d:.\s]+/, ''))
    stop(reading, reason('svg-malformed', `The SVG is not well-formed XML: ${what}. Export it again.`, line()))
  })
  return parser
}

async function readSvg(file: FileBytes, encoding: string): Promise<readonly ValidationReason[]> {
  const reading: Reading = { reasons: [], stopped: false, depth: 0, style: null, sawRoot: false }
  const parser = openParser(reading)
  for await (const text of decodeText(file, encoding)) {
    writeSlices(
      text,
      (slice) => parser.write(slice),
      () => reading.stopped,
    )
    if (reading.stopped) return reading.reasons
  }
  parser.close()
  return reading.reasons
}

/**
 * SVG: well-formed XML in UTF-8, UTF-16 or Latin-1 that draws and does nothing else. No scripts, handlers, `javascript:`, references to
 * anything outside of the file, foreign content, entities or style sheets from elsewhere.
 */
export const checkSvg: Checker = async ({ bytes }) => {
  if (bytes.size > MAX_SVG_BYTES)
    return [reason('too-large', `The SVG is larger than ${mebibytes(MAX_SVG_BYTES)}, the most that is validated. Simplify it.`)]
  const encoding = findEncoding(await readHead(bytes, 1024))
  if (encoding === null) return [reason('svg-encoding', 'The SVG declares an encoding that is not taken. Save it as UTF-8.', 'line 1')]
  try {
    return await readSvg(bytes, encoding)
  } catch (error) {
    if (!(error instanceof EncodingFault)) throw error
    return [
      reason(
        'svg-encoding',
        `The SVG is not in the encoding that it declares (${encoding}). Save it as UTF-8.`,
        `after byte ${error.offset}`,
      ),
    ]
  }
}
