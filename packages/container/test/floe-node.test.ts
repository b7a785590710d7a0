import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  FLOE_HEADER_BYTES,
  floeGeometryOfPlaintext,
  floeGeometryOfStored,
  segmentOffset,
  segmentPlace,
  segmentPlainLength,
  segmentStoredLength,
} from '../src/index.ts'
import { createFloeCipher, createFloeHeaderSync } from '../src/node.ts'
import { answerAad, answerKey, floeAnswers } from './shared-vectors.ts'

for (const answer of floeAnswers()) {
  test(`X3: known answer ${answer.name} opens segment by segment`, () => {
    const header = answer.sealed.slice(0, FLOE_HEADER_BYTES)
    const cipher = createFloeCipher({ fileKey: answerKey, aad: answerAad, header, rotationBits: answer.rotationBits })
    assert.equal(cipher.segmentLength, answer.segmentLength)
    const geometry = floeGeometryOfStored(answer.sealed.length, cipher.segmentLength)
    assert.equal(geometry.plaintextSize, answer.plaintext.length)
    const out = new Uint8Array(cipher.segmentLength)
    for (let index = geometry.segmentCount - 1; index >= 0; index -= 1) {
      const at = segmentOffset(geometry, index)
      const stored = answer.sealed.subarray(at, at + segmentStoredLength(geometry, index))
      const length = cipher.openSegmentInto(out, segmentPlace(geometry, index), stored)
      const from = index * geometry.segmentPlain
      assert.deepEqual(out.slice(0, length), answer.plaintext.slice(from, from + length))
    }
  })

  test(`X3: sealing with the iv of ${answer.name} makes the published bytes`, () => {
    const draws: Uint8Array[] = [answer.sealed.slice(10, 42)]
    const random = () => draws.shift()!
    const header = createFloeHeaderSync({ fileKey: answerKey, aad: answerAad, segmentLength: answer.segmentLength, random })
    assert.deepEqual(header, answer.sealed.slice(0, FLOE_HEADER_BYTES))
    const cipher = createFloeCipher({ fileKey: answerKey, aad: answerAad, header, random, rotationBits: answer.rotationBits })
    const geometry = floeGeometryOfStored(answer.sealed.length, cipher.segmentLength)
    for (let index = 0; index < geometry.segmentCount; index += 1) {
      const at = segmentOffset(geometry, index)
      const expected = answer.sealed.slice(at, at + segmentStoredLength(geometry, index))
      draws.push(expected.slice(4, 16))
      const out = new Uint8Array(cipher.segmentLength)
      const from = index * geometry.segmentPlain
      const plaintext = answer.plaintext.subarray(from, from + segmentPlainLength(geometry, index))
      const length = cipher.sealSegmentInto(out, segmentPlace(geometry, index), [plaintext.subarray(0, 3), plaintext.subarray(3)])
      assert.deepEqual(out.slice(0, length), expected)
    }
  })
}

test('X3: the sizes of the plaintext and of the stored object follow from each other', () => {
  assert.equal(floeGeometryOfPlaintext(0).storedSize, 74 + 32)
  assert.equal(floeGeometryOfPlaintext(1_048_544).segmentCount, 1)
  assert.equal(floeGeometryOfPlaintext(1_048_545).segmentCount, 2)
})
