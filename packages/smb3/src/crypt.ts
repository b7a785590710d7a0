import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { SmbError } from './errors.ts'
import { deriveKey } from './primitives.ts'
import { cipher, dialect, encodeTransform, transformMagic } from './wire.ts'

// Message encryption ([MS-SMB2] §3.1.4.3): each message is sealed on its own, the transform header authenticated with it.

type Suite = { name: 'aes-128-gcm' | 'aes-256-gcm' | 'aes-128-ccm' | 'aes-256-ccm'; keyLength: 16 | 32; nonceLength: 11 | 12; ccm: boolean }

const suites: ReadonlyMap<number, Suite> = new Map([
  [cipher.aes128ccm, { name: 'aes-128-ccm', keyLength: 16, nonceLength: 11, ccm: true }],
  [cipher.aes128gcm, { name: 'aes-128-gcm', keyLength: 16, nonceLength: 12, ccm: false }],
  [cipher.aes256ccm, { name: 'aes-256-ccm', keyLength: 32, nonceLength: 11, ccm: true }],
  [cipher.aes256gcm, { name: 'aes-256-gcm', keyLength: 32, nonceLength: 12, ccm: false }],
])

export const cipherName = (id: number): string | null => suites.get(id)?.name ?? null

/** In order of preference: GCM is three times as fast as CCM here. */
export const offeredCiphers = [cipher.aes256gcm, cipher.aes128gcm, cipher.aes256ccm, cipher.aes128ccm]

export type SessionKeys = { readonly signing: Buffer; readonly toServer: Buffer; readonly toClient: Buffer }

/** The keys of a session ([MS-SMB2] §3.2.5.3.1): for 3.1.1 they are bound to every byte of the hand-shake. */
export function sessionKeys(sessionKey: Buffer, options: { dialect: number; cipher: number; preauthHash: Buffer }): SessionKeys {
  const length = suites.get(options.cipher)!.keyLength
  if (options.dialect === dialect.smb311) {
    return {
      signing: deriveKey(sessionKey, 'SMBSigningKey', options.preauthHash, 16),
      toServer: deriveKey(sessionKey, 'SMBC2SCipherKey', options.preauthHash, length),
      toClient: deriveKey(sessionKey, 'SMBS2CCipherKey', options.preauthHash, length),
    }
  }
  return {
    signing: deriveKey(sessionKey, 'SMB2AESCMAC', Buffer.from('SmbSign\0'), 16),
    toServer: deriveKey(sessionKey, 'SMB2AESCCM', Buffer.from('ServerIn \0'), length),
    toClient: deriveKey(sessionKey, 'SMB2AESCCM', Buffer.from('ServerOut\0'), length),
  }
}

/** One encrypted message as it goes over the line: its transform header, then its ciphertext in pieces. */
export interface MessageCrypt {
  seal(parts: readonly Uint8Array[]): Buffer[]
  /**
   * Begins the message of `length` bytes whose transform header is `header`; its plaintext comes into `into`. 'encryption' where it
   * is not encrypted.
   */
  open(header: Buffer, into: Buffer): MessageOpener
}

export interface MessageOpener {
  /** The next bytes of the ciphertext, which are not needed any more afterwards. */
  take(ciphertext: Buffer): void
  /** 'integrity' where the message was changed: nothing of it may be used before this has returned. */
  end(): void
}

const tagLength = 16
/**
 * Plaintext is sealed and freed in pieces of this size: they stay in the cache of the processor, and the allocator hands the same
 * memory out again, where a buffer of a megabyte would be mapped, faulted in and unmapped for each message.
 */
const pieceLength = 64 * 1024

/** Gives the memory of `piece` back at once instead of at the next collection. */
export function free(piece: Uint8Array): void {
  const { buffer } = piece
  if (piece.byteLength === buffer.byteLength && buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0)
}

export function messageCrypt(options: { cipher: number; keys: SessionKeys; sessionId: bigint }): MessageCrypt {
  const suite = suites.get(options.cipher)!
  const toServer = createSecretKey(options.keys.toServer)
  const toClient = createSecretKey(options.keys.toClient)
  const prefix = randomBytes(4)
  let sealed = 0n
  const nextNonce = () => {
    const nonce = Buffer.alloc(16)
    nonce.writeBigUInt64LE(sealed, 0)
    sealed += 1n
    prefix.copy(nonce, 8, 0, suite.nonceLength - 8)
    return nonce
  }
  return {
    seal(parts) {
      const length = parts.reduce((sum, part) => sum + part.length, 0)
      const nonce = nextNonce()
      const header = encodeTransform({ nonce, length, sessionId: options.sessionId })
      const iv = nonce.subarray(0, suite.nonceLength)
      const bodies = suite.ccm
        ? sealCcm(suite, { key: toServer, iv, header, parts, length })
        : sealGcm(suite, { key: toServer, iv, header, parts })
      bodies.tag.copy(header, 4)
      return [header, ...bodies.ciphertext]
    },
    open(header, into) {
      if (header.readUInt32BE(0) !== transformMagic) {
        throw new SmbError('encryption', 'The server answered in plaintext on an encrypted session; the connection is closed.')
      }
      if (header.readBigUInt64LE(44) !== options.sessionId || header.readUInt16LE(42) !== 1 || header.readUInt32LE(36) !== into.length) {
        throw new SmbError('protocol', 'The server sent an encrypted message with a wrong header.')
      }
      return suite.ccm ? openCcm(suite, { key: toClient, header, into }) : openGcm(suite, { key: toClient, header, into })
    },
  }
}

type SealInput = { key: KeyObject; iv: Buffer; header: Buffer; parts: readonly Uint8Array[] }

function sealGcm(suite: Suite, input: SealInput): { ciphertext: Buffer[]; tag: Buffer } {
  const sealer = createCipheriv(suite.name as 'aes-128-gcm', input.key, input.iv)
  sealer.setAAD(input.header.subarray(20))
  const ciphertext: Buffer[] = []
  for (const part of input.parts) {
    for (let at = 0; at < part.length; at += pieceLength) ciphertext.push(sealer.update(part.subarray(at, at + pieceLength)))
  }
  sealer.final()
  return { ciphertext, tag: sealer.getAuthTag() }
}

/** CCM needs the length beforehand and takes its plaintext in a single update. */
function sealCcm(suite: Suite, input: SealInput & { length: number }): { ciphertext: Buffer[]; tag: Buffer } {
  const sealer = createCipheriv(suite.name as 'aes-128-ccm', input.key, input.iv, { authTagLength: tagLength })
  sealer.setAAD(input.header.subarray(20), { plaintextLength: input.length })
  const ciphertext = sealer.update(Buffer.concat(input.parts))
  sealer.final()
  return { ciphertext: [ciphertext], tag: sealer.getAuthTag() }
}

type OpenInput = { key: KeyObject; header: Buffer; into: Buffer }

function assertWhole(final: () => void): void {
  try {
    final()
  } catch (cause) {
    throw new SmbError('integrity', 'A message of the server was changed on its way; the connection is closed.', { cause })
  }
}

function openGcm(suite: Suite, { key, header, into }: OpenInput): MessageOpener {
  const opener = createDecipheriv(suite.name as 'aes-128-gcm', key, header.subarray(20, 20 + suite.nonceLength), {
    authTagLength: tagLength,
  })
  opener.setAuthTag(header.subarray(4, 20))
  opener.setAAD(header.subarray(20))
  let filled = 0
  return {
    take(ciphertext) {
      const plain = opener.update(ciphertext)
      into.set(plain, filled)
      filled += plain.length
      free(plain)
    },
    end: () => assertWhole(() => opener.final()),
  }
}

function openCcm(suite: Suite, { key, header, into }: OpenInput): MessageOpener {
  const opener = createDecipheriv(suite.name as 'aes-128-ccm', key, header.subarray(20, 20 + suite.nonceLength), {
    authTagLength: tagLength,
  })
  opener.setAuthTag(header.subarray(4, 20))
  opener.setAAD(header.subarray(20), { plaintextLength: into.length })
  let filled = 0
  return {
    take(ciphertext) {
      into.set(ciphertext, filled)
      filled += ciphertext.length
    },
    end: () =>
      assertWhole(() => {
        const plain = opener.update(into)
        opener.final()
        into.set(plain)
      }),
  }
}
