import { hkdfSync } from 'node:crypto'

/** What the credential key is stretched into besides sealing credentials; each use has a key of its own (RFC 5869, info = purpose). */
export type SecretPurpose = 'sessions' | 'idempotency'

/** 32 bytes, the same for the same key and purpose on every instance. */
export const deriveSecret = (credentialKey: Uint8Array, purpose: SecretPurpose): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', credentialKey, new Uint8Array(0), `holdfast/${purpose}/v1`, 32))
