import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aesCmac, deriveKey, md4, rc4 } from '../src/primitives.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

test('T4: MD4 gives the digests of RFC 1320 appendix A.5', () => {
  const known: [string, string][] = [
    ['', '31d6cfe0d16ae931b73c59d7e0c089c0'],
    ['a', 'bde52cb31de33e46245e05fbdbd6fb24'],
    ['abc', 'a448017aaf21d8525fc10ae87aa6729d'],
    ['message digest', 'd9130a8164549fe818874806e1c7014b'],
    ['abcdefghijklmnopqrstuvwxyz', 'd79e1c308aa5bbcdeea8ed63df412da9'],
    ['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789', '043f8582f241db351ce627e153e7f0e4'],
    ['12345678901234567890123456789012345678901234567890123456789012345678901234567890', 'e33b4ddc9c38f2199c3e7b164fcc0536'],
  ]
  for (const [message, digest] of known) assert.equal(md4(Buffer.from(message)).toString('hex'), digest)
})

test('T4: RC4 gives the key streams of RFC 6229', () => {
  assert.equal(rc4(hex('0102030405'))(Buffer.alloc(16)).toString('hex'), 'b2396305f03dc027ccc3524a0a1118a8')
  const stream = rc4(hex('0102030405060708090a0b0c0d0e0f10'))
  stream(Buffer.alloc(10))
  assert.equal(stream(Buffer.alloc(6)).toString('hex'), hex('9ac7cc9a609d1ef7b2932899cde41b97').subarray(10).toString('hex'))
})

test('T4: AES-CMAC gives the tags of RFC 4493 section 4', () => {
  const key = hex('2b7e151628aed2a6abf7158809cf4f3c')
  const message = hex(
    '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710',
  )
  assert.equal(aesCmac(key, Buffer.alloc(0)).toString('hex'), 'bb1d6929e95937287fa37d129b756746')
  assert.equal(aesCmac(key, message.subarray(0, 16)).toString('hex'), '070a16b46b4d4144f79bdd9dd04a287c')
  assert.equal(aesCmac(key, message.subarray(0, 40)).toString('hex'), 'dfa66747de9ae63030ca32611497c827')
  assert.equal(aesCmac(key, message).toString('hex'), '51f0bebf7e3b9d92fc49741779363cfe')
})

test('T4: the key derivation gives the keys of the worked example for SMB 3.0', () => {
  const sessionKey = hex('7CD451825D0450D235424E44BA6E78CC')
  const signing = deriveKey(sessionKey, 'SMB2AESCMAC', Buffer.from('SmbSign\0'), 16)
  assert.equal(signing.toString('hex').toUpperCase(), '0B7E9C5CAC36C0F6EA9AB275298CEDCE')
})
