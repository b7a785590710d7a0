import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { type SambaServer, startSamba } from '../../../test/servers/samba.ts'
import { connectShare, type SmbShare } from '../src/index.ts'

const MiB = 1024 * 1024

describe('more than the line takes at once', () => {
  let server: SambaServer
  let share: SmbShare
  before(async () => {
    server = await startSamba('encryption-required')
    const { host, port, user, password } = server
    share = await connectShare({ host, port, share: server.share, user, password, domain: '' })
  })
  after(async () => {
    await share[Symbol.asyncDispose]()
    await server.stop()
  })

  test('D3 T4: megabytes that go both ways at the same time arrive unharmed, small calls among them', async () => {
    const bytes = randomBytes(24 * MiB + 17)
    await using first = await share.open('first', 'create')
    await first.write(bytes, 0)
    await using second = await share.open('second', 'create')
    const back = Buffer.alloc(bytes.length)
    const half = 12 * MiB
    const [, one, two, stat] = await Promise.all([
      second.write(bytes, 0),
      first.read(back.subarray(0, half), 0),
      first.read(back.subarray(half), half),
      share.stat('first'),
    ])
    assert.deepEqual([one, two, stat?.size], [half, bytes.length - half, bytes.length])
    assert.ok(back.equals(bytes))
    back.fill(0)
    assert.equal(await second.read(back, 0), bytes.length)
    assert.ok(back.equals(bytes))
  })

  test('T4: a read that was given up does not touch its memory any more', async () => {
    await using file = await share.open('given-up', 'create')
    const bytes = randomBytes(8 * MiB)
    await file.write(bytes, 0)
    const given = Buffer.alloc(bytes.length)
    // Before anything of it is sent, and once all of it is and the answers come: they need many turns of the loop.
    for (const soon of [() => {}, () => setImmediate()]) {
      const controller = new AbortController()
      const reading = file.read(given, 0, { signal: controller.signal })
      await soon()
      controller.abort(new Error('enough'))
      await assert.rejects(reading, /enough/)
      given.fill(0xaa)
    }
    const back = Buffer.alloc(bytes.length)
    assert.equal(await file.read(back, 0), bytes.length)
    assert.ok(back.equals(bytes))
    assert.ok(given.every((byte) => byte === 0xaa))
  })
})
