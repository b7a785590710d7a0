import type { FileBytes } from './file-bytes.ts'
import type { ValidationReason } from './validator.ts'

export type FileToJudge = { readonly bytes: FileBytes; readonly declaredType: string; readonly fileName: string }
export type Checker = (file: FileToJudge) => Promise<readonly ValidationReason[]>

/** A content type that is checked beyond its first bytes. */
export type FileKind = {
  /** As messages call it. */
  readonly name: string
  /** The registered type first, then what else senders call it. */
  readonly types: readonly string[]
  /** What `detectType` may answer for it; null stands for text that nothing is known of. */
  readonly detected: readonly (string | null)[]
  readonly extensions: readonly string[]
  /** Loaded with the first file of its kind: a parser that nobody needs takes no memory. */
  readonly load: () => Promise<Checker>
}

const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'

export const fileKinds: readonly FileKind[] = [
  {
    name: 'JPEG',
    types: ['image/jpeg', 'image/jpg', 'image/pjpeg'],
    detected: ['image/jpeg'],
    extensions: ['jpg', 'jpeg', 'jpe', 'jfif'],
    load: async () => (await import('./jpeg.ts')).checkJpeg,
  },
  {
    name: 'PNG',
    types: ['image/png', 'image/x-png'],
    detected: ['image/png', 'image/apng'],
    extensions: ['png'],
    load: async () => (await import('./png.ts')).checkPng,
  },
  {
    name: 'WebP',
    types: ['image/webp'],
    detected: ['image/webp'],
    extensions: ['webp'],
    load: async () => (await import('./webp.ts')).checkWebp,
  },
  {
    name: 'GIF',
    types: ['image/gif'],
    detected: ['image/gif'],
    extensions: ['gif'],
    load: async () => (await import('./gif.ts')).checkGif,
  },
  {
    name: 'SVG',
    types: ['image/svg+xml', 'image/svg'],
    detected: ['image/svg+xml', 'application/xml'],
    extensions: ['svg'],
    load: async () => (await import('./svg.ts')).checkSvg,
  },
  {
    name: 'PDF',
    types: ['application/pdf', 'application/x-pdf'],
    detected: ['application/pdf'],
    extensions: ['pdf'],
    load: async () => (await import('./pdf.ts')).checkPdf,
  },
  {
    name: 'CSV',
    types: ['text/csv', 'application/csv', 'text/x-csv'],
    detected: [null],
    extensions: ['csv'],
    load: async () => (await import('./csv.ts')).checkCsv,
  },
  {
    name: 'XLS',
    types: ['application/vnd.ms-excel'],
    detected: ['application/x-cfb'],
    extensions: ['xls'],
    load: async () => (await import('./xls.ts')).checkXls,
  },
  {
    name: 'XLSX',
    types: [XLSX],
    detected: [XLSX, 'application/zip', 'application/vnd.ms-excel.sheet.macroenabled.12'],
    extensions: ['xlsx'],
    load: async () => (await import('./xlsx.ts')).checkXlsx,
  },
]

/** The kind that `type` is declared as, in lower case and without parameters. */
export const findKind = (type: string): FileKind | null => fileKinds.find((kind) => kind.types.includes(type)) ?? null
export const findKindByExtension = (extension: string): FileKind | null =>
  fileKinds.find((kind) => kind.extensions.includes(extension)) ?? null
/** The kind that bytes of this type are; a type that only may be one of a kind, such as a ZIP archive, is none. */
export const findKindDetected = (type: string | null): FileKind | null =>
  type === null || type === 'application/x-cfb' ? null : (fileKinds.find((kind) => kind.detected[0] === type) ?? null)
