import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { type AeadEngine, webCryptoEngine } from '../src/index.ts'
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

for (const [name, engine] of engines) {
  for (const each of ownCases(ownVectors())) test(`X1 X3 S5: ${each.name} (${name})`, () => each.run(engine))
}
