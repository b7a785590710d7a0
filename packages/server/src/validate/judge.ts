import { type Detected, detectType, endsAsZip, findPdfHeader } from './detect.ts'
import { type FileKind, type FileToJudge, findKind, findKindByExtension, findKindDetected } from './kinds.ts'
import { checkOtherType } from './other.ts'
import { MAX_REASONS, notValidated, reason, shown } from './reasons.ts'
import type { ValidationReason, ValidationResult } from './validator.ts'

const essence = (declared: string): string => declared.split(';', 1)[0]?.trim().toLowerCase() ?? ''
const extensionOf = (fileName: string): string => /\.([^.]+)$/.exec(fileName)?.[1]?.toLowerCase() ?? ''

const describe = ({ type, isText }: Detected): string => {
  const kind = findKindDetected(type)
  if (kind) return kind.name
  return type ?? (isText ? 'plain text' : 'not of a known type')
}

function findTypeMismatch(kind: FileKind, detected: Detected): ValidationReason | null {
  const isIt = kind.detected.includes(detected.type) && (detected.type !== null || detected.isText)
  if (isIt) return null
  if (kind.name === 'SVG' && detected.type === 'application/gzip')
    return reason('svg-compressed', 'The SVG is compressed (svgz). Save it as plain SVG and upload it again.')
  if (kind.name === 'XLSX' && detected.type === 'application/x-cfb')
    return reason(
      'type-mismatch',
      'The file is an older XLS workbook or protected with a password. Save it as XLSX without a password.',
      '0',
    )
  const isWhat = describe(detected)
  return reason(
    'type-mismatch',
    `The file was sent as ${kind.name}, but its content is ${isWhat}. Send it as what it is, or convert it.`,
    '0',
  )
}

/** A name that says one type while the bytes are another: programs that go by names would be misled. */
function findNameMismatch(kind: FileKind, fileName: string): ValidationReason | null {
  const extension = extensionOf(fileName)
  const named = findKindByExtension(extension)
  if (named === null || named === kind) return null
  const message = `The name ends in .${extension}, but the content is ${kind.name}. Rename the file to .${kind.extensions[0]} or convert it.`
  return reason('name-mismatch', message, shown(fileName))
}

async function findSecondNature(kind: FileKind, file: FileToJudge, detected: Detected): Promise<ValidationReason | null> {
  if (kind.name !== 'PDF' && findPdfHeader(detected.head) > 0)
    return reason('polyglot', `The ${kind.name} is a PDF at the same time. Save it anew from an image or office program.`, '0')
  if (kind.name !== 'XLSX' && (await endsAsZip(file.bytes)))
    return reason('polyglot', `The ${kind.name} is a ZIP archive at the same time. Save it anew without what was appended to it.`)
  return null
}

async function findReasons(file: FileToJudge, detected: Detected): Promise<readonly ValidationReason[]> {
  if (file.bytes.size === 0) return [reason('empty', 'The file is empty. Upload it again from where it is whole.')]
  const kind = findKind(file.declaredType)
  if (kind === null) return checkOtherType(file, detected)
  const mismatch = findTypeMismatch(kind, detected)
  if (mismatch) return [mismatch]
  const found = [findNameMismatch(kind, file.fileName), await findSecondNature(kind, file, detected)].filter((one) => one !== null)
  if (found.length > 0) return found
  const check = await kind.load()
  return check(file)
}

/** The verdict on one file. Never rejects for what is in the file: a parser that throws is a reason. */
export async function judgeFile(request: FileToJudge): Promise<ValidationResult> {
  const file = { ...request, declaredType: essence(request.declaredType) }
  let detectedType: string | null = null
  try {
    const detected = await detectType(file.bytes)
    detectedType = detected.type
    const reasons = (await findReasons(file, detected)).slice(0, MAX_REASONS)
    return { ok: reasons.length === 0, detectedType, reasons }
  } catch {
    return { ok: false, detectedType, reasons: [notValidated('its structure is broken in a way that the check does not know')] }
  }
}
