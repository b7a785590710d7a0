import { PDFDocument } from '@cantoo/pdf-lib'
import * as cfb from 'cfb'
import sharp from 'sharp'
import type { Sample } from './validation-kit.ts'
import { type ZipEntry, zipOf } from './validation-zip.ts'

const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'
const noise = { type: 'gaussian' as const, mean: 120, sigma: 40 }

/** A picture that does not compress to nothing. */
export const picture = (width = 96, height = 64) => sharp({ create: { width, height, channels: 3, background: '#c81450', noise } })

export const svgOf = (inner: string, attributes = ''): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ${attributes}>${inner}</svg>`
export const svg = (bytes: string | Uint8Array, name = 'a.svg'): Sample => ({ bytes, type: 'image/svg+xml', name })
export const csv = (bytes: string | Uint8Array, name = 'a.csv'): Sample => ({ bytes, type: 'text/csv', name })
export const pdf = (bytes: string | Uint8Array, name = 'a.pdf'): Sample => ({ bytes, type: 'application/pdf', name })
export const xlsx = (bytes: Uint8Array, name = 'a.xlsx'): Sample => ({ bytes, type: XLSX, name })
export const xls = (bytes: Uint8Array, name = 'a.xls'): Sample => ({ bytes, type: 'application/vnd.ms-excel', name })

export async function pdfOf(change: (document: PDFDocument) => unknown = () => {}, useObjectStreams = true): Promise<Uint8Array> {
  const document = await PDFDocument.create()
  document.addPage([200, 300]).drawText('A statement', { x: 20, y: 200 })
  await change(document)
  return document.save({ useObjectStreams })
}

const part = (name: string, xml: string): ZipEntry => ({ name, data: Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${xml}`) })
export const contentTypes = (workbook = `${XLSX}.main+xml`): ZipEntry =>
  part(
    '[Content_Types].xml',
    `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${workbook}"/></Types>`,
  )
export const relationships = (inner: string, name = '_rels/.rels'): ZipEntry =>
  part(name, `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${inner}</Relationships>`)
const officeDocument = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
export const workbookParts: readonly ZipEntry[] = [
  contentTypes(),
  relationships(`<Relationship Id="r1" Type="${officeDocument}/officeDocument" Target="xl/workbook.xml"/>`),
  part('xl/workbook.xml', '<workbook><sheets><sheet name="A" sheetId="1"/></sheets></workbook>'),
  relationships(
    `<Relationship Id="r1" Type="${officeDocument}/hyperlink" Target="https://example.org/" TargetMode="External"/>`,
    'xl/worksheets/_rels/sheet1.xml.rels',
  ),
  part('xl/worksheets/sheet1.xml', `<worksheet><sheetData>${'<row><c><v>17</v></c></row>'.repeat(50)}</sheetData></worksheet>`),
]
export const xlsxOf = (...more: readonly ZipEntry[]): Buffer => zipOf([...workbookParts, ...more])

/** A record of BIFF8: type, length, body. */
export function biff(type: number, body: Uint8Array = new Uint8Array()): Buffer {
  const header = Buffer.alloc(4)
  header.writeUInt16LE(type, 0)
  header.writeUInt16LE(body.length, 2)
  return Buffer.concat([header, body])
}
const BOF = biff(0x0809, Buffer.from('0006050054380100', 'hex'))
const EOF_RECORD = biff(0x000a)
export function xlsOf(records: readonly Uint8Array[] = [], streams: Readonly<Record<string, string>> = {}): Uint8Array {
  const container = cfb.utils.cfb_new()
  cfb.utils.cfb_add(container, '/Workbook', Buffer.concat([BOF, ...records, EOF_RECORD, BOF, EOF_RECORD]))
  for (const [path, content] of Object.entries(streams)) cfb.utils.cfb_add(container, path, Buffer.from(content))
  return cfb.write(container, { type: 'buffer' }) as Uint8Array
}

/** One valid file of every kind. */
export async function validSamples(): Promise<Sample[]> {
  return [
    { bytes: await picture().jpeg().toBuffer(), type: 'image/jpeg', name: 'a.jpg' },
    { bytes: await picture().png().toBuffer(), type: 'image/png', name: 'a.png' },
    { bytes: await picture().webp().toBuffer(), type: 'image/webp', name: 'a.webp' },
    { bytes: await picture().gif().toBuffer(), type: 'image/gif', name: 'a.gif' },
    svg(svgOf('<g><rect width="3" height="4" fill="url(#a)"/><text>on</text></g>')),
    pdf(await pdfOf()),
    csv('name,amount\r\n"Müller, Ana",12\r\n\r\n'),
    xls(xlsOf()),
    xlsx(xlsxOf()),
  ]
}
