import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type DownloadGrant,
  isDownloadSigned,
  isUploadSigned,
  signDownload,
  signUpload,
  type UploadGrant,
} from '../src/core/signed-grant.ts'

const secret = fc.uint8Array({ minLength: 32, maxLength: 32 })
const upload: fc.Arbitrary<UploadGrant> = fc.record({
  tenantId: fc.uuid(),
  id: fc.uuid(),
  length: fc.nat(),
  contentType: fc.string({ maxLength: 40 }),
  expires: fc.nat(),
})
const download: fc.Arbitrary<DownloadGrant> = fc.record({
  tenantId: fc.uuid(),
  id: fc.uuid(),
  disposition: fc.constantFrom('attachment', 'inline'),
  expires: fc.nat(),
})

test('O5: a signature holds for exactly its grant: any other grant, secret or text is refused', () => {
  fc.assert(
    fc.property(secret, upload, upload, secret, (key, grant, other, otherKey) => {
      const signature = signUpload(key, grant)
      assert.ok(isUploadSigned(key, grant, signature))
      for (const name of Object.keys(grant) as (keyof UploadGrant)[]) {
        if (other[name] !== grant[name]) assert.ok(!isUploadSigned(key, { ...grant, [name]: other[name] }, signature), name)
      }
      assert.equal(isUploadSigned(otherKey, grant, signature), Buffer.compare(key, otherKey) === 0)
    }),
  )
})

test('O5: any flip, cut or other spelling of a signature is refused', () => {
  fc.assert(
    fc.property(secret, upload, fc.nat(42), fc.string({ maxLength: 60 }), (key, grant, at, text) => {
      const signature = signUpload(key, grant)
      const flipped = `${signature.slice(0, at)}${signature[at] === 'A' ? 'B' : 'A'}${signature.slice(at + 1)}`
      for (const bad of [flipped, signature.slice(0, -1), `${signature}A`, `${signature}=`, text]) {
        if (bad !== signature) assert.ok(!isUploadSigned(key, grant, bad), bad)
      }
    }),
  )
})

test('O5: a URL to read is none to write, whatever its members are', () => {
  fc.assert(
    fc.property(secret, download, fc.nat(), (key, grant, length) => {
      const signature = signDownload(key, grant)
      assert.ok(isDownloadSigned(key, grant, signature))
      assert.ok(!isUploadSigned(key, { ...grant, length, contentType: grant.disposition }, signature))
      const other = grant.disposition === 'inline' ? 'attachment' : 'inline'
      assert.ok(!isDownloadSigned(key, { ...grant, disposition: other }, signature))
    }),
  )
})
