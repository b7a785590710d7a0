import type { MessageCrypt, MessageOpener } from './crypt.ts'
import { SmbError } from './errors.ts'
import { transformLength } from './wire.ts'

/** What becomes of the bytes of a message as they arrive. `take` must not keep them. */
export type FrameSink = { begin(length: number): void; take(bytes: Buffer): void; end(): void }

/** Splits a TCP stream into messages: a zero byte, then 24 bits of length ([MS-SMB2] §2.1). */
export function frameReader(maxFrame: number, sink: FrameSink): (chunk: Buffer) => void {
  const head = Buffer.alloc(4)
  let headFilled = 0
  let missing = 0
  const takeHead = (chunk: Buffer): Buffer => {
    const taken = chunk.copy(head, headFilled, 0, 4 - headFilled)
    headFilled += taken
    if (headFilled === 4) {
      const length = head.readUIntBE(1, 3)
      if (head[0] !== 0 || length === 0 || length > maxFrame)
        throw new SmbError('protocol', 'The server sent a message of an impossible length.')
      missing = length
      headFilled = 0
      sink.begin(length)
    }
    return chunk.subarray(taken)
  }
  return (received) => {
    let chunk = received
    while (chunk.length > 0) {
      if (missing === 0) {
        chunk = takeHead(chunk)
        continue
      }
      const taken = chunk.subarray(0, missing)
      missing -= taken.length
      sink.take(taken)
      chunk = chunk.subarray(taken.length)
      if (missing === 0) sink.end()
    }
  }
}

/**
 * Messages in plaintext, opened piece by piece as they arrive while `crypt` answers how. The memory of a message is that of the next
 * one: it is whole until `onMessage` returns.
 */
export function messageSink(crypt: () => MessageCrypt | null, onMessage: (message: Buffer) => void): FrameSink {
  const header = Buffer.alloc(transformLength)
  let memory = Buffer.allocUnsafeSlow(65_536)
  let message = memory.subarray(0, 0)
  let sealedBy: MessageCrypt | null = null
  let opener: MessageOpener | null = null
  let filled = 0
  const takeHeader = (bytes: Buffer): Buffer => {
    const taken = bytes.copy(header, filled, 0, transformLength - filled)
    filled += taken
    if (filled === transformLength) opener = sealedBy!.open(header, message)
    return bytes.subarray(taken)
  }
  return {
    begin(length) {
      sealedBy = crypt()
      opener = null
      filled = 0
      const plainLength = sealedBy ? Math.max(0, length - transformLength) : length
      if (memory.length < plainLength) memory = Buffer.allocUnsafeSlow(plainLength)
      message = memory.subarray(0, plainLength)
    },
    take(bytes) {
      if (!sealedBy) {
        filled += bytes.copy(message, filled)
        return
      }
      const rest = opener ? bytes : takeHeader(bytes)
      if (rest.length > 0) opener!.take(rest)
    },
    end() {
      // Also what began in plaintext before the session was encrypted and ends afterwards.
      if (crypt() && !opener) {
        throw new SmbError('encryption', 'The server answered in plaintext on an encrypted session; the connection is closed.')
      }
      opener?.end()
      onMessage(message)
    },
  }
}

export function frameHead(length: number): Buffer {
  const head = Buffer.alloc(4)
  head.writeUIntBE(length, 1, 3)
  return head
}
