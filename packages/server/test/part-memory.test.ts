import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../src/core/clock.ts'
import { createPartMemory } from '../src/services/ingest/part-memory.ts'
import { memoryTarget } from '../src/storage/memory.ts'

const place = { offset: 0, length: 1000 }

test('S9: parts share a number of buffers; beyond it every attempt has one, and none has a second', async () => {
  await using target = memoryTarget(systemClock)
  const memory = createPartMemory(3)
  const held = [memory.first(target, place), memory.first(target, place)]
  const spare = memory.spare(target, place)
  assert.equal(spare?.bytes.length, 1000)
  assert.equal(memory.spare(target, place), null, 'the third is the last spare one')
  held.push(memory.first(target, place), memory.first(target, place))
  spare?.release()
  spare?.release()
  assert.equal(memory.spare(target, place), null, 'four attempts hold one each, which is more than there are to share')
  held.pop()?.release()
  held.pop()?.release()
  assert.notEqual(memory.spare(target, place), null)
  assert.equal(new Set(held.map(({ bytes }) => bytes.buffer)).size, 2, 'no buffer is lent twice')
})
