import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import type { StorageTarget } from '../src/storage/target.ts'
import { type Contract, collect, fails, freshKey, sameBytes, text } from './target.contract-kit.ts'

export function checkLifetime({ current }: Contract): void {
  /** Every call of a target, on an object `key` and a write `id` that exist. */
  const calls = (target: StorageTarget, at: { key: string; id: string }, signal?: AbortSignal): Record<string, () => Promise<unknown>> => {
    const { key, id } = at
    const options = signal ? { signal } : {}
    return {
      put: () => target.put(key, text('x'), options),
      read: () => target.read(key, 0, 1, options),
      stat: () => target.stat(key, options),
      list: () => collect(target.list('', options)),
      delete: () => target.delete(key, options),
      beginWrite: () => target.beginWrite(key, 1, options),
      writePart: () => target.writePart(key, id, { number: 1, offset: 0, bytes: text('y') }, options),
      flushWrite: () => target.flushWrite(key, id, options),
      commitWrite: () => target.commitWrite(key, id, [{ number: 1, size: 1, tag: null }], options),
      abortWrite: () => target.abortWrite(key, id, options),
      listWrites: () => collect(target.listWrites('', Date.now(), options)),
    }
  }
  test('S9: a call whose signal has fired rejects with its reason and does nothing', async () => {
    const { target } = current()
    const key = freshKey()
    await target.put(key, text('a'))
    const id = await target.beginWrite(key, 1)
    const reason = new Error('the user went away')
    for (const [name, call] of Object.entries(calls(target, { key, id }, AbortSignal.abort(reason)))) {
      await assert.rejects(call(), (error) => error === reason, name)
    }
    sameBytes(await target.read(key, 0, 1), text('a'))
    await target.abortWrite(key, id)
  })
  test('S9: a write that was interrupted by its signal is written again and comes out whole', async () => {
    const { target } = current()
    const key = freshKey()
    const bytes = randomBytes(9_000_000)
    const id = await target.beginWrite(key, bytes.length)
    const controller = new AbortController()
    const reason = new Error('cancelled')
    const interrupted = target.writePart(
      key,
      id,
      { number: 1, offset: 0, bytes: new Uint8Array(bytes.length) },
      { signal: controller.signal },
    )
    setImmediate(() => controller.abort(reason))
    await interrupted.catch((error: unknown) => assert.equal(error, reason))
    const receipt = await target.writePart(key, id, { number: 1, offset: 0, bytes })
    await target.commitWrite(key, id, [receipt])
    sameBytes(await target.read(key, 0, bytes.length), bytes)
  })
  test('T1: after dispose every call is refused, disposing twice is fine, and other drivers go on', async () => {
    const { target, another } = current()
    const second = await another()
    const key = freshKey()
    await second.put(key, text('kept'))
    const id = await second.beginWrite(key, 1)
    await second[Symbol.asyncDispose]()
    await second[Symbol.asyncDispose]()
    for (const [name, call] of Object.entries(calls(second, { key, id }))) await assert.rejects(call(), fails('closed'), name)
    sameBytes(await target.read(key, 0, 4), text('kept'))
    await target.abortWrite(key, id)
  })
}
