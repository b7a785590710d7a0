import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { assetKey, quarantineKey, storageFileName } from '../src/core/evidence-keys.ts'
import { keyFault } from '../src/storage/key.ts'

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc
    .array(fc.constantFrom('..', '.', '/', '\\', '\0', '%2e', '.hf-', 'quarantine', ' ', 'a', '٠', '․', '／'), { maxLength: 60 })
    .map((parts) => parts.join('')),
)

test('C3 C9: whatever a file is called, its storage name is one bounded segment of safe characters that is neither . nor ..', () => {
  fc.assert(
    fc.property(hostile, (original) => {
      const name = storageFileName(original)
      assert.match(name, /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/)
      assert.equal(storageFileName(name), name)
    }),
  )
})

test('C3: keys of assets stay below their organisation, and promotion takes quarantine/ away and nothing else', () => {
  const slug = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/)
  const place = fc.record({
    tenantId: fc.uuid(),
    companyId: fc.option(slug),
    app: slug,
    kind: slug,
    assetId: fc.uuid(),
    filename: hostile,
    createdAt: fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) }),
  })
  fc.assert(
    fc.property(place, (asset) => {
      const key = assetKey(asset)
      assert.equal(keyFault(key), null)
      assert.equal(keyFault(quarantineKey(asset)), null)
      assert.equal(quarantineKey(asset), `quarantine/${key}`)
      const segments = key.split('/')
      assert.equal(segments.length, 10)
      assert.deepEqual(segments.slice(0, 5), ['orgs', asset.tenantId, 'companies', asset.companyId ?? '_global', asset.app])
      assert.deepEqual(segments.slice(7, 9), [asset.kind, asset.assetId])
    }),
  )
})
