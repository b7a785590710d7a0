import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { CsvError, parse } from 'csv-parse'
import { findUtf16 } from './detect.ts'
import { type FileBytes, readHead } from './file-bytes.ts'
import type { Checker } from './kinds.ts'
import { reason } from './reasons.ts'
import { decodeText, EncodingFault } from './text-decoding.ts'
import type { ValidationReason } from './validator.ts'

/** No spreadsheet has longer rows: a cell holds 32,767 characters, a row 16,384 cells. */
const MAX_ROW_CHARACTERS = 1024 * 1024
const MAX_COLUMNS = 16_384
const MAX_RAGGED_ROWS = 5
const delimiters = [',', ';', '\t', '|']

// biome-ignore lint/suspicious/noControlCharactersInRegex: a table has none but tab, line feed and return
const control = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/

/** The separator that the first row has most of, outside of quotes. */
function findDelimiter(head: string): string {
  const [line = ''] = head.replace(/"[^"]*"/g, '').split(/\r|\n/, 1)
  const counts = delimiters.map((delimiter) => ({ delimiter, count: line.split(delimiter).length }))
  return counts.reduce((most, candidate) => (candidate.count > most.count ? candidate : most)).delimiter
}

class ControlCharacter extends Error {
  readonly line: number
  constructor(line: number) {
    super('control character')
    this.line = line
  }
}

async function* textOf(file: FileBytes, encoding: string): AsyncGenerator<string> {
  let line = 1
  for await (const text of decodeText(file, encoding)) {
    const at = text.search(control)
    const seen = at < 0 ? text : text.slice(0, at)
    for (let feed = seen.indexOf('\n'); feed >= 0; feed = seen.indexOf('\n', feed + 1)) line += 1
    if (at >= 0) throw new ControlCharacter(line)
    yield text
  }
}

const parserMessages: Readonly<Record<string, string>> = {
  CSV_MAX_RECORD_SIZE: 'A row is longer than 1 MiB. Check that the rows end in line breaks and that every quote is closed.',
  CSV_QUOTE_NOT_CLOSED: 'A quoted cell is not closed before the end of the file. Close the quote and upload it again.',
  CSV_INVALID_CLOSING_QUOTE: 'A quoted cell goes on after its closing quote. Write a quote within a cell as two quotes.',
  INVALID_OPENING_QUOTE: 'A quote stands within a cell that does not begin with one. Put the cell in quotes and write the quote twice.',
}

const lineOf = (error: CsvError): string => `line ${(error as CsvError & { lines?: number }).lines ?? '?'}`

function reasonOf(error: unknown, encoding: string): ValidationReason {
  if (error instanceof EncodingFault)
    return reason('csv-encoding', `The CSV is not in ${encoding.toUpperCase()}. Save it as "CSV UTF-8".`, `after byte ${error.offset}`)
  if (error instanceof ControlCharacter)
    return reason(
      'csv-control',
      'The CSV holds NUL bytes or control characters, so it is not plain text. Export it again.',
      `line ${error.line}`,
    )
  if (!(error instanceof CsvError)) throw error
  const message = parserMessages[error.code] ?? 'The rows cannot be told apart. Export the table as CSV again.'
  return reason('csv-structure', message, lineOf(error))
}

function findRowFault(cells: number, columns: number, line: string): ValidationReason | null {
  if (cells > MAX_COLUMNS) return reason('csv-structure', `A row has more than ${MAX_COLUMNS} cells. Split the table.`, line)
  if (cells === columns) return null
  return reason('csv-ragged', `The row has ${cells} cells and the first row has ${columns}. Give every row the same number of cells.`, line)
}

async function readRows(file: FileBytes, encoding: string, delimiter: string): Promise<readonly ValidationReason[]> {
  const reasons: ValidationReason[] = []
  let columns: number | null = null
  const parser = parse({
    delimiter,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAX_ROW_CHARACTERS,
    // Rows are counted and dropped at once: the table is never in memory.
    on_record: (row: readonly string[], { lines }) => {
      columns ??= row.length
      const fault = findRowFault(row.length, columns, `line ${lines}`)
      if (fault && reasons.length < MAX_RAGGED_ROWS) reasons.push(fault)
      return null
    },
  })
  await pipeline(Readable.from(textOf(file, encoding)), parser.resume())
  return columns === null ? [reason('csv-structure', 'The CSV holds no rows. Export the table again.')] : reasons
}

/** CSV (RFC 4180, with comma, semicolon, tab or bar): UTF-8 or UTF-16 text without control characters, closed quotes, even rows. */
export const checkCsv: Checker = async ({ bytes }) => {
  const head = await readHead(bytes, 64 * 1024)
  const encoding = findUtf16(head) ?? 'utf-8'
  try {
    return await readRows(bytes, encoding, findDelimiter(new TextDecoder(encoding).decode(head)))
  } catch (error) {
    return [reasonOf(error, encoding)]
  }
}
