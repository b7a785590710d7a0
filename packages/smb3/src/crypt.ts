import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { SmbError } from './errors.ts'
import { deriveKey } from './primitives.ts'
import { cipher, dialect, encodeTransform, transformLength, transformMagic } from './wire.ts'

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

export interface MessageCrypt {
  /** The transform header and the ciphertext of `parts`, which belong together as one message. */
  seal(parts: readonly Uint8Array[]): Buffer[]
  /** The plaintext of a whole encrypted frame. 'encryption' where it is not encrypted, 'integrity' where it was changed. */
  open(frame: Buffer): Buffer
}

const tagLength = 16

export function messageCrypt(options: { cipher: number; keys: SessionKeys; sessionId: bigint }): MessageCrypt {
  const suite = suites.get(options.cipher)!
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
        ? sealCcm(suite, { key: options.keys.toServer, iv, header, parts, length })
        : sealGcm(suite, { key: options.keys.toServer, iv, header, parts })
      bodies.tag.copy(header, 4)
      return [header, ...bodies.ciphertext]
    },
    open(frame) {
      if (frame.length < transformLength || frame.readUInt32BE(0) !== transformMagic) {
        throw new SmbError('encryption', 'The server answered in plaintext on an encrypted session; the connection is closed.')
      }
      if (
        frame.readBigUInt64LE(44) !== options.sessionId ||
        frame.readUInt16LE(42) !== 1 ||
        frame.readUInt32LE(36) !== frame.length - transformLength
      ) {
        throw new SmbError('protocol', 'The server sent an encrypted message with a wrong header.')
      }
      return openFrame(suite, options.keys.toClient, frame)
    },
  }
}

type SealInput = { key: Buffer; iv: Buffer; header: Buffer; parts: readonly Uint8Array[] }

function sealGcm(suite: Suite, input: SealInput): { ciphertext: Buffer[]; tag: Buffer } {
  const sealer = createCipheriv(suite.name as 'aes-128-gcm', input.key, input.iv)
  sealer.setAAD(input.header.subarray(20))
  const ciphertext = input.parts.map((part) => sealer.update(part))
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

function openFrame(suite: Suite, key: Buffer, frame: Buffer): Buffer {
  const iv = frame.subarray(20, 20 + suite.nonceLength)
  const ciphertext = frame.subarray(transformLength)
  const tag = frame.subarray(4, 20)
  try {
    if (suite.ccm) {
      const opener = createDecipheriv(suite.name as 'aes-128-ccm', key, iv, { authTagLength: tagLength })
      opener.setAuthTag(tag)
      opener.setAAD(frame.subarray(20, transformLength), { plaintextLength: ciphertext.length })
      const plain = opener.update(ciphertext)
      opener.final()
      return plain
    }
    const opener = createDecipheriv(suite.name as 'aes-128-gcm', key, iv)
    opener.setAuthTag(tag)
    opener.setAAD(frame.subarray(20, transformLength))
    const plain = opener.update(ciphertext)
    opener.final()
    return plain
  } catch (cause) {
    throw new SmbError('integrity', 'A message of the server was changed on its way; the connection is closed.', { cause })
  }
}
