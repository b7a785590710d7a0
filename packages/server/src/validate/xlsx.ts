import { SaxesParser } from 'saxes'
import type { Entry } from 'yauzl'
import { findUtf16 } from './detect.ts'
import type { Checker } from './kinds.ts'
import { MAX_REASONS, reason, shown } from './reasons.ts'
import type { ValidationReason } from './validator.ts'
import { writeSlices } from './xml-slices.ts'
import { type OpenZip, withZip } from './zip.ts'

/** Parts that are parsed: content types, relationships. Those of real workbooks are a few kilobytes. */
const MAX_PARSED_BYTES = 16 * 1024 * 1024
/** A document type stands before the first element. */
const PROLOG_BYTES = 4096
/** The lists of a workbook are two deep. */
const MAX_DEPTH = 64

const WORKBOOK = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml'
const macros = (at: string): ValidationReason =>
  reason('excel-macros', 'The workbook holds macros, which XLSX must not. Save it as XLSX without macros.', at)
const damaged = (what: string, at: string | null = null): ValidationReason =>
  reason('xlsx-structure', `The workbook is not a whole XLSX: ${what}. Save it anew from a spreadsheet program.`, at)

/** What is told from the name of an entry alone. */
function findNameFault(name: string): ValidationReason | null {
  const at = shown(name)
  if (/(^|\/)vbaProject(Signature)?\w*\.bin$|(^|\/)(macrosheets|dialogsheets)\//i.test(name)) return macros(at)
  if (/(^|\/)(embeddings|activeX)\//i.test(name))
    return reason('excel-embedded', 'The workbook holds other files as objects. Remove them and upload them on their own.', at)
  if (/(^|\/)externalLinks\/|(^|\/)connections\.xml$/i.test(name))
    return reason('excel-external', 'The workbook refers to data outside of it. Break the links (Data, Edit Links) and save it.', at)
  return null
}

const archives: readonly string[] = ['504b0304', '52617221', '377abcaf', '1f8b08', '4d5a', '7f454c46', 'd0cf11e0']
const isDoctype = (head: Buffer): boolean => /<!(DOCTYPE|ENTITY)/i.test(new TextDecoder(findUtf16(head) ?? 'utf-8').decode(head))

/** What an entry is by its first bytes. */
function findContentFault(name: string, head: Buffer): ValidationReason | null {
  const start = head.toString('hex', 0, 4)
  if (archives.some((magic) => start.startsWith(magic)))
    return reason('excel-embedded', 'The workbook holds an archive, a program or another document. Remove it.', shown(name))
  if (isDoctype(head.subarray(0, PROLOG_BYTES)))
    return reason('xlsx-doctype', 'A part of the workbook declares a document type or entities. Save it anew.', shown(name))
  return null
}

type Attributes = Readonly<Record<string, string>>

/** Every element of a small part, or null where it is not well-formed, or nests as no such list does. */
function findElements(xml: Buffer): { readonly name: string; readonly attributes: Attributes }[] | null {
  const parser = new SaxesParser()
  const elements: { name: string; attributes: Attributes }[] = []
  let depth = 0
  let failed = false
  parser.on('opentag', ({ name, attributes }) => {
    elements.push({ name: name.split(':').at(-1) ?? name, attributes: attributes as Attributes })
    depth += 1
    if (depth > MAX_DEPTH) failed = true
  })
  parser.on('closetag', () => {
    depth -= 1
  })
  parser.on('error', () => {
    failed = true
  })
  writeSlices(
    new TextDecoder(findUtf16(xml) ?? 'utf-8').decode(xml),
    (slice) => parser.write(slice),
    () => failed,
  )
  if (!failed) parser.close()
  return failed ? null : elements
}

function findTypesFaults(xml: Buffer, names: ReadonlySet<string>): ValidationReason[] {
  const at = '[Content_Types].xml'
  const elements = findElements(xml)
  if (elements === null) return [damaged('its list of content types is broken', at)]
  const types = elements.map(({ attributes }) => attributes.ContentType ?? '')
  if (types.some((type) => /macroEnabled|vbaProject|macrosheet/i.test(type))) return [macros(at)]
  const workbook = elements.find(({ attributes }) => attributes.ContentType === WORKBOOK)
  if (!workbook) return [damaged('its content types name no workbook', at)]
  const part = (workbook.attributes.PartName ?? '').replace(/^\//, '').toLowerCase()
  return workbook.name === 'Override' && !names.has(part) ? [damaged('its workbook is missing', shown(part))] : []
}

/** Links that people click are kept; whatever a program would fetch by itself is not. */
function findRelationshipFaults(xml: Buffer, name: string): ValidationReason[] {
  const elements = findElements(xml)
  if (elements === null) return [damaged('its list of relationships is broken', shown(name))]
  const outside = elements.filter(({ attributes }) => attributes.TargetMode === 'External' && !/\/hyperlink$/.test(attributes.Type ?? ''))
  return outside.map(({ attributes }) =>
    reason('excel-external', `The workbook refers to ${shown(attributes.Target ?? '')}. Remove the link and save it.`, shown(name)),
  )
}

async function checkEntry(zip: OpenZip, entry: Entry, names: ReadonlySet<string>): Promise<ValidationReason[]> {
  const name = entry.fileName
  const isTypes = name === '[Content_Types].xml'
  const isParsed = isTypes || /\.rels$/i.test(name)
  if (isParsed && entry.uncompressedSize > MAX_PARSED_BYTES) return [damaged('one of its lists is too long', shown(name))]
  const start = await zip.unpack(entry, isParsed ? MAX_PARSED_BYTES : PROLOG_BYTES)
  const fault = findContentFault(name, start)
  if (fault) return [fault]
  if (isTypes) return findTypesFaults(start, names)
  return isParsed ? findRelationshipFaults(start, name) : []
}

async function checkPackage(zip: OpenZip): Promise<readonly ValidationReason[]> {
  const names = new Set(zip.entries.map((entry) => entry.fileName.toLowerCase()))
  if (!names.has('[content_types].xml')) return [damaged('it is a ZIP archive without content types')]
  const byName = zip.entries.map((entry) => findNameFault(entry.fileName)).filter((one) => one !== null)
  if (byName.length > 0) return byName
  const reasons: ValidationReason[] = []
  for (const entry of zip.entries) {
    reasons.push(...(await checkEntry(zip, entry, names)))
    if (reasons.length >= MAX_REASONS) break
  }
  return reasons
}

/**
 * XLSX (ECMA-376): a ZIP archive within limits, every entry unpacked once and matching its sum; content types that name a workbook; no
 * macros, nothing outside that is fetched, nothing embedded, no document types.
 */
export const checkXlsx: Checker = ({ bytes }) => withZip(bytes, checkPackage)
