import { type FileBytes, windowsOf } from './file-bytes.ts'

/** The bytes are not text in the encoding that they claim. */
export class EncodingFault extends Error {
  override readonly name = 'EncodingFault'
  readonly encoding: string
  /** Where the window with the fault begins. */
  readonly offset: number

  constructor(encoding: string, offset: number) {
    super(`not ${encoding} near ${offset}`)
    this.encoding = encoding
    this.offset = offset
  }
}

/** The file as text, a window at a time, without its byte order mark. Throws `EncodingFault` at the first wrong byte. */
export async function* decodeText(file: FileBytes, encoding: string): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding, { fatal: true })
  let offset = 0
  const decode = (bytes?: Uint8Array): string => {
    try {
      return bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode()
    } catch {
      throw new EncodingFault(encoding, offset)
    }
  }
  for await (const window of windowsOf(file)) {
    yield decode(window)
    offset += window.length
  }
  yield decode()
}
