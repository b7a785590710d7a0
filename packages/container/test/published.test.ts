import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AeadEngine, webCryptoEngine } from '../src/index.ts'
import { nodeEngine } from '../src/node.ts'
import { floeCases, lxencCases } from './published-cases.ts'
import { sharedVectors } from './shared-vectors.ts'

const engines: [string, AeadEngine][] = [
  ['WebCrypto', webCryptoEngine],
  ['node:crypto', nodeEngine],
]
const files = sharedVectors()

test('X1 X3: all published vectors are at hand', () => {
  assert.equal(floeCases(files).length, 12)
  assert.equal(lxencCases(files).length, 61)
})

for (const [name, engine] of engines) {
  for (const each of floeCases(files)) test(`X3: ${each.name} (${name})`, () => each.run(engine))
  for (const each of lxencCases(files)) test(`X1 X2 X5: ${each.name} (${name})`, () => each.run(engine))
}
