import { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'
import { type Entry, fromRandomAccessReader, RandomAccessReader, type ZipFile } from 'yauzl'
import { type FileBytes, WINDOW_BYTES, windowsOf } from './file-bytes.ts'
import { mebibytes, reason, shown } from './reasons.ts'
import type { ValidationReason } from './validator.ts'

export const MAX_ENTRIES = 10_000
export const MAX_ENTRY_BYTES = 512 * 1024 * 1024
export const MAX_TOTAL_BYTES = 1024 * 1024 * 1024
/** Sheets of empty cells shrink to a hundredth; nothing honest that is large shrinks more than this. */
export const MAX_RATIO = 300
const RATIO_FROM_BYTES = 4 * 1024 * 1024

/** A fault of the archive that ends its reading. */
export class ZipFault extends Error {
  readonly found: ValidationReason

  constructor(found: ValidationReason) {
    super(found.message)
    this.found = found
  }
}

class WindowReader extends RandomAccessReader {
  readonly #file: FileBytes

  constructor(file: FileBytes) {
    super()
    this.#file = file
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(windowsOf(this.#file, start, end), { objectMode: false, highWaterMark: WINDOW_BYTES })
  }
}

const brokenZip = (error: unknown): ValidationReason => {
  const text = error instanceof Error ? error.message : ''
  if (/^(invalid relative path|absolute path|invalid characters in fileName)/.test(text))
    return reason(
      'zip-path',
      `An entry would be unpacked outside of its folder (${shown(text.split(':').at(-1)?.trim() ?? '')}). Save it anew.`,
    )
  return reason('zip-damaged', 'The archive inside of the file is damaged. Save the file anew from the program that made it.')
}

const bomb = (what: string, at: string | null): ValidationReason =>
  reason('zip-bomb', `${what}, which no honest document does. Save it anew from a spreadsheet program.`, at)

function openZip(file: FileBytes): Promise<ZipFile> {
  const { promise, resolve, reject } = Promise.withResolvers<ZipFile>()
  const options = { lazyEntries: true, validateEntrySizes: true, autoClose: false }
  fromRandomAccessReader(new WindowReader(file), file.size, options, (error, zip) => (error ? reject(error) : resolve(zip)))
  return promise
}

async function* entriesOf(zip: ZipFile): AsyncGenerator<Entry> {
  let next = Promise.withResolvers<Entry | null>()
  zip.on('entry', (entry: Entry) => next.resolve(entry))
  zip.on('end', () => next.resolve(null))
  zip.on('error', (error: unknown) => next.reject(error))
  for (;;) {
    next = Promise.withResolvers()
    zip.readEntry()
    const entry = await next.promise
    if (entry === null) return
    yield entry
  }
}

/** The directory of the archive, after every limit that can be told from it: number, sizes, ratios, names, encryption. */
async function listEntries(zip: ZipFile, size: number): Promise<readonly Entry[]> {
  if (zip.entryCount > MAX_ENTRIES) throw new ZipFault(bomb(`The file holds more than ${MAX_ENTRIES} entries`, null))
  const entries: Entry[] = []
  const names = new Set<string>()
  let total = 0
  let packed = 0
  for await (const entry of entriesOf(zip)) {
    const at = shown(entry.fileName)
    total += entry.uncompressedSize
    packed += entry.compressedSize
    if (entry.isEncrypted())
      throw new ZipFault(reason('excel-encrypted', 'The file is protected with a password. Save it without one.', at))
    if (entry.uncompressedSize > MAX_ENTRY_BYTES)
      throw new ZipFault(bomb(`An entry unpacks to more than ${mebibytes(MAX_ENTRY_BYTES)}`, at))
    if (total > MAX_TOTAL_BYTES) throw new ZipFault(bomb(`The file unpacks to more than ${mebibytes(MAX_TOTAL_BYTES)}`, at))
    if (packed > size) throw new ZipFault(bomb('The entries of the file overlap', at))
    if (entry.uncompressedSize > RATIO_FROM_BYTES && entry.uncompressedSize > MAX_RATIO * entry.compressedSize)
      throw new ZipFault(bomb(`An entry unpacks to more than ${MAX_RATIO} times its size`, at))
    if (names.has(entry.fileName.toLowerCase()))
      throw new ZipFault(reason('zip-damaged', 'Two entries of the file have the same name. Save it anew.', at))
    names.add(entry.fileName.toLowerCase())
    entries.push(entry)
  }
  return entries
}

export type OpenZip = {
  readonly entries: readonly Entry[]
  /** Unpacks an entry to its end without keeping it, comparing size and CRC; answers its first `keep` bytes. */
  unpack(entry: Entry, keep: number): Promise<Buffer>
}

async function unpack(zip: ZipFile, entry: Entry, keep: number): Promise<Buffer> {
  const stream = await new Promise<Readable>((resolve, reject) =>
    zip.openReadStream(entry, (error, opened) => (error ? reject(error) : resolve(opened))),
  )
  const kept: Buffer[] = []
  let size = 0
  let sum = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    sum = crc32(chunk, sum)
    if (size < keep) kept.push(chunk.subarray(0, keep - size))
    size += chunk.length
  }
  if (sum !== entry.crc32 || size !== entry.uncompressedSize) throw new Error('wrong sum')
  return Buffer.concat(kept)
}

/** Runs `look` over the archive; what is wrong with the archive itself is the answer instead of `look`'s. */
export async function withZip(
  file: FileBytes,
  look: (zip: OpenZip) => Promise<readonly ValidationReason[]>,
): Promise<readonly ValidationReason[]> {
  let zip: ZipFile | null = null
  try {
    const opened = await openZip(file)
    zip = opened
    const entries = await listEntries(opened, file.size)
    return await look({ entries, unpack: (entry, keep) => unpack(opened, entry, keep) })
  } catch (error) {
    return [error instanceof ZipFault ? error.found : brokenZip(error)]
  } finally {
    zip?.close()
  }
}
