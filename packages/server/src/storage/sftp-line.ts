import { createSecretKey } from 'node:crypto'
import type { Socket } from 'node:net'
import { freeBytes } from '@holdfast/container/node'
import type ssh2 from 'ssh2'

// ssh2 seals packets of 32 KiB; what it does beside the sealing itself for each of them would cost more than that.

type Sealing = { _encKey?: unknown; _decipherKey?: unknown }
type Inside = { _protocol?: { _cipher?: Sealing; _decipher?: Sealing } }

/**
 * To be called before `client` connects over `socket`. What it changes inside the library is a matter of speed alone: where that looks
 * different, or another cipher than AES-GCM is spoken, the library does all as it always does.
 */
export function quicken(client: ssh2.Client, socket: Socket): void {
  gatherWrites(socket)
  let frees = false
  client.on('handshake', () => {
    const opensIntoOwnMemory = keepKeys(client)
    if (opensIntoOwnMemory && !frees) freeReceived(socket)
    frees ||= opensIntoOwnMemory
  })
}

/**
 * Puts key objects in the place of the raw keys, which the library would turn into such objects anew for each packet; after each
 * exchange of keys. Answers whether what arrives is opened by the library's own AES-GCM, which leaves it as it is.
 */
function keepKeys(client: ssh2.Client): boolean {
  const { _cipher: sealing, _decipher: opening } = (client as unknown as Inside)._protocol ?? {}
  if (sealing && Buffer.isBuffer(sealing._encKey)) sealing._encKey = createSecretKey(sealing._encKey)
  if (!opening || !Buffer.isBuffer(opening._decipherKey)) return false
  opening._decipherKey = createSecretKey(opening._decipherKey)
  return true
}

/** Sealed packets are the only thing of at least this many bytes that the library writes, and it keeps none of them. */
const PACKET = 16 * 1024

/**
 * Gives the memory of a packet that was sent back at once instead of at the next collection: of its ciphertext, and of its plaintext,
 * whose first four bytes are sent as they are.
 */
function freeSent(bytes: unknown): void {
  if (!(bytes instanceof Uint8Array) || bytes.byteOffset !== 0) return
  const whole = bytes.buffer.byteLength
  if (whole < PACKET || whole === Buffer.poolSize) return
  if (bytes.length === whole || bytes.length === 4) freeBytes(new Uint8Array(bytes.buffer))
}

/** What arrived is not needed any more once the library has seen it. */
function freeReceived(socket: Socket): void {
  socket.on('data', freeBytes)
}

/** Hands what is written in one turn of the event loop to the kernel at once: the library writes each packet in three pieces. */
function gatherWrites(socket: Socket): void {
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
    return write(bytes, () => freeSent(bytes))
  }
}
