import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import type { KeyProvider } from '../src/keys/provider.ts'

export type ProviderCase = {
  readonly name: string
  /** Two providers over the same key, such as two instances, and one over another key. */
  open(): Promise<{ one: KeyProvider; same: KeyProvider; other: KeyProvider }>
}

const wrong = { name: 'KeyError' }
const newKey = () => new Uint8Array(randomBytes(32))
const flip = (bytes: Uint8Array, bit: number): Uint8Array => {
  const changed = bytes.slice()
  changed[(bit >> 3) % changed.length]! ^= 1 << (bit & 7)
  return changed
}

/** What every provider of the top key promises. */
export function keyProviderContract({ name, open }: ProviderCase): void {
  test(`S1: ${name}: a wrapped key comes back under its context, in any instance`, async () => {
    const { one, same } = await open()
    const key = newKey()
    const wrapped = await one.wrap(key, 'holdfast:v1:tenant:a')
    assert.equal(wrapped.keyId, one.currentKeyId)
    assert.deepEqual(await one.unwrap(wrapped, 'holdfast:v1:tenant:a'), key)
    assert.deepEqual(await same.unwrap(wrapped, 'holdfast:v1:tenant:a'), key)
    assert.equal(same.currentKeyId, one.currentKeyId)
  })

  test(`S1: ${name}: under another context a wrap does not open`, async () => {
    const { one } = await open()
    const wrapped = await one.wrap(newKey(), 'holdfast:v1:tenant:a')
    for (const context of ['holdfast:v1:tenant:b', 'holdfast:v1:tenant:', '', 'holdfast:v1:tenant:a\u0000']) {
      await assert.rejects(one.unwrap(wrapped, context), wrong)
    }
  })

  test(`S1: ${name}: any flipped bit, cut or addition fails, and fails as a KeyError`, async () => {
    const { one } = await open()
    const { keyId, bytes } = await one.wrap(newKey(), 'c')
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 40 }), async (at, more) => {
        await assert.rejects(one.unwrap({ keyId, bytes: flip(bytes, at) }, 'c'), wrong)
        await assert.rejects(one.unwrap({ keyId, bytes: bytes.slice(0, at % bytes.length) }, 'c'), wrong)
        await assert.rejects(one.unwrap({ keyId, bytes: new Uint8Array([...bytes, ...more]) }, 'c'), wrong)
        await assert.rejects(one.unwrap({ keyId, bytes: more }, 'c'), wrong)
      }),
    )
  })

  test(`S1: ${name}: another key does not open a wrap, and is told apart by its id`, async () => {
    const { one, other } = await open()
    const wrapped = await one.wrap(newKey(), 'c')
    assert.notEqual(other.currentKeyId, one.currentKeyId)
    await assert.rejects(other.unwrap(wrapped, 'c'), wrong)
    await assert.rejects(other.unwrap({ ...wrapped, keyId: other.currentKeyId }, 'c'), wrong)
  })

  test(`S1: ${name}: no two wraps of one key are alike, and none holds the key`, async () => {
    const { one } = await open()
    const key = newKey()
    const wraps = await Promise.all(Array.from({ length: 20 }, () => one.wrap(key, 'c')))
    assert.equal(new Set(wraps.map(({ bytes }) => Buffer.from(bytes).toString('hex'))).size, 20)
    for (const { bytes } of wraps) assert.equal(Buffer.from(bytes).includes(Buffer.from(key)), false)
  })

  test(`S1: ${name}: only keys of 32 bytes are wrapped`, async () => {
    const { one } = await open()
    for (const length of [0, 16, 31, 33]) await assert.rejects(one.wrap(new Uint8Array(length), 'c'), wrong)
  })

  test(`S1: ${name}: once closed it opens nothing more`, async () => {
    const { one } = await open()
    const wrapped = await one.wrap(newKey(), 'c')
    await one[Symbol.asyncDispose]()
    await assert.rejects(one.unwrap(wrapped, 'c'), wrong)
    await assert.rejects(one.wrap(newKey(), 'c'), wrong)
  })
}
