import { KeyError, type KeyProvider, type WrapContext, type WrappedKey } from './provider.ts'
import { deriveKey, fingerprintOf, unwrapKey, wrapKey } from './wrap.ts'

const WRAP_PURPOSE = 'holdfast:v1:key-wrap'
const ID_PURPOSE = 'holdfast:v1:key-id'

type WrappingKey = { readonly id: string; readonly key: Uint8Array }

const wrappingKey = (masterKey: Uint8Array): WrappingKey => ({
  id: `env:${fingerprintOf(masterKey, ID_PURPOSE)}`,
  key: deriveKey(masterKey, WRAP_PURPOSE),
})

/**
 * Wraps under a key derived from the master key of this machine's environment or files, never under the master key itself,
 * which containers of the LXENC01 format use directly. `previous` master keys still unwrap while a rotation runs.
 * Takes copies; the caller may clear its own.
 */
export function environmentKeyProvider(masterKey: Uint8Array, previous: readonly Uint8Array[] = []): KeyProvider {
  const current = wrappingKey(masterKey)
  const known = new Map([...previous.map(wrappingKey), current].map(({ id, key }) => [id, key]))
  return {
    currentKeyId: current.id,
    wrap: async (key: Uint8Array, context: WrapContext) => ({ keyId: current.id, bytes: wrapKey(openKey(current.id), key, context) }),
    unwrap: async (wrapped: WrappedKey, context: WrapContext) => unwrapKey(openKey(wrapped.keyId), wrapped.bytes, context),
    async [Symbol.asyncDispose]() {
      for (const key of known.values()) key.fill(0)
      known.clear()
    },
  }

  function openKey(id: string): Uint8Array {
    const key = known.get(id)
    if (key) return key
    if (known.size === 0) throw new KeyError('The key provider is closed')
    throw new KeyError(`A key was wrapped by master key ${id}, which is not configured here (the master key here is ${current.id})`)
  }
}
