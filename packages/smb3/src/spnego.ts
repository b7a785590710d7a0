import { SmbError } from './errors.ts'

// The tokens of SPNEGO (RFC 4178) as far as NTLM inside SMB needs them, in DER.

const oidSpnego = Buffer.from('06062b0601050502', 'hex')
const oidNtlm = Buffer.from('060a2b06010401823702020a', 'hex')

const tag = { sequence: 0x30, octets: 0x04, enumerated: 0x0a, application: 0x60, context: (index: number) => 0xa0 + index } as const

function encode(tagByte: number, ...contents: Uint8Array[]): Buffer {
  const content = Buffer.concat(contents)
  const length: number[] = []
  if (content.length < 0x80) length.push(content.length)
  else {
    for (let rest = content.length; rest > 0; rest >>>= 8) length.unshift(rest & 0xff)
    length.unshift(0x80 | length.length)
  }
  return Buffer.concat([Buffer.from([tagByte, ...length]), content])
}

type Element = { tag: number; content: Buffer; rest: Buffer }

function decode(bytes: Buffer): Element {
  let length = bytes[1] ?? 0
  let at = 2
  if (length & 0x80) {
    const count = length & 0x7f
    if (count < 1 || count > 3 || bytes.length < 2 + count) throw broken()
    length = bytes.readUIntBE(2, count)
    at += count
  }
  if (bytes.length < at + length) throw broken()
  return { tag: bytes[0]!, content: bytes.subarray(at, at + length), rest: bytes.subarray(at + length) }
}

const broken = () => new SmbError('protocol', 'The server sent a sign-in token that is not SPNEGO.')

function expectTag(bytes: Buffer, wanted: number): Buffer {
  if (bytes.length < 2) throw broken()
  const element = decode(bytes)
  if (element.tag !== wanted) throw broken()
  return element.content
}

/** The list of mechanisms that `mechListMIC` protects: NTLM alone. */
export const mechanismList = encode(tag.sequence, oidNtlm)

/** The first token: one mechanism, with its first message at once. */
export const initToken = (ntlm: Uint8Array): Buffer =>
  encode(
    tag.application,
    oidSpnego,
    encode(tag.context(0), encode(tag.sequence, encode(tag.context(0), mechanismList), encode(tag.context(2), encode(tag.octets, ntlm)))),
  )

/** The second token. Without `mic` servers of the Samba kind ask for more for ever. */
export const responseToken = (ntlm: Uint8Array, mic: Uint8Array): Buffer =>
  encode(
    tag.context(1),
    encode(tag.sequence, encode(tag.context(2), encode(tag.octets, ntlm)), encode(tag.context(3), encode(tag.octets, mic))),
  )

export type ServerToken = {
  readonly state: 'completed' | 'incomplete' | 'rejected' | 'request-mic' | null
  readonly token: Buffer | null
  readonly mic: Buffer | null
}

const states = ['completed', 'incomplete', 'rejected', 'request-mic'] as const

/** Reads a NegTokenResp of the server. */
export function parseResponse(bytes: Buffer): ServerToken {
  let rest = expectTag(expectTag(bytes, tag.context(1)), tag.sequence)
  let state: ServerToken['state'] = null
  let token: Buffer | null = null
  let mic: Buffer | null = null
  while (rest.length > 0) {
    if (rest.length < 2) throw broken()
    const field = decode(rest)
    rest = field.rest
    if (field.tag === tag.context(0)) state = states[expectTag(field.content, tag.enumerated)[0] ?? -1] ?? null
    else if (field.tag === tag.context(2)) token = expectTag(field.content, tag.octets)
    else if (field.tag === tag.context(3)) mic = expectTag(field.content, tag.octets)
  }
  return { state, token, mic }
}
