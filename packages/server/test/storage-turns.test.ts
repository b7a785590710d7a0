import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTurns } from '../src/storage/turns.ts'

test('S9: works of one name take turns, whatever became of those before, and others do not wait for them', async () => {
  const inTurn = createTurns()
  const held = Promise.withResolvers<void>()
  const begun: string[] = []
  const work = (name: string, until: Promise<void>) => async () => {
    begun.push(name)
    await until
    return name
  }
  const first = inTurn('a', undefined, work('first', held.promise))
  const gone = new AbortController()
  const second = inTurn('a', { signal: gone.signal }, work('second', Promise.resolve()))
  const third = inTurn('a', undefined, work('third', Promise.resolve()))
  assert.equal(await inTurn('b', undefined, work('other', Promise.resolve())), 'other')
  gone.abort(new Error('nobody waits'))
  await assert.rejects(second, { message: 'nobody waits' })
  assert.deepEqual(begun, ['first', 'other'], 'who leaves has not begun, and the next one still waits for the first')
  held.reject(new Error('it failed'))
  await assert.rejects(first, { message: 'it failed' })
  assert.equal(await third, 'third')
  assert.deepEqual(begun, ['first', 'other', 'third'])
})
