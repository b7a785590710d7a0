import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sayExactSize, saySize } from '../src/core/size-words.ts'

test('T8: sizes in messages count in steps of 1024, with the exact number beside them', () => {
  const said = [0, 1, 1023, 1024, 1536, 62_000_000, 4 * 2 ** 30, 5 * 2 ** 40].map(saySize)
  assert.deepEqual(said, ['0 bytes', '1 bytes', '1023 bytes', '1.0 KB', '1.5 KB', '59.1 MB', '4.0 GB', '5.0 TB'])
  assert.equal(sayExactSize(1000), '1000 bytes')
  assert.equal(sayExactSize(62_000_000), '59.1 MB (62000000 bytes)')
})
