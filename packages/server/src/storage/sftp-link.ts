import { createHash } from 'node:crypto'
import { connect as connectTcp, type Socket } from 'node:net'
import ssh2, { type ConnectConfig, type SFTPWrapper } from 'ssh2'
import { checkLiteralHost, type EndpointPolicy, guardedLookup } from './endpoint-guard.ts'
import { hostKeyRemedy, statusOf, toConnectError } from './sftp-errors.ts'
import { KeyAgent, unsealKey } from './sftp-key.ts'
import { freeAnswers, quicken } from './sftp-line.ts'
import { type CallOptions, StorageError } from './target.ts'

/** `fingerprint` is what `ssh-keygen -lf` prints: `SHA256:` and base64 without padding. */
export type HostKey = { readonly algorithm: string; readonly fingerprint: string }

export type SftpCredentials = { readonly password: string } | { readonly privateKey: string; readonly passphrase?: string | null }

export type SftpServer = {
  readonly host: string
  readonly port: number
  readonly policy: EndpointPolicy
  /** Milliseconds for the connection and for each answer. */
  readonly timeout: number
}
export type SftpAccess = SftpServer & {
  readonly user: string
  readonly credentials: SftpCredentials
  /** Any other key is refused before a credential is sent. Null: the key of the first connection is trusted, and holds for later ones. */
  readonly hostKey: HostKey | null
}

/** Ciphers that authenticate what they encrypt; nothing else is spoken. */
const CIPHERS = ['aes256-gcm@openssh.com', 'aes128-gcm@openssh.com', 'chacha20-poly1305@openssh.com']
const RSA_SIGNATURES = ['rsa-sha2-512', 'rsa-sha2-256']
const HOST_KEYS = ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521', ...RSA_SIGNATURES]
const KEX = ['curve25519-sha256', 'curve25519-sha256@libssh.org', 'ecdh-sha2-nistp256', 'ecdh-sha2-nistp384', 'ecdh-sha2-nistp521'].concat([
  'diffie-hellman-group-exchange-sha256',
  'diffie-hellman-group14-sha256',
  'diffie-hellman-group16-sha512',
  'diffie-hellman-group18-sha512',
])

/** Algorithm and fingerprint of a key in its wire form (RFC 4253 §6.6). */
export function toHostKey(key: Buffer): HostKey {
  const length = key.length >= 4 ? key.readUInt32BE() : 0
  const algorithm = key.subarray(4, 4 + Math.min(length, 64)).toString('latin1')
  return { algorithm, fingerprint: `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}` }
}

/** The two words of a host key as they are kept and shown. */
export const formatHostKey = ({ algorithm, fingerprint }: HostKey): string => `${algorithm} ${fingerprint}`
export function parseHostKey(text: string): HostKey {
  const [algorithm = '', fingerprint = ''] = text.split(' ')
  return { algorithm, fingerprint }
}
export const isSameHostKey = (a: HostKey, b: HostKey): boolean => formatHostKey(a) === formatHostKey(b)

export const changedHostKey = (pinned: HostKey, shown: HostKey): StorageError =>
  new StorageError('denied', `The host key has changed: pinned ${formatHostKey(pinned)}, shown ${formatHostKey(shown)}`, {
    remedy: hostKeyRemedy,
  })

/** The algorithms to offer, so that a server with several host keys shows the one that was pinned. */
const algorithmsOf = (pinned: HostKey | null): string[] => {
  if (pinned === null) return HOST_KEYS
  return pinned.algorithm === 'ssh-rsa' ? RSA_SIGNATURES : [pinned.algorithm]
}

function openSocket({ host, port, policy }: SftpServer): Socket {
  checkLiteralHost(host, policy)
  const socket = connectTcp({ host, port, lookup: guardedLookup(policy) as never })
  // ssh2 leaves Nagle on, and every small request would wait for the acknowledgement of the one before.
  socket.setNoDelay(true)
  return socket
}

type Handshake = { readonly auth: Authentication; readonly algorithms: string[]; readonly verify: (key: Buffer) => boolean }
type Authentication = { readonly username: string; readonly authHandler: readonly object[] }

/** A client whose handshake is done and who is signed in. Rejects with a `StorageError`. */
function connect(server: SftpServer, { auth, algorithms, verify }: Handshake): Promise<ssh2.Client> {
  const client = new ssh2.Client()
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      client.end()
      reject(toConnectError(error, server))
    }
    client.once('ready', () => resolve(client))
    client.on('error', fail)
    client.once('close', () => fail(new Error('closed')))
    const config = {
      ...auth,
      readyTimeout: server.timeout,
      keepaliveInterval: Math.max(1000, Math.round(server.timeout / 3)),
      keepaliveCountMax: 2,
      algorithms: { cipher: CIPHERS, serverHostKey: algorithms, kex: KEX },
      hostVerifier: verify,
    }
    try {
      const sock = openSocket(server)
      quicken(client, sock)
      client.connect({ ...config, sock } as unknown as ConnectConfig)
    } catch (error) {
      fail(error)
    }
  })
}

/** Asks a server for its host key, of the pinned kind where one is, and hangs up: nothing is sent that is secret. */
export async function readHostKey(server: SftpServer & { hostKey: HostKey | null }): Promise<HostKey> {
  const found: HostKey[] = []
  const verify = (key: Buffer): boolean => {
    found.push(toHostKey(key))
    return false
  }
  const auth = { username: 'holdfast', authHandler: [] }
  const error: unknown = await connect(server, { auth, algorithms: algorithmsOf(server.hostKey), verify }).then(
    (client) => client.end(),
    (reason: unknown) => reason,
  )
  const [hostKey] = found
  if (hostKey) return hostKey
  throw error instanceof StorageError ? error : new StorageError('unavailable', 'The server showed no host key')
}

async function authOf({ user, credentials }: SftpAccess): Promise<Authentication> {
  // One method alone: a key that is refused must not turn into a password attempt, nor the other way round.
  if ('password' in credentials)
    return { username: user, authHandler: [{ type: 'password', username: user, password: credentials.password }] }
  const key = await unsealKey({ privateKey: credentials.privateKey, passphrase: credentials.passphrase || null })
  return { username: user, authHandler: [{ type: 'agent', username: user, agent: new KeyAgent(key) }] }
}

type Trusting = SftpAccess & { readonly trust: (key: HostKey) => void }

async function signIn(access: Trusting, auth: Authentication): Promise<ssh2.Client> {
  const { hostKey: pinned } = access
  const wrong: HostKey[] = []
  const verify = (key: Buffer): boolean => {
    const shown = toHostKey(key)
    if (pinned === null) access.trust(shown)
    else if (!isSameHostKey(shown, pinned)) wrong.push(shown)
    return wrong.length === 0
  }
  try {
    return await connect(access, { auth, algorithms: algorithmsOf(pinned), verify })
  } catch (error) {
    const [shown] = wrong
    throw shown && pinned ? changedHostKey(pinned, shown) : error
  }
}

/** One SFTP session over one connection. */
export type SftpSession = { readonly sftp: SFTPWrapper; readonly closed: boolean; readonly timeout: number; close(): void }

async function openSession(access: Trusting, auth: Authentication): Promise<SftpSession> {
  const client = await signIn(access, auth)
  const sftp = await new Promise<SFTPWrapper>((resolve, reject) => {
    client.sftp((error, wrapper) => {
      if (!error) {
        resolve(wrapper)
        return
      }
      client.end()
      const remedy = 'Enable the sftp subsystem of the SSH server for this user.'
      reject(new StorageError('denied', 'The server offers no SFTP to this user', { cause: error, remedy }))
    })
  })
  freeAnswers(client, sftp)
  let closed = false
  const close = (): void => {
    closed = true
    client.destroy()
  }
  client.on('close', close).on('end', close).on('error', close)
  sftp.on('error', close)
  sftp.on('close', close)
  return {
    sftp,
    get closed() {
      return closed
    },
    timeout: access.timeout,
    close,
  }
}

/** The way to a server: connects with the first call, and anew after the connection was lost. */
export interface SftpLink {
  session(): Promise<SftpSession>
  close(): Promise<void>
}

export function createSftpLink(access: SftpAccess): SftpLink {
  let auth: Promise<Authentication> | undefined
  let current: Promise<SftpSession> | undefined
  let { hostKey } = access
  const trust = (key: HostKey): void => {
    hostKey = key
  }
  const open = async (): Promise<SftpSession> => {
    auth ??= authOf(access)
    return openSession({ ...access, hostKey, trust }, await auth)
  }
  return {
    async session() {
      const pending = current
      const known = await pending?.catch(() => null)
      if (known && !known.closed) return known
      // Of many that find the connection gone, the first makes the new one.
      if (current === pending) current = open()
      return current as Promise<SftpSession>
    },
    async close() {
      const session = await current?.catch(() => null)
      session?.close()
    },
  }
}

const lost = (cause?: unknown): StorageError => new StorageError('unavailable', 'The connection to the server was lost', { cause })

/** One request: 'unavailable' where nothing comes for the session's timeout, which ends the session; aborted with the signal's reason. */
export function ask<T>(
  session: SftpSession,
  options: CallOptions | undefined,
  start: (done: (error?: Error | null, value?: T) => void) => void,
): Promise<T> {
  const signal = options?.signal
  return new Promise((resolve, reject) => {
    const finish = (): void => {
      clearTimeout(silence)
      signal?.removeEventListener('abort', abort)
    }
    const fail = (error: unknown): void => {
      finish()
      reject(error)
    }
    const abort = (): void => fail(signal?.reason)
    const silence = setTimeout(() => {
      session.close()
      fail(new StorageError('unavailable', 'The server did not answer in time'))
    }, session.timeout)
    if (signal?.aborted) return abort()
    signal?.addEventListener('abort', abort, { once: true })
    if (session.closed) return fail(lost())
    try {
      start((error, value) => {
        finish()
        if (!error) resolve(value as T)
        else reject(statusOf(error) === null ? lost(error) : error)
      })
    } catch (error) {
      fail(error)
    }
  })
}
