/** What a wrapped key belongs to; bound into the wrap as AAD, so that a key moved to another row does not unwrap. */
export type WrapContext = string

export type WrappedKey = {
  /** Which key of the provider wrapped it, e.g. 'env:3f9a…' or an ARN; tells which rows a rotation has still to do. */
  readonly keyId: string
  readonly bytes: Uint8Array
}

/**
 * Wraps the top of the key hierarchy (tenant keys). Implementations: `EnvironmentKeyProvider` over the master key,
 * later AWS KMS and Vault/OpenBao transit. All pass `test/key-provider.contract.ts`.
 *
 * `unwrap` rejects with `KeyError` where the context, the key or the bytes are not those of the wrap; it never answers wrong bytes.
 */
export interface KeyProvider extends AsyncDisposable {
  /** The key that `wrap` uses now. */
  readonly currentKeyId: string
  wrap(key: Uint8Array, context: WrapContext): Promise<WrappedKey>
  unwrap(wrapped: WrappedKey, context: WrapContext): Promise<Uint8Array>
}

/** A key that is missing, malformed or does not fit. The message says what is wrong and never holds key material. */
export class KeyError extends Error {
  override readonly name = 'KeyError'
}
