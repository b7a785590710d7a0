import { looksLikeFloe } from './floe/format.ts'
import { isEncrypted } from './lxenc/header.ts'

export type ContainerFormat = 'floe' | 'lxenc1'

/** The format that the first 12 bytes of an object announce, or null. Says nothing of whether it opens. */
export function detectContainer(start: Uint8Array): ContainerFormat | null {
  if (isEncrypted(start)) return 'lxenc1'
  return looksLikeFloe(start) ? 'floe' : null
}
