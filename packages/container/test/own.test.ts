import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { type AeadEngine, containerErrorKinds, webCryptoEngine } from '../src/index.ts'
import { nodeEngine } from '../src/node.ts'
import { makeOwnVectors, ownFolder } from './make-vectors.ts'
import { ownCases } from './own-cases.ts'
import { ownVectors } from './shared-vectors.ts'

const engines: [string, AeadEngine][] = [
  ['WebCrypto', webCryptoEngine],
  ['node:crypto', nodeEngine],
]

test('X1 X3: the vectors of the project are what their script makes', async () => {
  const made = await makeOwnVectors()
  const names = readdirSync(ownFolder, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('.') && !name.endsWith('.md'))
  assert.deepEqual(names.sort(), [...made.keys()].sort())
  for (const [name, bytes] of made) assert.deepEqual(new Uint8Array(readFileSync(new URL(name, ownFolder))), new Uint8Array(bytes), name)
})

/** Faults that no object has: of a caller's key or range, of a source, or of sizes beyond any vector. */
const notOfAnObject = ['size-changed', 'too-large', 'range-invalid', 'range-outside', 'aad-invalid', 'key-length', 'key-encoding']

test('X1 X3: there is a vector for every way in which an object can be wrong, and the specification names them all', () => {
  const manifest = new TextDecoder().decode(ownVectors().get('manifest.json'))
  const specification = readFileSync(new URL('../../../docs/spec/container.md', import.meta.url), 'utf8')
  for (const kind of containerErrorKinds) {
    assert.ok(specification.includes(`\`${kind}\``), `${kind} is not in the specification`)
    if (!notOfAnObject.includes(kind)) assert.ok(manifest.includes(`"kind": "${kind}"`), `${kind} has no vector`)
  }
})

for (const [name, engine] of engines) {
  for (const each of ownCases(ownVectors())) test(`X1 X3 S5: ${each.name} (${name})`, () => each.run(engine))
}
