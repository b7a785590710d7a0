import { SmbError } from './errors.ts'

/**
 * Splits a TCP stream into messages: a zero byte, then 24 bits of length ([MS-SMB2] §2.1). Each byte is copied once, into memory that
 * the next message overwrites: a frame is whole until `onFrame` returns.
 */
export function frameReader(maxFrame: number, onFrame: (frame: Buffer) => void): (chunk: Buffer) => void {
  const head = Buffer.alloc(4)
  let memory = Buffer.allocUnsafeSlow(65_536)
  let headFilled = 0
  let frame: Buffer | null = null
  let filled = 0
  const takeHead = (chunk: Buffer): Buffer => {
    const taken = chunk.copy(head, headFilled, 0, 4 - headFilled)
    headFilled += taken
    if (headFilled === 4) {
      const length = head.readUIntBE(1, 3)
      if (head[0] !== 0 || length === 0 || length > maxFrame)
        throw new SmbError('protocol', 'The server sent a message of an impossible length.')
      if (memory.length < length) memory = Buffer.allocUnsafeSlow(length)
      frame = memory.subarray(0, length)
      filled = 0
      headFilled = 0
    }
    return chunk.subarray(taken)
  }
  return (received) => {
    let chunk = received
    while (chunk.length > 0) {
      if (!frame) {
        chunk = takeHead(chunk)
        continue
      }
      const taken = chunk.copy(frame, filled)
      filled += taken
      chunk = chunk.subarray(taken)
      if (filled === frame.length) {
        const whole: Buffer = frame
        frame = null
        onFrame(whole)
      }
    }
  }
}

export function frameHead(length: number): Buffer {
  const head = Buffer.alloc(4)
  head.writeUIntBE(length, 1, 3)
  return head
}
