import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto'
import { fromBase64, toBase64 } from './base64.ts'

// Signed notes with Ed25519 (c2sp.org/signed-note). The text form of a verifier key is that of golang.org/x/mod/sumdb/note:
// name "+" key id in 8 hex digits "+" base64(0x01 ‖ public key), so that the tools built on it read ours.

/** A note that is malformed, unsigned by a known key, or whose signature is wrong. */
export class NoteError extends Error {
  override readonly name = 'NoteError'
}

export interface NoteVerifier {
  readonly name: string
  /** Unsigned 32-bit number. */
  readonly keyId: number
  /** What a verifier is configured with. */
  readonly verifierKey: string
  verify(text: string, signature: Uint8Array): boolean
}

export interface NoteSigner extends NoteVerifier {
  /** The signed note over `text`, which ends in a newline. */
  sign(text: string): string
}

const ED25519 = 1
const MAX_NOTE_BYTES = 1_000_000
const MAX_SIGNATURES = 100
// RFC 8410: an Ed25519 key in PKCS #8 and in SubjectPublicKeyInfo is one of these and the 32 bytes.
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

const publicKeyOf = (bytes: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.concat([SPKI_PREFIX, bytes]), format: 'der', type: 'spki' })

const isKeyName = (name: string): boolean => name.length > 0 && name.isWellFormed() && !/[\p{White_Space}+\p{Cc}]/u.test(name)

/** c2sp.org/signed-note: SHA-256(name ‖ 0x0A ‖ type ‖ public key), the first four bytes, big-endian. */
function keyIdOf(name: string, publicKey: Uint8Array): number {
  return hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), Uint8Array.of(ED25519), publicKey]), 'buffer').readUInt32BE(0)
}

function verifierOf(name: string, publicKey: Uint8Array): NoteVerifier {
  if (!isKeyName(name)) throw new NoteError('A key name is not empty and holds neither spaces nor "+"')
  const key = publicKeyOf(publicKey)
  const keyId = keyIdOf(name, publicKey)
  return {
    name,
    keyId,
    verifierKey: `${name}+${keyId.toString(16).padStart(8, '0')}+${toBase64(Buffer.concat([Uint8Array.of(ED25519), publicKey]))}`,
    verify: (text, signature) => signature.length === 64 && verify(null, Buffer.from(text), key, signature),
  }
}

/** Signs with the Ed25519 key of `seed` (32 bytes, RFC 8032 §5.1.5) under `name`. */
export function createNoteSigner(name: string, seed: Uint8Array): NoteSigner {
  if (seed.length !== 32) throw new NoteError('An Ed25519 seed has 32 bytes')
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  const verifier = verifierOf(name, new Uint8Array(spki.subarray(SPKI_PREFIX.length)))
  return {
    ...verifier,
    sign(text) {
      checkText(text)
      const id = Buffer.alloc(4)
      id.writeUInt32BE(verifier.keyId)
      return `${text}\n— ${name} ${toBase64(Buffer.concat([id, sign(null, Buffer.from(text), key)]))}\n`
    },
  }
}

/** Reads a verifier key; NoteError where it is malformed, of another algorithm, or its id is not that of the key. */
export function parseVerifierKey(verifierKey: string): NoteVerifier {
  const match = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(verifierKey.trim())
  const bytes = match ? fromBase64(match[3]!) : null
  if (!match || !bytes) throw new NoteError('A verifier key has the form name+id+base64')
  if (bytes[0] !== ED25519 || bytes.length !== 33) throw new NoteError('Only Ed25519 verifier keys (type 1) are known')
  const verifier = verifierOf(match[1]!, bytes.subarray(1))
  if (verifier.keyId !== Number.parseInt(match[2]!, 16)) throw new NoteError('The id in the verifier key is not that of its key')
  return verifier
}

function checkText(text: string): void {
  if (!text.endsWith('\n')) throw new NoteError('The text of a note ends in a newline')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the specification forbids exactly these.
  if (!text.isWellFormed() || /[\u0000-\u0009\u000b-\u001f]/.test(text)) throw new NoteError('A note holds no control characters')
}

type Signature = { readonly name: string; readonly keyId: number; readonly bytes: Uint8Array }

function parseSignature(line: string): Signature {
  const match = /^— ([^ ]+) ([A-Za-z0-9+/=]+)$/.exec(line)
  const bytes = match ? fromBase64(match[2]!) : null
  if (!match || !bytes || bytes.length < 5 || !isKeyName(match[1]!)) throw new NoteError('A signature line of the note is malformed')
  return { name: match[1]!, keyId: Buffer.from(bytes).readUInt32BE(0), bytes: bytes.subarray(4) }
}

/** The text of a note and its signatures, none of them checked. */
export function parseNote(note: string): { text: string; signatures: Signature[] } {
  if (Buffer.byteLength(note) > MAX_NOTE_BYTES) throw new NoteError('The note is too long')
  checkText(note)
  const border = note.lastIndexOf('\n\n')
  if (border < 0) throw new NoteError('The note has no signatures')
  const lines = note.slice(border + 2, -1).split('\n')
  if (border + 2 === note.length || lines.length > MAX_SIGNATURES) throw new NoteError('The note has no signatures, or too many')
  return { text: note.slice(0, border + 1), signatures: lines.map(parseSignature) }
}

/**
 * The text of a note that at least one of `known` signed. NoteError where none did, or where a signature
 * that names one of them is wrong. Signatures of others are passed over, as the specification asks.
 */
export function openNote(note: string, known: readonly NoteVerifier[]): string {
  const { text, signatures } = parseNote(note)
  let verified = false
  for (const signature of signatures) {
    const verifier = known.find(({ name, keyId }) => name === signature.name && keyId === signature.keyId)
    if (!verifier) continue
    if (!verifier.verify(text, signature.bytes)) throw new NoteError(`The signature of ${verifier.name} on the note is wrong`)
    verified = true
  }
  if (!verified) throw new NoteError('No known key signed the note')
  return text
}
