import { timingSafeEqual } from 'node:crypto'
import { SmbError } from './errors.ts'
import { hmacMd5, md4, md5, rc4 } from './primitives.ts'

// NTLMv2 with MIC and mutual message integrity, the client's side ([MS-NLMP] §2.2, §3.1.5, §3.3.2, §3.4).

const signature = Buffer.from('NTLMSSP\0', 'latin1')

const flag = {
  unicode: 0x00000001,
  requestTarget: 0x00000004,
  sign: 0x00000010,
  seal: 0x00000020,
  ntlm: 0x00000200,
  anonymous: 0x00000800,
  alwaysSign: 0x00008000,
  extendedSessionSecurity: 0x00080000,
  targetInfo: 0x00800000,
  version: 0x02000000,
  key128: 0x20000000,
  keyExchange: 0x40000000,
  key56: 0x80000000,
} as const

const wantedFlags =
  (flag.unicode |
    flag.requestTarget |
    flag.sign |
    flag.seal |
    flag.ntlm |
    flag.alwaysSign |
    flag.extendedSessionSecurity |
    flag.targetInfo |
    flag.version |
    flag.key128 |
    flag.keyExchange |
    flag.key56) >>>
  0

/** Without these the session has no integrity worth the name; a server that lacks one is refused. */
const neededFlags =
  (flag.unicode | flag.ntlm | flag.extendedSessionSecurity | flag.targetInfo | flag.key128 | flag.keyExchange | flag.sign) >>> 0

const attribute = { end: 0, flags: 6, timestamp: 7, targetName: 9, channelBindings: 10 } as const

/** Windows 10's version numbers: servers only log them ([MS-NLMP] §2.2.2.10). */
const version = Buffer.from([10, 0, 0x61, 0x4a, 0, 0, 0, 15])

const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le')

export type Credentials = { readonly user: string; readonly password: string; readonly domain: string }

/** The draws of randomness and time, so that the vectors of [MS-NLMP] §4.2.4 can be computed. */
export type NtlmDraws = { readonly clientChallenge: Uint8Array; readonly exportedSessionKey: Uint8Array; readonly fileTime: bigint }

export type Challenge = { readonly flags: number; readonly serverChallenge: Buffer; readonly targetInfo: Buffer; readonly raw: Buffer }

/** The first message. It names neither user nor machine. */
export function negotiateMessage(): Buffer {
  const message = Buffer.alloc(40)
  signature.copy(message)
  message.writeUInt32LE(1, 8)
  message.writeUInt32LE(wantedFlags, 12)
  version.copy(message, 32)
  return message
}

/** Reads the server's CHALLENGE_MESSAGE; refuses one that asks for less than NTLMv2 with a 128-bit session key. */
export function parseChallenge(raw: Buffer): Challenge {
  if (raw.length < 48 || !raw.subarray(0, 8).equals(signature) || raw.readUInt32LE(8) !== 2) {
    throw new SmbError('protocol', 'The server sent something else than an NTLM challenge.')
  }
  const flags = raw.readUInt32LE(20)
  if ((flags & neededFlags) >>> 0 !== neededFlags)
    throw new SmbError('sign-in', 'The server offers only NTLM without NTLMv2 integrity or 128-bit keys.')
  const length = raw.readUInt16LE(40)
  const offset = raw.readUInt32LE(44)
  if (offset + length > raw.length) throw new SmbError('protocol', 'The NTLM challenge is cut short.')
  return { flags, serverChallenge: raw.subarray(24, 32), targetInfo: raw.subarray(offset, offset + length), raw }
}

function* attributesOf(targetInfo: Buffer): Generator<{ id: number; value: Buffer }> {
  let at = 0
  while (at + 4 <= targetInfo.length) {
    const id = targetInfo.readUInt16LE(at)
    const length = targetInfo.readUInt16LE(at + 2)
    if (id === attribute.end) return
    if (at + 4 + length > targetInfo.length) throw new SmbError('protocol', 'The target information of the NTLM challenge is cut short.')
    yield { id, value: targetInfo.subarray(at + 4, at + 4 + length) }
    at += 4 + length
  }
}

function encodeAttribute(id: number, value: Uint8Array): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt16LE(id, 0)
  head.writeUInt16LE(value.length, 2)
  return Buffer.concat([head, value])
}

/** The target information as sent back: with the promise of a MIC and the service that is meant ([MS-NLMP] §3.1.5.1.2). */
function answeredTargetInfo(targetInfo: Buffer, host: string): { bytes: Buffer; timestamp: Buffer | null } {
  const kept: Buffer[] = []
  let timestamp: Buffer | null = null
  let avFlags = 2
  for (const { id, value } of attributesOf(targetInfo)) {
    if (id === attribute.flags && value.length >= 4) avFlags |= value.readUInt32LE(0)
    else if (id !== attribute.targetName && id !== attribute.channelBindings) kept.push(encodeAttribute(id, value))
    if (id === attribute.timestamp && value.length === 8) timestamp = value
  }
  const flags = Buffer.alloc(4)
  flags.writeUInt32LE(avFlags)
  kept.push(encodeAttribute(attribute.flags, flags))
  kept.push(encodeAttribute(attribute.channelBindings, Buffer.alloc(16)))
  kept.push(encodeAttribute(attribute.targetName, utf16(`cifs/${host}`)))
  kept.push(Buffer.alloc(4))
  return { bytes: Buffer.concat(kept), timestamp }
}

/** NTOWFv2 ([MS-NLMP] §3.3.2). */
export const ntowfv2 = (credentials: Credentials): Buffer =>
  hmacMd5(md4(utf16(credentials.password)), utf16(credentials.user.toUpperCase() + credentials.domain))

/** The NTLMv2 response and the session base key ([MS-NLMP] §3.3.2). */
export function ntlmv2Response(
  responseKey: Buffer,
  input: { serverChallenge: Uint8Array; clientChallenge: Uint8Array; timestamp: Uint8Array; targetInfo: Uint8Array },
): { response: Buffer; sessionBaseKey: Buffer } {
  const temp = Buffer.concat([
    Buffer.from([1, 1, 0, 0, 0, 0, 0, 0]),
    input.timestamp,
    input.clientChallenge,
    Buffer.alloc(4),
    input.targetInfo,
    Buffer.alloc(4),
  ])
  const proof = hmacMd5(responseKey, input.serverChallenge, temp)
  return { response: Buffer.concat([proof, temp]), sessionBaseKey: hmacMd5(responseKey, proof) }
}

const fixedLength = 88

function authenticateMessage(fields: { flags: number; payloads: readonly Buffer[] }): Buffer {
  // Payloads in the order of their fields: LM response, NT response, domain, user, workstation, session key.
  const message = Buffer.alloc(fixedLength)
  signature.copy(message)
  message.writeUInt32LE(3, 8)
  let offset = fixedLength
  fields.payloads.forEach((payload, index) => {
    const at = 12 + index * 8
    message.writeUInt16LE(payload.length, at)
    message.writeUInt16LE(payload.length, at + 2)
    message.writeUInt32LE(offset, at + 4)
    offset += payload.length
  })
  message.writeUInt32LE(fields.flags, 60)
  version.copy(message, 64)
  return Buffer.concat([message, ...fields.payloads])
}

/** Answers `challenge`: the AUTHENTICATE_MESSAGE with its MIC, and the key of the session. */
export function authenticate(
  challenge: Challenge,
  credentials: Credentials & { host: string; negotiate: Buffer },
  draws: NtlmDraws,
): { message: Buffer; sessionKey: Buffer; seal: NtlmSeal } {
  const target = answeredTargetInfo(challenge.targetInfo, credentials.host)
  const ownTime = Buffer.alloc(8)
  ownTime.writeBigUInt64LE(draws.fileTime)
  const { response, sessionBaseKey } = ntlmv2Response(ntowfv2(credentials), {
    serverChallenge: challenge.serverChallenge,
    clientChallenge: draws.clientChallenge,
    timestamp: target.timestamp ?? ownTime,
    targetInfo: target.bytes,
  })
  const sessionKey = Buffer.from(draws.exportedSessionKey)
  const message = authenticateMessage({
    flags: (challenge.flags & wantedFlags) >>> 0,
    payloads: [
      Buffer.alloc(24),
      response,
      utf16(credentials.domain),
      utf16(credentials.user),
      Buffer.alloc(0),
      rc4(sessionBaseKey)(sessionKey),
    ],
  })
  hmacMd5(sessionKey, credentials.negotiate, challenge.raw, message).copy(message, 72)
  return { message, sessionKey, seal: ntlmSeal(sessionKey) }
}

/** NTLM's own signatures, with which SPNEGO protects its list of mechanisms. */
export type NtlmSeal = { sign(data: Uint8Array): Buffer; verify(data: Uint8Array, mac: Uint8Array): boolean }

const magic = (direction: string, kind: string) => Buffer.from(`session key to ${direction} ${kind} key magic constant\0`, 'latin1')

function signatureOf(sessionKey: Buffer, direction: 'client-to-server' | 'server-to-client'): (data: Uint8Array) => Buffer {
  const signingKey = md5(sessionKey, magic(direction, 'signing'))
  const stream = rc4(md5(sessionKey, magic(direction, 'sealing')))
  let sequence = 0
  return (data) => {
    const number = Buffer.alloc(4)
    number.writeUInt32LE(sequence)
    sequence += 1
    return Buffer.concat([Buffer.from([1, 0, 0, 0]), stream(hmacMd5(signingKey, number, data).subarray(0, 8)), number])
  }
}

/** Signing with extended session security and key exchange ([MS-NLMP] §3.4.4.2). */
function ntlmSeal(sessionKey: Buffer): NtlmSeal {
  const sign = signatureOf(sessionKey, 'client-to-server')
  const expected = signatureOf(sessionKey, 'server-to-client')
  return {
    sign,
    verify: (data, mac) => {
      const wanted = expected(data)
      return wanted.length === mac.length && timingSafeEqual(wanted, mac)
    },
  }
}
