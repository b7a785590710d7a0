import { fileTypeFromBuffer } from 'file-type'
import { type FileBytes, readHead, readTail } from './file-bytes.ts'

/** Enough for the first entries of an OOXML package and for every other magic number. */
const HEAD_BYTES = 256 * 1024
/** Acrobat takes a header that stands anywhere in the first 1024 bytes (ISO 32000-1, Annex H.3.4.1). */
const PDF_HEADER_WITHIN = 1024
/** An end-of-central-directory record and the longest comment that can follow it (APPNOTE 4.3.16). */
const ZIP_END_BYTES = 22
const ZIP_TAIL_BYTES = ZIP_END_BYTES + 65_535

export type Detected = {
  /** Null where nothing is recognised. */
  readonly type: string | null
  /** Whether the beginning is text in UTF-8 or UTF-16, or in one of the old 8-bit encodings. */
  readonly isText: boolean
  readonly head: Uint8Array
}

const startsWith = (bytes: Uint8Array, ...magic: number[]): boolean => magic.every((byte, index) => bytes[index] === byte)

/** 'utf-16le' or 'utf-16be' where a byte order mark or the zero beside a first '<' says so. */
export function findUtf16(head: Uint8Array): 'utf-16le' | 'utf-16be' | null {
  if (startsWith(head, 0xff, 0xfe) || startsWith(head, 0x3c, 0x00)) return 'utf-16le'
  if (startsWith(head, 0xfe, 0xff) || startsWith(head, 0x00, 0x3c)) return 'utf-16be'
  return null
}

const headText = (head: Uint8Array): string => new TextDecoder(findUtf16(head) ?? 'utf-8').decode(head.subarray(0, 4096))

/** Where the header of a PDF stands among the first bytes; -1 where it does not. */
export const findPdfHeader = (head: Uint8Array): number =>
  Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, PDF_HEADER_WITHIN + 4)).indexOf('%PDF-')

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what tells bytes from text
const unprintable = /[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]/

function findTextType(text: string): string | null {
  const start = text.replace(/^\uFEFF?\s*(<\?xml[^>]*>\s*)?((<!--[\s\S]*?-->|<!DOCTYPE svg[^>[]*(\[[\s\S]*?\])?\s*>)\s*)*/, '')
  if (/^<([\w-]+:)?svg[\s>/]/.test(start)) return 'image/svg+xml'
  if (/^<(!doctype html|html|head|body|script|iframe)[\s>]/i.test(start)) return 'text/html'
  return /^\uFEFF?\s*<\?xml\s/.test(text) ? 'application/xml' : null
}

/** What the bytes are by their beginning. Text is looked at first: "BM" and "MZ" begin words as well as files. */
export async function detectType(file: FileBytes): Promise<Detected> {
  const head = await readHead(file, HEAD_BYTES)
  const text = headText(head)
  const pdfAt = findPdfHeader(head)
  const found = pdfAt === 0 ? 'application/pdf' : await fileTypeFromBuffer(head).then((result) => result?.mime ?? null)
  const isText = !unprintable.test(text) && (pdfAt !== 0 || found === null)
  if (isText) return { type: findTextType(text) ?? (pdfAt >= 0 ? 'application/pdf' : null), isText, head }
  return { type: found ?? (pdfAt >= 0 ? 'application/pdf' : null), isText, head }
}

/** Whether a program for ZIP archives would open the file: an end record with a central directory right before it. */
export async function endsAsZip(file: FileBytes): Promise<boolean> {
  const tail = Buffer.from(await readTail(file, ZIP_TAIL_BYTES))
  const tailAt = file.size - tail.length
  for (
    let at = tail.lastIndexOf('PK\x05\x06', undefined, 'latin1');
    at >= 0;
    at = at === 0 ? -1 : tail.lastIndexOf('PK\x05\x06', at - 1, 'latin1')
  ) {
    if (at + ZIP_END_BYTES > tail.length) continue
    const directoryAt = tailAt + at - tail.readUInt32LE(at + 12)
    if (directoryAt < 0 || directoryAt >= tailAt + at) continue
    const record = await file.read(directoryAt, Math.min(4, file.size - directoryAt))
    if (startsWith(record, 0x50, 0x4b, 0x01, 0x02)) return true
  }
  return false
}
