import { crc32, deflateRawSync } from 'node:zlib'

export type ZipEntry = {
  readonly name: string
  readonly data: Uint8Array
  /** `data` is packed already: what the directory says of it. */
  readonly raw?: { readonly size: number; readonly crc: number }
  /** General purpose bits; 1 is encryption. */
  readonly flags?: number
}

function record(entry: ZipEntry) {
  const name = Buffer.from(entry.name)
  const packed = entry.raw ? entry.data : deflateRawSync(entry.data)
  const size = entry.raw?.size ?? entry.data.length
  const crc = entry.raw?.crc ?? crc32(entry.data)
  const fields = Buffer.alloc(26)
  fields.writeUInt16LE(20, 0)
  fields.writeUInt16LE(entry.flags ?? 0, 2)
  fields.writeUInt16LE(8, 4)
  fields.writeUInt32LE(crc, 10)
  fields.writeUInt32LE(packed.length, 14)
  fields.writeUInt32LE(size, 18)
  fields.writeUInt16LE(name.length, 22)
  return { name, packed, fields }
}

/** A ZIP archive (APPNOTE) of these entries, which may say of themselves what is not true. */
export function zipOf(entries: readonly ZipEntry[]): Buffer {
  const parts: Uint8Array[] = []
  const directory: Uint8Array[] = []
  let at = 0
  for (const entry of entries) {
    const { name, packed, fields } = record(entry)
    const place = Buffer.alloc(14)
    place.writeUInt32LE(at, 10)
    directory.push(Buffer.from('PK\x01\x02\x14\x00', 'latin1'), fields, place, name)
    parts.push(Buffer.from('PK\x03\x04', 'latin1'), fields, name, packed)
    at += 30 + name.length + packed.length
  }
  const listing = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(listing.length, 12)
  end.writeUInt32LE(at, 16)
  return Buffer.concat([...parts, listing, end])
}
