import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = new URL('../../../../shared/vectors/', import.meta.url)

export const sharedVector = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, folder)))

export type FloeAnswer = { name: string; segmentLength: number; rotationBits: number; plaintext: Uint8Array; sealed: Uint8Array }

const hex = (name: string) => new Uint8Array(Buffer.from(readFileSync(new URL(`floe/${name}`, folder), 'utf8').trim(), 'hex'))

/** The published known-answer tests: key of 32 zero bytes, AAD 'This is AAD'. */
export function floeAnswers(): FloeAnswer[] {
  return readdirSync(fileURLToPath(new URL('floe/', folder)))
    .filter((name) => name.endsWith('_ct.txt'))
    .map((name) => ({
      name: name.slice(0, -'_ct.txt'.length),
      segmentLength: name.includes('_4K_') ? 4096 : name.includes('_64_') ? 64 : 40,
      rotationBits: name.includes('rotation') ? 2 : 20,
      plaintext: hex(name.replace('_ct.', '_pt.')),
      sealed: hex(name),
    }))
}

export const answerKey = new Uint8Array(32)
export const answerAad = new TextEncoder().encode('This is AAD')
