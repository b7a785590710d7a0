import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type EndpointPolicy, resolveHost } from './endpoint-guard.ts'
import type { ProbeStep } from './probe-steps.ts'
import { isCertificateError, toS3StorageError } from './s3-errors.ts'
import { StorageError } from './target.ts'

/** A server as the network sees it. */
export type Server = { readonly host: string; readonly port: number }

const codeOf = (error: unknown): string => (error as { code?: string } | null)?.code ?? ''
const bare = (host: string): string => host.replace(/^\[|\]$/g, '')

/** Resolves with a socket once it is connected (and its certificate checked, where it has one); rejects with the socket's error. */
function opened(socket: Socket, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const stop = (): void => void socket.destroy(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    socket.once('error', reject)
    socket.once(event, () => {
      signal.removeEventListener('abort', stop)
      resolve(socket)
    })
  })
}

const unreachable: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ETIMEDOUT: 'the host does not answer',
  ECONNRESET: 'the connection was closed at once',
}

/** Name lookup and TCP connection, each a step of its own, so that it is plain which of them fails. */
export function networkSteps({ host, port }: Server, policy: EndpointPolicy): ProbeStep[] {
  let addresses: string[] = []
  return [
    {
      name: 'Look up the name',
      async run() {
        addresses = await resolveHost(bare(host), policy)
        return addresses.join(', ')
      },
    },
    {
      name: 'Connect',
      async run(signal) {
        try {
          const socket = await opened(connectTcp({ host: addresses[0] ?? bare(host), port }), 'connect', signal)
          socket.destroy()
          return `port ${port}`
        } catch (error) {
          signal.throwIfAborted()
          const reason = unreachable[codeOf(error)] ?? 'no connection'
          throw new StorageError('unavailable', `Port ${port} of ${bare(host)}: ${reason} (${codeOf(error)})`, {
            cause: error,
            remedy: 'Check host and port, that the server is running, and the firewalls between it and this server.',
          })
        }
      },
    },
  ]
}

/** The TLS handshake with the certificate check, as the driver will do it. */
export const tlsStep = ({ host, port }: Server, options: { verify: boolean; policy: EndpointPolicy }): ProbeStep => ({
  name: 'Check the certificate',
  async run(signal) {
    const name = bare(host)
    const [address] = await resolveHost(name, options.policy)
    const servername = isIP(name) ? {} : { servername: name }
    try {
      const socket = connectTls({ host: address ?? name, port, rejectUnauthorized: options.verify, ...servername })
      await opened(socket, 'secureConnect', signal)
      const told = `${socket.getProtocol()}${options.verify ? '' : ', not checked'}`
      socket.destroy()
      return told
    } catch (error) {
      signal.throwIfAborted()
      if (isCertificateError(error)) throw toS3StorageError(error, 'TLS')
      throw new StorageError('denied', `Port ${port} of ${name} does not speak TLS`, {
        cause: error,
        remedy: 'Switch TLS off for this endpoint, or give the port that speaks it.',
      })
    }
  },
})
