import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { readBody } from '../src/services/ingest/body.ts'

const CHUNK = 64 * 1024
const CHUNKS = 64
/** What a body may bring before others have their turn, and the chunk with which it passes that. */
const MOST_IN_A_TURN = 512 * 1024 + CHUNK

/** A body of which everything is there at once. */
function fullBody(): Readable {
  const stream = new Readable({ read() {}, highWaterMark: CHUNK })
  for (let n = 0; n < CHUNKS; n += 1) stream.push(Buffer.alloc(CHUNK, n))
  stream.push(null)
  return stream
}

/** Counts the turns of the event loop until `stop`. */
function countTurns(): { readonly turn: number; stop(): void } {
  let turn = 0
  let stopped = false
  const count = (): void => {
    turn += 1
    if (!stopped) setImmediate(count)
  }
  setImmediate(count)
  return {
    get turn() {
      return turn
    },
    stop() {
      stopped = true
    },
  }
}

const signal = new AbortController().signal

test('S3 S9: a body that always has more to give lets everything else have its turn', async () => {
  const turns = countTurns()
  const taken = new Map<number, number>()
  const order: number[] = []
  try {
    const take = (chunk: Buffer): undefined => {
      taken.set(turns.turn, (taken.get(turns.turn) ?? 0) + chunk.length)
      order.push(chunk[0] ?? -1)
    }
    assert.equal(await readBody(fullBody(), take, { signal }), CHUNKS * CHUNK)
  } finally {
    turns.stop()
  }
  assert.deepEqual(order, [...Array(CHUNKS).keys()])
  assert.ok(Math.max(...taken.values()) <= MOST_IN_A_TURN, `${Math.max(...taken.values())} bytes in one turn`)
})

test('S9: a body that is taken up to a limit keeps the rest, also where the limit is the end of a turn', async () => {
  const body = fullBody()
  let length = 0
  const take = (chunk: Buffer): undefined => {
    length += chunk.length
  }
  for (const limit of [512 * 1024, 1024 * 1024, 100_000]) assert.equal(await readBody(body, take, { signal, limit }), limit)
  await readBody(body, take, { signal })
  assert.equal(length, CHUNKS * CHUNK)
})

test('S9: a body that is given up while others have their turn stays paused and is taken no more', async () => {
  const body = fullBody()
  const stop = new AbortController()
  let length = 0
  const take = (chunk: Buffer): undefined => {
    length += chunk.length
    if (length === 512 * 1024) process.nextTick(() => stop.abort(new Error('given up')))
  }
  await assert.rejects(readBody(body, take, { signal: stop.signal }), { message: 'given up' })
  for (let n = 0; n < 3; n += 1) await nextTurn()
  assert.equal(length, 512 * 1024)
  assert.equal(body.isPaused(), true)
  assert.equal(body.read(CHUNK)?.[0], length / CHUNK)
})
