/**
 * Writes the project's own vectors to vectors/. They are deterministic: running it again changes nothing.
 *   node packages/container/test/make-vectors.ts
 */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { OwnManifest } from './own-cases.ts'
import { makeFloeVectors } from './own-floe.ts'
import { makeLxencVectors } from './own-lxenc.ts'

export const ownFolder = new URL('../../../vectors/', import.meta.url)

/** All files of vectors/ by name, made afresh. */
export async function makeOwnVectors(): Promise<Map<string, Uint8Array>> {
  const [floe, lxenc] = await Promise.all([makeFloeVectors(), makeLxencVectors()])
  const manifest: OwnManifest = {
    plaintext_rule: 'byte[i] = (i*7+3) % 251',
    draw_rule:
      'draw k = SHA-256(utf8(seed) || be32(k) || be32(block)) over blocks 0, 1, ..., concatenated and cut. FLOE: iv (32), then a segment IV (12) each; LXENC01: DEK (32), wrap nonce (12), nonce prefix (8)',
    floe: floe.map(({ vector }) => vector),
    lxenc: lxenc.map(({ vector }) => vector),
  }
  const files = new Map([['manifest.json', new TextEncoder().encode(`${JSON.stringify(manifest, null, 1)}\n`)]])
  for (const { vector, bytes } of [...floe, ...lxenc]) if (vector.file !== null) files.set(vector.file, new Uint8Array(bytes))
  return files
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of ['floe', 'lxenc']) {
    await rm(new URL(name, ownFolder), { recursive: true, force: true })
    await mkdir(new URL(name, ownFolder), { recursive: true })
  }
  for (const [name, bytes] of await makeOwnVectors()) await writeFile(new URL(name, ownFolder), bytes)
}
