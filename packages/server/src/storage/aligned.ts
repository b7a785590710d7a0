import type { WriteBuffer, WriteMemory } from './target.ts'

/** O_DIRECT wants memory, file offset and length in multiples of the logical block size, which is 512 or 4096. */
export const ALIGNMENT = 4096

const WASM_PAGE = 65_536
/** One part of eight 1 MiB segments with a container header in front, shifted by up to one block. */
const SLOT_BYTES = 8 * 1024 * 1024 + WASM_PAGE

/** Page-aligned memory in slots. A buffer for offset n starts at an address that is n modulo 4096, so that blocks of the file are blocks of memory. */
export interface AlignedMemory extends WriteMemory {
  /** Whether `bytes` lie in this memory as `take(offset, …)` places them. */
  fits(bytes: Uint8Array, offset: number): boolean
}

const ordinary = (length: number): WriteBuffer => ({
  bytes: new Uint8Array(length),
  release: () => {},
  [Symbol.dispose]: () => {},
})

/**
 * `slots` buffers of a little over 8 MiB. The system gives memory to a slot when it is first written, and the slots that were
 * used last are used first, so that what lies resident is what was needed at once.
 */
export function createAlignedMemory(slots: number): AlignedMemory {
  // The only allocator of Node whose memory is sure to be page-aligned; made when first needed.
  let arena: ArrayBuffer | undefined
  const free = Array.from({ length: slots }, (_, i) => slots - 1 - i)
  const open = (): ArrayBuffer => {
    const pages = (slots * SLOT_BYTES) / WASM_PAGE
    arena ??= new WebAssembly.Memory({ initial: pages, maximum: pages }).buffer as ArrayBuffer
    return arena
  }
  return {
    fits: (bytes, offset) => bytes.buffer === arena && bytes.byteOffset % ALIGNMENT === offset % ALIGNMENT,
    take(offset, length) {
      const shift = offset % ALIGNMENT
      const slot = shift + length <= SLOT_BYTES ? free.pop() : undefined
      if (slot === undefined) return ordinary(length)
      let held = true
      const release = (): void => {
        if (held) free.push(slot)
        held = false
      }
      return { bytes: new Uint8Array(open(), slot * SLOT_BYTES + shift, length), release, [Symbol.dispose]: release }
    },
  }
}
