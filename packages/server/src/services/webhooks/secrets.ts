import { createHmac, randomBytes } from 'node:crypto'
import type { CredentialSealer } from '../../keys/sealed-credentials.ts'

const SECRET_BYTES = 32
const PREFIX = 'whsec_'

/** The secret of an endpoint and, for a while after a rotation, the one of before. */
export type EndpointSecrets = { readonly current: string; readonly previous: string | null }

/** Standard Webhooks: `whsec_` and base64. */
export const newEndpointSecret = (): string => PREFIX + randomBytes(SECRET_BYTES).toString('base64')

type Endpoint = { readonly tenantId: string; readonly id: string }
const contextOf = ({ tenantId, id }: Endpoint) => ({ tenantId, targetId: `webhook:${id}` })

export function sealSecrets(sealer: CredentialSealer, secrets: EndpointSecrets, endpoint: Endpoint): Uint8Array {
  const { current, previous } = secrets
  return sealer.seal({ current, ...(previous === null ? {} : { previous }) }, contextOf(endpoint))
}

/** `KeyError` where they were sealed under another key, or for another endpoint. */
export function openSecrets(sealer: CredentialSealer, sealed: Uint8Array, endpoint: Endpoint): EndpointSecrets {
  const { current = '', previous = null } = sealer.open(sealed, contextOf(endpoint))
  return { current, previous }
}

export type SignedMessage = { readonly id: string; readonly timestampSeconds: number; readonly body: string }

/** `webhook-signature` of Standard Webhooks: `v1,` and HMAC-SHA256 over id, timestamp and body, one for each secret. */
export const signatureOf = ({ id, timestampSeconds, body }: SignedMessage, secrets: readonly string[]): string =>
  secrets
    .map((secret) => {
      const key = Buffer.from(secret.slice(PREFIX.length), 'base64')
      return `v1,${createHmac('sha256', key).update(`${id}.${timestampSeconds}.${body}`).digest('base64')}`
    })
    .join(' ')
