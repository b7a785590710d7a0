import { KeyError } from './provider.ts'
import { deriveKey, fingerprintOf, openBytes, sealBytes } from './wrap.ts'

const SEAL_PURPOSE = 'holdfast:v1:target-credentials'
const ID_PURPOSE = 'holdfast:v1:credential-key-id'
const ID_BYTES = 8

/** Whose credentials they are; sealed in, so that a row copied to another target or tenant does not open. */
export type CredentialContext = { readonly tenantId: string; readonly targetId: string }
export type Credentials = { readonly [field: string]: string }

/** Seals the credentials of storage targets under CREDENTIAL_ENCRYPTION_KEY (T1). */
export interface CredentialSealer {
  seal(credentials: Credentials, context: CredentialContext): Uint8Array
  /** `KeyError` where the key or the context is another, or the bytes were changed; it never holds a credential. */
  open(sealed: Uint8Array, context: CredentialContext): Credentials
}

const contextOf = ({ tenantId, targetId }: CredentialContext): string => `holdfast:v1:credentials:${tenantId}:${targetId}`

/** Stored form: fingerprint of the key (8 bytes), then what `sealBytes` makes of the JSON. `previous` keys still open. */
export function credentialSealer(credentialKey: Uint8Array, previous: readonly Uint8Array[] = []): CredentialSealer {
  const keyed = (key: Uint8Array) => ({ id: fingerprintOf(key, ID_PURPOSE), key: deriveKey(key, SEAL_PURPOSE) })
  const current = keyed(credentialKey)
  const known = new Map([...previous.map(keyed), current].map(({ id, key }) => [id, key]))
  return {
    seal(credentials, context) {
      const sealed = sealBytes(current.key, Buffer.from(JSON.stringify(credentials)), contextOf(context))
      return new Uint8Array(Buffer.concat([Buffer.from(current.id, 'hex'), sealed]))
    },
    open(sealed, context) {
      const key = known.get(Buffer.from(sealed.subarray(0, ID_BYTES)).toString('hex'))
      if (!key) throw new KeyError('The credentials of this target were sealed under another CREDENTIAL_ENCRYPTION_KEY')
      const plain = openBytes(key, sealed.subarray(ID_BYTES), contextOf(context))
      if (!plain) throw new KeyError('The sealed credentials of this target were changed or moved')
      return JSON.parse(Buffer.from(plain).toString('utf8')) as Credentials
    },
  }
}
