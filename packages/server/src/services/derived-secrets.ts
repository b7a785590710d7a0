import { deriveKey } from '../keys/wrap.ts'

/** What the credential key is stretched into besides sealing credentials; each use has a key of its own. */
export type SecretPurpose = 'sessions' | 'idempotency' | 'object-urls'

/** 32 bytes, the same for the same key and purpose on every instance. */
export const deriveSecret = (credentialKey: Uint8Array, purpose: SecretPurpose): Uint8Array =>
  deriveKey(credentialKey, `holdfast:v1:${purpose}`)
