import { StorageError } from './target.ts'

/** draft-ietf-secsh-filexfer-02 §7, the status codes of version 3. */
export const SftpStatus = { eof: 1, noSuchFile: 2, denied: 3, failure: 4, badMessage: 5, unsupported: 8 } as const

export const statusOf = (error: unknown): number | null => {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'number' ? code : null
}

/**
 * An error of a request as a `StorageError`, in our own words. Status 4 says only that it failed: `explain` in `sftp-files.ts` asks
 * further where that matters. What has no status passes as it is.
 */
export function toSftpError(error: unknown, operation: string): unknown {
  const status = statusOf(error)
  if (status === null || error instanceof StorageError) return error
  const options = { cause: error }
  if (status === SftpStatus.noSuchFile) return new StorageError('not-found', `${operation}: there is no such file or folder`, options)
  if (status === SftpStatus.denied) return new StorageError('denied', `${operation}: the user lacks the permission`, options)
  if (status === SftpStatus.badMessage) return new StorageError('bad-key', `${operation}: the server cannot hold the name`, options)
  if (status === SftpStatus.unsupported) return new StorageError('denied', `${operation}: the server does not support it`, options)
  return new StorageError('unavailable', `${operation}: the server failed and does not say why`, options)
}

type ConnectionError = Error & { level?: string; code?: string }

const noCipher = {
  message: 'The server offers no cipher that authenticates what it encrypts',
  remedy: 'Enable aes256-gcm@openssh.com, aes128-gcm@openssh.com or chacha20-poly1305@openssh.com in its Ciphers.',
}

/** What went wrong while connecting, before the session stood. */
export function toConnectError(error: unknown, server: { host: string; port: number }): StorageError {
  if (error instanceof StorageError) return error
  const { level = '', code = '', message = '' } = (error ?? {}) as ConnectionError
  const inner = (error as { cause?: unknown } | null)?.cause
  if (inner instanceof StorageError) return inner
  const options = { cause: error }
  if (level === 'client-authentication') {
    return new StorageError('denied', 'The server refuses the sign-in', {
      ...options,
      remedy:
        'Check the user, and the password or the key; the public key must be in authorized_keys, and the method allowed for this user.',
    })
  }
  if (/no matching .*cipher/i.test(message)) return new StorageError('denied', noCipher.message, { ...options, remedy: noCipher.remedy })
  if (/no matching host key/i.test(message)) {
    return new StorageError('denied', 'The server has no host key of the kind that was pinned', { ...options, remedy: hostKeyRemedy })
  }
  if (/no matching/i.test(message)) {
    const remedy = 'Update the SSH server; it offers only outdated algorithms.'
    return new StorageError('denied', 'Server and client have no algorithm in common', { ...options, remedy })
  }
  const where = `Port ${server.port} of ${server.host}`
  if (level === 'client-timeout') return new StorageError('unavailable', `${where} does not answer as an SSH server`, options)
  if (level === 'protocol' || level === 'handshake') return new StorageError('unavailable', `${where}: the SSH handshake failed`, options)
  return new StorageError('unavailable', `${where} cannot be reached${/^[A-Z_]+$/.test(code) ? ` (${code})` : ''}`, options)
}

export const hostKeyRemedy =
  'Find out from its administrator why the host key changed. If it was changed on purpose, delete this target and make it anew; otherwise somebody may be in between.'
