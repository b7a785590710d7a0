import { createDigestFor } from './digest.ts'
import { openInput } from './input.ts'
import type { FileKeyOptions } from './keys.ts'

export type SealOptions = FileKeyOptions & {
  readonly output: string
  readonly format: 'floe' | 'lxenc1'
  readonly aad?: string
  readonly segmentLength?: number
  readonly force?: boolean
}

/** Size and SHA-256, in hexadecimal, are those of the bytes that were sealed. */
export type Sealed = { readonly size: number; readonly sha256: string; readonly keyFile: string | null }

/** Seals `path`. At the output there is all of it, durably, or nothing. */
export async function sealFile(path: string, options: SealOptions): Promise<Sealed> {
  using input = openInput(path)
  await using digest = createDigestFor(input)
  // Hashing decides how long it all takes, so its thread starts while the rest is loaded.
  const { sealInput } = await import('./sealing.ts')
  return await sealInput(input, digest, options)
}
