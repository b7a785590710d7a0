import { createSecretKey } from 'node:crypto'
import type { Socket } from 'node:net'
import type ssh2 from 'ssh2'

// ssh2 seals packets of 32 KiB; what it does beside the sealing itself for each of them would cost more than that.

type Sealing = { _encKey?: unknown; _decipherKey?: unknown }
type Inside = { _protocol?: { _cipher?: Sealing; _decipher?: Sealing } }

/**
 * Puts key objects in the place of the raw keys of AES-GCM, which the library would turn into such objects anew for each packet. To be
 * called after each exchange of keys. Where the inside of the library looks different, nothing is changed.
 */
export function keepKeys(client: ssh2.Client): void {
  const { _cipher: sealing, _decipher: opening } = (client as unknown as Inside)._protocol ?? {}
  if (sealing && Buffer.isBuffer(sealing._encKey)) sealing._encKey = createSecretKey(sealing._encKey)
  if (opening && Buffer.isBuffer(opening._decipherKey)) opening._decipherKey = createSecretKey(opening._decipherKey)
}

/** Sealed packets of at least this many bytes are the only thing of their size that the library writes, and it keeps none of them. */
const PACKET = 16 * 1024

/** Gives the memory of a packet that was sent back at once instead of at the next collection. */
function free(bytes: unknown): void {
  if (!(bytes instanceof Uint8Array) || bytes.length < PACKET || bytes.length !== bytes.buffer.byteLength) return
  if (bytes.buffer instanceof ArrayBuffer && !bytes.buffer.detached) bytes.buffer.transfer(0)
}

/** Hands what is written in one turn of the event loop to the kernel at once: the library writes each packet in three pieces. */
export function gatherWrites(socket: Socket): void {
  const write = socket.write.bind(socket) as (bytes: unknown, sent: () => void) => boolean
  let gathering = false
  const send = (): void => {
    gathering = false
    socket.uncork()
  }
  socket.write = (bytes: unknown): boolean => {
    if (!gathering) {
      gathering = true
      socket.cork()
      process.nextTick(send)
    }
    return write(bytes, () => free(bytes))
  }
}
