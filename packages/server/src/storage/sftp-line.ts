import { createSecretKey, KeyObject } from 'node:crypto'
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
  if (bytes.length === bytes.buffer.byteLength || bytes.length === 4) freeOwned(bytes)
}

/** Frees the memory that `view` is a part of, where it is that of a packet and not shared with others. */
function freeOwned({ buffer }: Uint8Array): void {
  if (buffer.byteLength >= PACKET && buffer.byteLength !== Buffer.poolSize) freeBytes(new Uint8Array(buffer))
}

/** What arrived is not needed any more once the library has seen it. */
function freeReceived(socket: Socket): void {
  socket.on('data', freeBytes)
}

type Gathering = { push(bytes: Uint8Array): void; _pkt?: Uint8Array }
/** draft-ietf-secsh-filexfer-02 §7: SSH_FXP_DATA. */
const DATA = 103

/**
 * Gives back what long answers are made of: pieces that went into an answer whole, and the answer once its bytes are where the
 * request wanted them. Of other answers the library keeps views. Where each piece has no memory of its own, nothing is done.
 */
export function freeAnswers(client: ssh2.Client, session: ssh2.SFTPWrapper): void {
  if (!((client as unknown as Inside)._protocol?._decipher?._decipherKey instanceof KeyObject)) return
  const sftp = session as unknown as Gathering
  const push = sftp.push.bind(sftp)
  sftp.push = (bytes) => {
    const answer = sftp._pkt
    push(bytes)
    if (!answer || answer.length < PACKET) return
    if (sftp._pkt === answer) freeOwned(bytes)
    else if (answer[0] === DATA) freeOwned(answer)
  }
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
