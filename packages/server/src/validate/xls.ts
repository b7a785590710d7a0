import { type CFB$Entry, find, read } from 'cfb'
import { readWhole } from './file-bytes.ts'
import type { Checker } from './kinds.ts'
import { mebibytes, reason } from './reasons.ts'
import type { ValidationReason } from './validator.ts'

const MAX_XLS_BYTES = 128 * 1024 * 1024

/** Record types of BIFF8 ([MS-XLS] 2.3.2) and what they begin with. */
const BOF = 0x0809
const EOF_RECORD = 0x000a
const FILE_PASS = 0x002f
const SUP_BOOK = 0x01ae
const BOUND_SHEET = 0x0085
/** `cch` of a SupBook that is this workbook, or the add-in functions ([MS-XLS] 2.4.271). */
const innerBooks = new Set([0x0401, 0x3a01])
/** `dt` of a BoundSheet8 that is a sheet of Excel 4.0 macros ([MS-XLS] 2.4.28). */
const MACRO_SHEET = 1

const damaged = (what: string, at: string | null = null): ValidationReason =>
  reason('xls-damaged', `The workbook is damaged: ${what}. Open it in a spreadsheet program, save it anew and upload that.`, at)
const macros = reason('excel-macros', 'The workbook holds macros. Save it as XLSX without macros.')
const external = (at: number): ValidationReason =>
  reason(
    'excel-external',
    'The workbook refers to data outside of it. Break the links (Data, Edit Links) and save it.',
    `byte ${at} of the workbook`,
  )

function findRecordFault(type: number, body: Buffer, at: number): ValidationReason | null {
  if (type === FILE_PASS) return reason('excel-encrypted', 'The workbook is protected with a password. Save it without one.')
  if (type === SUP_BOOK && body.length >= 4 && !innerBooks.has(body.readUInt16LE(2))) return external(at)
  if (type === BOUND_SHEET && body.length >= 6 && body[5] === MACRO_SHEET) return macros
  return null
}

/** Every record of the workbook stream, by its header; what is in the cells does not matter. */
function findStreamFault(stream: Buffer): ValidationReason | null {
  if (stream.length < 4 || stream.readUInt16LE(0) !== BOF) return damaged('it does not begin as a workbook', 'byte 0 of the workbook')
  let ended = false
  for (let at = 0; at + 4 <= stream.length; ) {
    const type = stream.readUInt16LE(at)
    const next = at + 4 + stream.readUInt16LE(at + 2)
    // Streams are padded with zeros after the last sheet.
    if (type === 0 && ended) return null
    if (next > stream.length) return damaged('a record is cut off', `byte ${at} of the workbook`)
    const fault = findRecordFault(type, stream.subarray(at + 4, next), at)
    if (fault) return fault
    ended = type === EOF_RECORD
    at = next
  }
  return ended ? null : damaged('its end is missing')
}

const isMacroStorage = (path: string): boolean => /(^|\/)(_VBA_PROJECT_CUR|_VBA_PROJECT|VBA|Macros)(\/|$)/i.test(path)
/** OLE objects lie in storages of this name, or carry a package of their own. */
const isEmbedded = (path: string): boolean => /(^|\/)(MBD[0-9A-F]{8}|[^/]?Ole10Native|Package|EmbeddedOdf)(\/|$)/i.test(path)

function findContainerFault(paths: readonly string[], workbook: CFB$Entry | null): ValidationReason | null {
  if (paths.some((path) => /\/EncryptedPackage$/.test(path)))
    return reason('excel-encrypted', 'The workbook is protected with a password. Save it without one.')
  if (paths.some(isMacroStorage)) return macros
  if (paths.some(isEmbedded))
    return reason('excel-embedded', 'The workbook holds other files as objects. Remove them and upload them on their own.')
  return workbook ? null : damaged('it holds no workbook')
}

/** XLS: an OLE2 container with a BIFF workbook, whole to its last record; no macros, links to outside, embedded files or password. */
export const checkXls: Checker = async ({ bytes }) => {
  if (bytes.size > MAX_XLS_BYTES)
    return [reason('too-large', `The workbook is larger than ${mebibytes(MAX_XLS_BYTES)}, the most that is validated. Split it.`)]
  const whole = await readWhole(bytes)
  let container: ReturnType<typeof read>
  try {
    container = read(whole, { type: 'buffer' })
  } catch {
    return [damaged('its container cannot be read')]
  }
  const workbook = find(container, '/Workbook') ?? find(container, '/Book')
  const fault = findContainerFault(container.FullPaths, workbook) ?? findStreamFault(Buffer.from(workbook!.content as Uint8Array))
  return fault ? [fault] : []
}
