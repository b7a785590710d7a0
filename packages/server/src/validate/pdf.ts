import {
  EncryptedPDFError,
  PDFArray,
  PDFContext,
  PDFDict,
  PDFDocument,
  PDFName,
  type PDFObject,
  type PDFRef,
  PDFStream,
} from '@cantoo/pdf-lib'
import { findPdfHeader } from './detect.ts'
import { type FileBytes, readHead, readTail, readWhole } from './file-bytes.ts'
import type { Checker } from './kinds.ts'
import { mebibytes, reason } from './reasons.ts'
import type { ValidationReason } from './validator.ts'

/** Its objects are parsed in memory, at several times the size of the file where it is all objects and no images. */
const MAX_PDF_BYTES = 128 * 1024 * 1024
const MAX_DEPTH = 100
/** Readers look for the end mark in this many last bytes (ISO 32000-1, Annex H.3.4.4). */
const TAIL_BYTES = 1024

const damaged = (what: string, at: string | null): ValidationReason =>
  reason('pdf-structure', `The PDF is damaged or cut off: ${what}. Print or export it to PDF anew and upload that.`, at)
const active = (what: string, at: string): ValidationReason =>
  reason('pdf-active', `The PDF holds ${what}. Print it to PDF, which drops what is active, and upload that.`, at)

/** Actions that do more than move within the document or open a link (ISO 32000-1, table 198). */
const actions: Readonly<Record<string, string>> = {
  '/JavaScript': 'JavaScript',
  '/Launch': 'an action that starts a program',
  '/ImportData': 'an action that reads a file',
  '/SubmitForm': 'an action that sends data away',
  '/GoToE': 'an action that opens an embedded file',
  '/Rendition': 'a media action',
  '/RichMediaExecute': 'a media action',
}

/** The header at the first byte, the end mark, and an offset before it where a cross-reference section begins. */
async function findFrameFault(file: FileBytes): Promise<ValidationReason | null> {
  const headerAt = findPdfHeader(await readHead(file, 2048))
  if (headerAt !== 0)
    return reason('pdf-header', 'The PDF begins with other data. Save it anew from a PDF program and upload that.', `byte ${headerAt}`)
  const tail = Buffer.from(await readTail(file, TAIL_BYTES)).toString('latin1')
  if (!tail.includes('%%EOF')) return damaged('its end mark is missing', `byte ${file.size}`)
  const offset = /startxref\s+(\d{1,10})\s+%%EOF(?![\s\S]*%%EOF)/.exec(tail)?.[1]
  if (offset === undefined) return damaged('the address of its cross-reference table is missing', `byte ${file.size}`)
  const at = Number(offset)
  if (at + 4 > file.size) return damaged('its cross-reference table is missing', `byte ${at}`)
  const section = Buffer.from(await file.read(at, Math.min(64, file.size - at))).toString('latin1')
  return /^\s*(xref\b|\d+\s+\d+\s+obj\b)/.test(section) ? null : damaged('its cross-reference table is missing', `byte ${at}`)
}

function findDictFault(dict: PDFDict, at: string): ValidationReason | null {
  const kind = dict.get(PDFName.of('S'))?.toString() ?? ''
  if (actions[kind]) return active(actions[kind], at)
  if (dict.has(PDFName.of('JS')) || dict.has(PDFName.of('JavaScript'))) return active('JavaScript', at)
  if (dict.has(PDFName.of('XFA'))) return active('an XFA form, which can run code', at)
  return dict.get(PDFName.of('Subtype'))?.toString() === '/RichMedia' ? active('embedded media', at) : null
}

/** Looks through one object to its last dictionary; objects that it refers to come on their own. */
function findObjectFault(object: PDFObject, at: string, depth = 0): ValidationReason | null {
  if (depth > MAX_DEPTH) return damaged(`objects are nested deeper than ${MAX_DEPTH}`, at)
  const dict = object instanceof PDFStream ? object.dict : object instanceof PDFDict ? object : null
  const inner = dict ? dict.values() : object instanceof PDFArray ? object.asArray() : []
  const fault = dict ? findDictFault(dict, at) : null
  if (fault) return fault
  for (const one of inner) {
    const found = findObjectFault(one, at, depth + 1)
    if (found) return found
  }
  return null
}

let seen: ValidationReason[] = []
const { assign } = PDFContext.prototype
// The parser keeps the last object of a number alone, and readers may take another one: so each is looked at as it is read.
PDFContext.prototype.assign = function (this: PDFContext, ref: PDFRef, object: PDFObject): void {
  const fault = findObjectFault(object, `object ${ref.objectNumber}`)
  if (fault && seen.length < 5) seen.push(fault)
  assign.call(this, ref, object)
}

async function findObjectFaults(whole: Uint8Array): Promise<readonly ValidationReason[]> {
  seen = []
  try {
    const options = { throwOnInvalidObject: true, updateMetadata: false, password: '', parseSpeed: Number.POSITIVE_INFINITY }
    const document = await PDFDocument.load(whole, options)
    if (document.getPageCount() === 0) return [damaged('it has no pages', null)]
    for (const page of document.getPages()) if (!(page.node.MediaBox() instanceof PDFArray)) return [damaged('a page has no size', null)]
    return seen
  } catch (error) {
    if (seen.length > 0) return seen
    if (error instanceof EncryptedPDFError || /password|decrypt|encrypt/i.test(String(error)))
      return [reason('pdf-encrypted', 'The PDF is protected with a password. Remove the password and upload it again.')]
    return [damaged('its objects cannot be read', null)]
  }
}

/**
 * PDF (ISO 32000): frame, every object, pages. Refused: JavaScript, actions that start programs or send and fetch data, XFA, embedded
 * media. Allowed: embedded files, which invoices (PDF/A-3) are made of and which no reader opens by itself; the malware scan unpacks them.
 */
export const checkPdf: Checker = async ({ bytes }) => {
  if (bytes.size > MAX_PDF_BYTES)
    return [reason('too-large', `The PDF is larger than ${mebibytes(MAX_PDF_BYTES)}, the most that is validated. Split it.`)]
  const fault = await findFrameFault(bytes)
  return fault ? [fault] : findObjectFaults(await readWhole(bytes))
}
