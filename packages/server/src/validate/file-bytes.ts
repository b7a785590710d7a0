/** One message carries this much at most. */
export const WINDOW_BYTES = 1024 * 1024

/** The file as checkers see it, in the worker. */
export type FileBytes = {
  readonly size: number
  /** Exactly `length` bytes, WINDOW_BYTES at most. Both ends must lie inside of the file. */
  read(offset: number, length: number): Promise<Uint8Array>
}

/** Up to `length` bytes from the start, WINDOW_BYTES at most. */
export const readHead = (file: FileBytes, length: number): Promise<Uint8Array> =>
  file.size === 0 ? Promise.resolve(new Uint8Array()) : file.read(0, Math.min(length, file.size))

/** Up to `length` bytes from the end, WINDOW_BYTES at most. */
export const readTail = (file: FileBytes, length: number): Promise<Uint8Array> => {
  const take = Math.min(length, file.size)
  return take === 0 ? Promise.resolve(new Uint8Array()) : file.read(file.size - take, take)
}

/** All bytes in order, a window at a time. */
export async function* windowsOf(file: FileBytes, start = 0, end = file.size): AsyncGenerator<Uint8Array> {
  for (let offset = start; offset < end; offset += WINDOW_BYTES) yield await file.read(offset, Math.min(WINDOW_BYTES, end - offset))
}

/** All bytes in one buffer, for parsers that need it so. The caller has compared `file.size` with its limit. */
export async function readWhole(file: FileBytes): Promise<Buffer> {
  const whole = Buffer.allocUnsafeSlow(file.size)
  let offset = 0
  for await (const window of windowsOf(file)) {
    whole.set(window, offset)
    offset += window.length
  }
  return whole
}
