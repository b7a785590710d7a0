import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { LookupFunction } from 'node:net'
import { Connection } from './connection.ts'
import { cipherName, messageCrypt, offeredCiphers, type SessionKeys, sessionKeys } from './crypt.ts'
import { SmbError } from './errors.ts'
import { authenticate, type Credentials, type NtlmSeal, negotiateMessage, parseChallenge } from './ntlm.ts'
import { aesCmac, sha512 } from './primitives.ts'
import { initToken, mechanismList, parseResponse, responseToken } from './spnego.ts'
import { status, statusError } from './status.ts'
import { capability, cipher, command, dialect, headerFlag, headerLength, msToFileTime, sessionFlag } from './wire.ts'
import {
  encodeIoctl,
  encodeNegotiate,
  encodeSessionSetup,
  encodeTreeConnect,
  encodeValidateNegotiate,
  fsctl,
  type Negotiated,
  parseIoctl,
  parseNegotiate,
  parseSessionSetup,
  parseTreeConnect,
  shareType,
} from './wire-sign-in.ts'

export type ConnectOptions = Credentials & {
  readonly host: string
  /** 445 where not given. */
  readonly port?: number
  readonly share: string
  /** Milliseconds for the connection and for each answer; 30,000 where not given. */
  readonly timeout?: number
  readonly signal?: AbortSignal
  /** Looks the host up in place of the system, e.g. to refuse some addresses; a host written as an address is not looked up. */
  readonly lookup?: LookupFunction
  /** Called before each step, so that a caller can say which one failed. */
  readonly onStep?: (step: SignInStep) => void
}

/** The steps of a connection, in order. */
export type SignInStep = 'connect' | 'negotiate' | 'sign-in' | 'share'

export type SignedIn = {
  readonly connection: Connection
  readonly treeId: number
  readonly dialect: '3.0' | '3.0.2' | '3.1.1'
  readonly cipher: string
  readonly maxRead: number
  readonly maxWrite: number
  readonly maxTransact: number
  readonly maximalAccess: number
}

/** Connects, negotiates SMB 3 with encryption, signs in with NTLMv2 and opens the share. Nothing of the credentials is sent before encryption is agreed. */
export async function signIn(options: ConnectOptions): Promise<SignedIn> {
  const step = options.onStep ?? (() => {})
  step('connect')
  const connection = await Connection.open({
    host: options.host,
    port: options.port ?? 445,
    timeout: options.timeout ?? 30_000,
    signal: options.signal,
    lookup: options.lookup,
  })
  try {
    step('negotiate')
    const hash = handshakeHash(connection)
    const clientGuid = randomBytes(16)
    const negotiated = await negotiate(connection, { clientGuid, hash, signal: options.signal })
    step('sign-in')
    await setUpSession(connection, { ...options, negotiated, hash })
    step('share')
    const tree = await connectTree(connection, options)
    if (negotiated.dialect !== dialect.smb311) await validateNegotiate(connection, { treeId: tree.treeId, clientGuid, negotiated })
    return {
      connection,
      ...tree,
      dialect: negotiated.dialect === dialect.smb311 ? '3.1.1' : negotiated.dialect === dialect.smb302 ? '3.0.2' : '3.0',
      cipher: cipherName(negotiated.cipher)!,
      maxRead: clampToMtu(negotiated, negotiated.maxRead),
      maxWrite: clampToMtu(negotiated, negotiated.maxWrite),
      maxTransact: clampToMtu(negotiated, negotiated.maxTransact),
    }
  } catch (error) {
    await connection[Symbol.asyncDispose]()
    throw error
  }
}

const clampToMtu = (negotiated: Negotiated, size: number): number =>
  Math.min(size, negotiated.capabilities & capability.largeMtu ? 1024 * 1024 : 65536)

/** The pre-authentication integrity hash of 3.1.1 ([MS-SMB2] §3.2.1.3): over each message of the hand-shake, the last answer left out. */
type HandshakeHash = { value(): Buffer; add(message: Buffer): void; stop(): void }

function handshakeHash(connection: Connection): HandshakeHash {
  let value: Buffer = Buffer.alloc(64)
  const add = (message: Buffer) => {
    value = sha512(value, message)
  }
  connection.onHandshake = add
  return {
    value: () => value,
    add,
    stop: () => {
      connection.onHandshake = null
    },
  }
}

type Agreed = Negotiated & { readonly cipher: number }

async function negotiate(
  connection: Connection,
  options: { clientGuid: Buffer; hash: HandshakeHash; signal: AbortSignal | undefined },
): Promise<Agreed> {
  const body = encodeNegotiate({ clientGuid: options.clientGuid, salt: randomBytes(32), ciphers: offeredCiphers })
  const answer = await connection.request({ command: command.negotiate, body, signal: options.signal }).catch((error: unknown) => {
    // Servers without SMB 2 hang up on the first message.
    if (error instanceof SmbError && error.fault === 'closed')
      throw new SmbError('dialect', 'The server hung up on SMB 3: it speaks none, or this port is not SMB.', { cause: error })
    throw error
  })
  if (answer.header.status !== status.success) {
    throw new SmbError('dialect', 'The server does not speak SMB 3; it is refused, even where it would take SMB 1 or 2.', {
      status: answer.header.status,
    })
  }
  options.hash.add(answer.message)
  const negotiated = parseNegotiate(answer.message)
  if (!(Object.values(dialect) as number[]).includes(negotiated.dialect))
    throw new SmbError('dialect', 'The server chose a dialect that was not offered.')
  const chosen = chosenCipher(negotiated)
  if (negotiated.maxRead < 4096 || negotiated.maxWrite < 4096 || negotiated.maxTransact < 4096)
    throw new SmbError('protocol', 'The server offers impossibly small messages.')
  if (negotiated.capabilities & capability.largeMtu) connection.allowLargeRequests()
  return { ...negotiated, cipher: chosen }
}

function chosenCipher(negotiated: Negotiated): number {
  const refused = new SmbError('encryption', 'The server speaks SMB 3 but cannot encrypt; turn SMB encryption on at the server.')
  if (negotiated.dialect === dialect.smb311) {
    if (negotiated.preauthHash !== 1) throw new SmbError('protocol', 'The server sent no SHA-512 pre-authentication integrity.')
    if (negotiated.cipher === null || !offeredCiphers.some((offered) => offered === negotiated.cipher)) throw refused
    return negotiated.cipher
  }
  if (!(negotiated.capabilities & capability.encryption)) throw refused
  return cipher.aes128ccm
}

type SessionOptions = ConnectOptions & { negotiated: Agreed; hash: HandshakeHash }

async function setUpSession(connection: Connection, options: SessionOptions): Promise<void> {
  const first = negotiateMessage()
  const hello = await sessionSetup(connection, initToken(first), options)
  if (hello.header.status !== status.moreProcessing) throw signInError(hello.header.status, options)
  options.hash.add(hello.message)
  connection.setSession(hello.header.sessionId)
  const token = parseResponse(parseSessionSetup(hello.message).token).token
  if (!token) throw new SmbError('sign-in', 'The server offers no NTLM sign-in (Kerberos is not supported).')
  const answer = authenticate(
    parseChallenge(token),
    { ...options, negotiate: first },
    { clientChallenge: randomBytes(8), exportedSessionKey: randomBytes(16), fileTime: msToFileTime(Date.now()) },
  )
  const last = await sessionSetup(connection, responseToken(answer.message, answer.seal.sign(mechanismList)), options)
  if (last.header.status !== status.success) throw signInError(last.header.status, options)
  options.hash.stop()
  const keys = sessionKeys(answer.sessionKey, {
    dialect: options.negotiated.dialect,
    cipher: options.negotiated.cipher,
    preauthHash: options.hash.value(),
  })
  verifyLastAnswer(last, { keys, seal: answer.seal })
  connection.encrypt(messageCrypt({ cipher: options.negotiated.cipher, keys, sessionId: last.header.sessionId }))
}

const sessionSetup = (connection: Connection, token: Buffer, options: SessionOptions) =>
  connection.request({ command: command.sessionSetup, body: encodeSessionSetup(token), signal: options.signal })

function signInError(code: number, options: SessionOptions): SmbError {
  const error = statusError(code, `sign in as ${options.domain ? `${options.domain}\\` : ''}${options.user}`)
  return error.fault === 'server' || error.fault === 'denied' ? new SmbError('sign-in', error.message, { status: code }) : error
}

/** The last answer decides whether this is the server that knows the password: guest sessions and unsigned answers are refused. */
function verifyLastAnswer(last: { header: { flags: number }; message: Buffer }, expected: { keys: SessionKeys; seal: NtlmSeal }): void {
  const setup = parseSessionSetup(last.message)
  if (setup.flags & (sessionFlag.guest | sessionFlag.anonymous))
    throw new SmbError('sign-in', 'The server took the sign-in only as a guest; check user and password.')
  if (!(last.header.flags & headerFlag.signed)) throw new SmbError('integrity', 'The server did not sign its answer to the sign-in.')
  const unsigned = Buffer.from(last.message)
  unsigned.fill(0, 48, headerLength)
  if (!timingSafeEqual(aesCmac(expected.keys.signing, unsigned), last.message.subarray(48, headerLength))) {
    throw new SmbError('integrity', 'The hand-shake was changed on its way; the connection is closed.')
  }
  const mic = setup.token.length > 0 ? parseResponse(setup.token).mic : null
  if (mic && !expected.seal.verify(mechanismList, mic))
    throw new SmbError('integrity', 'The list of sign-in mechanisms was changed on its way.')
}

async function connectTree(connection: Connection, options: ConnectOptions): Promise<{ treeId: number; maximalAccess: number }> {
  const answer = await connection.request({
    command: command.treeConnect,
    body: encodeTreeConnect(`\\\\${options.host}\\${options.share}`),
    signal: options.signal,
  })
  if (answer.header.status !== status.success) throw statusError(answer.header.status, `open the share ${options.share}`)
  const tree = parseTreeConnect(answer.message)
  if (tree.type !== shareType.disk) throw new SmbError('share', `${options.share} is not a file share.`)
  return { treeId: answer.header.treeId, maximalAccess: tree.maximalAccess }
}

/** 3.0 and 3.0.2 have no pre-authentication hash: the server repeats, sealed, what it negotiated ([MS-SMB2] §3.2.5.5). */
async function validateNegotiate(
  connection: Connection,
  options: { treeId: number; clientGuid: Buffer; negotiated: Negotiated },
): Promise<void> {
  const body = encodeIoctl({ code: fsctl.validateNegotiate, input: encodeValidateNegotiate(options.clientGuid), maxOutput: 24 })
  const answer = await connection.request({ command: command.ioctl, body, treeId: options.treeId })
  const downgraded = new SmbError('integrity', 'The negotiation was changed on its way (a downgrade); the connection is closed.')
  if (answer.header.status !== status.success) throw downgraded
  const output = parseIoctl(answer.message)
  const { negotiated } = options
  const same =
    output.length >= 24 &&
    output.readUInt32LE(0) === negotiated.capabilities &&
    output.subarray(4, 20).equals(negotiated.serverGuid) &&
    output.readUInt16LE(20) === negotiated.securityMode &&
    output.readUInt16LE(22) === negotiated.dialect
  if (!same) throw downgraded
}
