import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import type { VectorFiles } from './published-cases.ts'

function readFolder(folder: URL): VectorFiles {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('.') && !name.endsWith('.md'))
  return new Map(names.map((name) => [name, new Uint8Array(readFileSync(new URL(name, folder)))]))
}

/** Vectors that every implementation of the formats is held to, by name; those of FLOE begin with `floe/`. They lie beside the repository. */
export function sharedVectors(): VectorFiles {
  const folder = new URL('../../../../shared/vectors/', import.meta.url)
  assert.ok(existsSync(folder), 'The published vectors are missing: they belong into ../shared/vectors beside the repository')
  return readFolder(folder)
}

/** The project's own. */
export const ownVectors = (): VectorFiles => readFolder(new URL('../../../vectors/', import.meta.url))
