import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import { createValidator } from '../src/validate/validator.ts'
import { isRefused, passes } from './validation-kit.ts'
import { biff, contentTypes, pdfOf, relationships, workbookParts, xls, xlsOf, xlsx, xlsxOf } from './validation-samples.ts'
import { zipOf } from './validation-zip.ts'

const MEBIBYTE = 1024 * 1024
const validator = createValidator()
after(() => validator[Symbol.asyncDispose]())

const text = (name: string, data: string | Uint8Array) => ({ name, data: Buffer.from(data) })

test('O4: an XLSX that unpacks to too much is refused: by what it says, by what it does, by number, by overlap', async () => {
  await isRefused(validator, xlsx(xlsxOf({ name: 'xl/media/a.bin', data: Buffer.alloc(64 * MEBIBYTE) })), 'zip-bomb')
  const packed = deflateRawSync(Buffer.alloc(32 * MEBIBYTE))
  await isRefused(validator, xlsx(xlsxOf({ name: 'xl/a.bin', data: packed, raw: { size: 100, crc: 0 } })), 'zip-damaged')
  const huge = { name: 'xl/a.bin', data: Buffer.alloc(10), raw: { size: 600 * MEBIBYTE, crc: 0 } }
  await isRefused(validator, xlsx(xlsxOf(huge)), 'zip-bomb')
  const noisy = Buffer.alloc(2 * MEBIBYTE, 'x')
  const parts = Array.from({ length: 4 }, (_, index) => ({ name: `xl/${index}`, data: noisy, raw: { size: 300 * MEBIBYTE, crc: 0 } }))
  await isRefused(validator, xlsx(xlsxOf(...parts)), 'zip-bomb')
  await isRefused(validator, xlsx(xlsxOf(...Array.from({ length: 10_001 }, (_, index) => text(`xl/${index}`, '')))), 'zip-bomb')
  const overlapping = Buffer.from(xlsxOf(text('xl/a.bin', 'x')))
  const at = overlapping.lastIndexOf('PK\x01\x02')
  overlapping.writeUInt32LE(overlapping.length, at + 20)
  await isRefused(validator, xlsx(overlapping), 'zip-bomb')
})

test('O4: an XLSX with paths that leave it, entries twice, passwords or wrong sums is refused', async () => {
  for (const name of ['../evil.txt', 'xl/../../evil.txt', '/etc/evil', 'C:/evil']) {
    const { reasons } = await isRefused(validator, xlsx(xlsxOf(text(name, 'x'))), 'zip-path')
    assert.match(reasons[0]?.message ?? '', /evil/)
  }
  await isRefused(validator, xlsx(xlsxOf(text('xl/A.xml', '<a/>'), text('xl/a.xml', '<a/>'))), 'zip-damaged')
  await isRefused(validator, xlsx(xlsxOf({ ...text('xl/a.xml', '<a/>'), flags: 1 })), 'excel-encrypted')
  await isRefused(validator, xlsx(xlsxOf({ name: 'xl/a', data: deflateRawSync('abc'), raw: { size: 3, crc: 1 } })), 'zip-damaged')
  const whole = xlsxOf()
  const astray = Buffer.from(whole)
  astray.writeUInt32LE(0x7fffffff, astray.indexOf('PK\x01\x02') + 42)
  await isRefused(validator, xlsx(astray), 'zip-damaged')
  for (const share of [0.3, 0.9, 0.99]) await isRefused(validator, xlsx(whole.subarray(0, Math.floor(whole.length * share))), 'zip-damaged')
})

test('O4: an XLSX with macros, links to outside, embedded files or document types is refused', async () => {
  await isRefused(validator, xlsx(xlsxOf(text('xl/vbaProject.bin', 'x'))), 'excel-macros')
  await isRefused(validator, xlsx(xlsxOf(text('xl/macrosheets/sheet1.xml', '<a/>'))), 'excel-macros')
  const macroTypes = contentTypes('application/vnd.ms-excel.sheet.macroEnabled.main+xml')
  await isRefused(validator, xlsx(zipOf([macroTypes, ...workbookParts.slice(1)])), 'excel-macros')
  await isRefused(validator, xlsx(xlsxOf(text('xl/externalLinks/externalLink1.xml', '<a/>'))), 'excel-external')
  await isRefused(validator, xlsx(xlsxOf(text('xl/connections.xml', '<a/>'))), 'excel-external')
  const picture = relationships(
    '<Relationship Id="r" Type="x/image" Target="https://example.org/a.png" TargetMode="External"/>',
    'xl/_rels/a.rels',
  )
  await isRefused(validator, xlsx(xlsxOf(picture)), 'excel-external')
  await isRefused(validator, xlsx(xlsxOf(text('xl/embeddings/a.bin', 'x'))), 'excel-embedded')
  await isRefused(validator, xlsx(xlsxOf(text('xl/media/a.png', zipOf([text('a', 'a')])))), 'excel-embedded')
  await isRefused(validator, xlsx(xlsxOf(text('xl/b.xml', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'))), 'xlsx-doctype')
})

test('O4: an archive that is no workbook is refused', async () => {
  await isRefused(validator, xlsx(zipOf([text('a.txt', 'a')])), 'xlsx-structure')
  await isRefused(validator, xlsx(zipOf([contentTypes()])), 'xlsx-structure')
  await isRefused(validator, xlsx(zipOf([contentTypes('application/xml'), ...workbookParts.slice(1)])), 'xlsx-structure')
  await isRefused(validator, xlsx(zipOf([text('[Content_Types].xml', '<Types'), ...workbookParts.slice(1)])), 'xlsx-structure')
  const deep = text('xl/_rels/b.rels', '<a>'.repeat(400_000) + '</b>'.repeat(400_000))
  await isRefused(validator, xlsx(xlsxOf(deep)), 'xlsx-structure')
  await isRefused(validator, xlsx(Buffer.from(xlsOf())), 'type-mismatch')
  await isRefused(validator, xlsx(Buffer.from(await pdfOf())), 'type-mismatch')
})

test('O4: an XLS with macros, links to outside, embedded files or a password, or one that is not whole, is refused', async () => {
  const book = (cch: number) => biff(0x01ae, Buffer.from([1, 0, cch & 0xff, cch >> 8]))
  await passes(validator, xls(xlsOf([book(0x0401)])))
  await isRefused(validator, xls(xlsOf([book(12)])), 'excel-external')
  await isRefused(validator, xls(xlsOf([biff(0x002f, Buffer.alloc(6))])), 'excel-encrypted')
  await isRefused(validator, xls(xlsOf([], { '/EncryptedPackage': 'x' })), 'excel-encrypted')
  await isRefused(validator, xls(xlsOf([], { '/_VBA_PROJECT_CUR/VBA/dir': 'x' })), 'excel-macros')
  await isRefused(validator, xls(xlsOf([biff(0x0085, Buffer.from([0, 0, 0, 0, 0, 1, 1, 0, 65]))])), 'excel-macros')
  await isRefused(validator, xls(xlsOf([], { '/MBD0001A2B3/Package': 'x' })), 'excel-embedded')
  await isRefused(validator, xls(Buffer.from(xlsOf()).subarray(0, 700)), 'xls-damaged')
  const cut = Buffer.from(xlsOf([Buffer.from([0xfd, 0, 0xff, 0x7f])]))
  await isRefused(validator, xls(cut), 'xls-damaged')
})
