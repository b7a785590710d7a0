import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type SambaMode, type SambaServer, startSamba } from '../../../test/servers/samba.ts'
import { type ConnectOptions, connectShare, type SmbFault, type SmbShare } from '../src/index.ts'
import { type Meddle, startProxy } from './meddling-proxy.ts'

const fails = (fault: SmbFault) => (error: unknown) => {
  assert.equal((error as { fault?: string }).fault, fault, String(error))
  return true
}
const optionsFor = (server: SambaServer, more: Partial<ConnectOptions> = {}): ConnectOptions => ({
  ...{ host: server.host, port: server.port, share: server.share, user: server.user, password: server.password, domain: '', timeout: 5000 },
  ...more,
})

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

async function withServer(mode: SambaMode, work: (server: SambaServer) => Promise<void>): Promise<void> {
  const server = await startSamba(mode)
  try {
    await work(server)
  } finally {
    await server.stop()
  }
}

async function roundTrip(share: SmbShare): Promise<void> {
  const bytes = randomBytes(3_000_001)
  const file = await share.open('round.bin', 'overwrite')
  await file.write(bytes, 0)
  await file.flush()
  const back = Buffer.alloc(bytes.length + 100)
  assert.equal(await file.read(back, 0), bytes.length)
  assert.ok(back.subarray(0, bytes.length).equals(bytes))
  await file.close()
  await share.deleteFile('round.bin')
}

describe('the configurations of a server', () => {
  for (const mode of ['encryption-required', 'encryption-default', 'ccm-only'] as const) {
    test(`T4: ${mode}: files go both ways, encrypted`, () =>
      withServer(mode, async (server) => {
        await using share = await connectShare(optionsFor(server))
        assert.equal(share.security.dialect, '3.1.1')
        assert.match(share.security.cipher, mode === 'ccm-only' ? /ccm$/ : /gcm$/)
        await roundTrip(share)
      }))
  }
  for (const [protocol, named] of [
    ['SMB3_00', '3.0'],
    ['SMB3_02', '3.0.2'],
  ] as const) {
    test(`T4: a server of ${named} at most repeats its negotiation under encryption`, async () => {
      const server = await startSamba('encryption-required', ['server min protocol = SMB2', `server max protocol = ${protocol}`])
      try {
        await using share = await connectShare(optionsFor(server))
        assert.deepEqual(share.security, { dialect: named, cipher: 'aes-128-ccm' })
        await roundTrip(share)
      } finally {
        await server.stop()
      }
    })
  }
  test('T4: a server without encryption is refused with that reason, before anything of the user is sent', () =>
    withServer('encryption-off', async (server) => {
      const seen: Buffer[] = []
      const proxy = await startProxy(server, (frame, direction) => {
        if (direction === 'to-server') seen.push(frame)
        return frame
      })
      await assert.rejects(connectShare(optionsFor(server, { port: proxy.port })), fails('encryption'))
      assert.equal(seen.length, 1)
      await proxy.close()
    }))
  test('T4: a server of SMB 2 alone is refused with that reason, before anything of the user is sent', () =>
    withServer('smb2-only', async (server) => {
      const seen: Buffer[] = []
      const proxy = await startProxy(server, (frame, direction) => {
        if (direction === 'to-server') seen.push(frame)
        return frame
      })
      await assert.rejects(connectShare(optionsFor(server, { port: proxy.port })), fails('dialect'))
      assert.equal(seen.length, 1)
      await proxy.close()
    }))
})

describe('a share', () => {
  let server: SambaServer
  let share: SmbShare
  before(async () => {
    server = await startSamba('encryption-required')
    share = await connectShare(optionsFor(server))
  })
  after(async () => {
    await share[Symbol.asyncDispose]()
    await server.stop()
  })

  test('T4: each wrong field is told apart', async () => {
    await assert.rejects(connectShare(optionsFor(server, { password: 'wrong' })), fails('sign-in'))
    await assert.rejects(connectShare(optionsFor(server, { user: 'nobody-known' })), fails('sign-in'))
    await assert.rejects(connectShare(optionsFor(server, { share: 'missing' })), fails('share'))
    await assert.rejects(connectShare(optionsFor(server, { port: 1 })), fails('connect'))
    await assert.rejects(connectShare(optionsFor(server, { host: 'no-such-host.invalid' })), fails('connect'))
  })
  test('T4: a domain user signs in as DOMAIN\\user', async () => {
    await using other = await connectShare(optionsFor(server, { domain: 'WORKGROUP' }))
    assert.ok(await other.stat(''))
  })
  test('T4: a read-only share says that permission is missing', async () => {
    await using archive = await connectShare(optionsFor(server, { share: server.readOnlyShare }))
    await assert.rejects(archive.open('x.bin', 'create'), fails('denied'))
    await assert.rejects(archive.makeDirectory('x'), fails('denied'))
  })
  test('D3: writes at offsets and reads of ranges meet, whatever their order', async () => {
    const bytes = randomBytes(5_000_000)
    const file = await share.open('ranges.bin', 'create')
    await Promise.all([
      file.write(bytes.subarray(3_000_000), 3_000_000),
      file.write(bytes.subarray(0, 1), 0),
      file.write(bytes.subarray(1, 3_000_000), 1),
    ])
    await file.flush()
    const piece = Buffer.alloc(2_000_000)
    assert.equal(await file.read(piece, 2_500_000), piece.length)
    assert.ok(piece.equals(bytes.subarray(2_500_000, 4_500_000)))
    assert.equal(await file.read(piece, 4_900_000), 100_000)
    assert.equal(await file.read(piece, 6_000_000), 0)
    await file.close()
    await assert.rejects(file.read(piece, 0), fails('closed'))
    await share.deleteFile('ranges.bin')
  })
  test('T4: Debian’s own client reads what this one wrote, and the other way round', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-smb3-'))
    const bytes = randomBytes(1_234_567)
    const file = await share.open('ours.bin', 'create')
    await file.write(bytes, 0)
    await file.close()
    assert.equal(server.smbclient(`get ours.bin ${folder}/ours.bin`).status, 0)
    assert.ok((await readFile(`${folder}/ours.bin`)).equals(bytes))
    await writeFile(`${folder}/theirs.bin`, bytes)
    assert.equal(server.smbclient(`put ${folder}/theirs.bin theirs.bin`).status, 0)
    const theirs = await share.open('theirs.bin', 'read')
    const back = Buffer.alloc(bytes.length)
    assert.equal(await theirs.read(back, 0), bytes.length)
    assert.ok(back.equals(bytes))
    await theirs.close()
    await Promise.all([share.deleteFile('ours.bin'), share.deleteFile('theirs.bin'), rm(folder, { recursive: true })])
  })
  test('D13: a folder of 3,000 files is listed page by page, each once', async () => {
    await share.makeDirectory('many')
    for (let index = 0; index < 3000; index += 1) await writeFile(join(server.folder, 'many', `file-${index}`), '')
    const rows = await collect(share.list('many'))
    assert.equal(new Set(rows.map((row) => row.name)).size, 3000)
    assert.equal(rows.length, 3000)
    await rm(join(server.folder, 'many'), { recursive: true })
  })
  test('T4: names with an alternate stream, a parent or a device never reach the server', async () => {
    for (const name of ['a:b', '../a', 'a/../b', 'CON', 'nul.txt', 'a\\b', 'a*', 'trailing.', 'trailing ', '\u0001', 'a//b', '\ud800']) {
      await assert.rejects(share.open(name, 'create'), fails('name'), name)
    }
  })
  test('X4: a rename replaces only where it is told to', async () => {
    for (const [name, content] of [
      ['one', 'first'],
      ['two', 'second'],
    ] as const) {
      const file = await share.open(name, 'create')
      await file.write(Buffer.from(content), 0)
      await file.close()
    }
    await assert.rejects(share.rename('one', 'two'), fails('exists'))
    await share.rename('one', 'two', { replace: true })
    assert.equal(await share.stat('one'), null)
    assert.equal((await share.stat('two'))?.size, 5)
    await share.deleteFile('two')
  })
  test('T4: an abort ends a call and leaves the connection in order', async () => {
    const controller = new AbortController()
    const file = await share.open('abort.bin', 'create')
    const writing = file.write(randomBytes(32 << 20), 0, { signal: controller.signal })
    controller.abort(new Error('enough'))
    await assert.rejects(writing, /enough/)
    await file.close()
    await share.deleteFile('abort.bin')
    await roundTrip(share)
  })
  test('T4: a write that was given up rejects once what was sent is answered, so that nothing of it lands on later ones', async () => {
    let swallowing = false
    const proxy = await startProxy(server, (frame, direction) => (swallowing && direction === 'to-client' ? null : frame))
    const meddled = await connectShare({ ...optionsFor(server), port: proxy.port })
    const file = await meddled.open('late.bin', 'create')
    swallowing = true
    const controller = new AbortController()
    const ends: string[] = []
    const writing = file.write(Buffer.alloc(1 << 20), 0, { signal: controller.signal })
    const ended = writing.catch((error: { fault: SmbFault }) => ends.push(error.fault))
    setTimeout(() => controller.abort(new Error('enough')), 50)
    await sleep(200)
    assert.deepEqual(ends, [])
    proxy.cut()
    await ended
    assert.deepEqual(ends, ['closed'])
    await proxy.close()
  })
  test('T4: requests under way fail at once when the server dies, and a new connection works', async () => {
    const lost = await connectShare(optionsFor(server))
    const file = await lost.open('dies.bin', 'create')
    const writing = file.write(randomBytes(64 << 20), 0)
    await Promise.all([assert.rejects(writing, fails('closed')), server.restart()])
    assert.equal(lost.closed, true)
    share = await connectShare(optionsFor(server))
    await roundTrip(share)
  })
})

describe('somebody on the line', () => {
  let server: SambaServer
  before(async () => {
    server = await startSamba('encryption-default')
  })
  after(() => server.stop())

  const meet = async (meddle: Meddle, work: (options: ConnectOptions) => Promise<void>) => {
    const proxy = await startProxy(server, meddle)
    try {
      await work(optionsFor(server, { port: proxy.port, timeout: 1500 }))
    } finally {
      await proxy.close()
    }
  }

  test('T4: after the sign-in not one message is in plaintext, either way', async () => {
    const late: number[] = []
    await meet(
      (frame, _direction, count) => {
        if (count >= 3) late.push(frame.readUInt32BE(0))
        return frame
      },
      async (options) => {
        await using share = await connectShare(options)
        await roundTrip(share)
      },
    )
    assert.ok(late.length > 10)
    assert.deepEqual([...new Set(late)], [0xfd534d42])
  })
  test('T4: a flipped bit anywhere in the hand-shake or after it is noticed', async () => {
    for (const [direction, count] of [
      ['to-client', 0],
      ['to-server', 0],
      ['to-client', 1],
      ['to-client', 2],
      ['to-client', 3],
      ['to-server', 3],
    ] as const) {
      await meet(
        (frame, way, number) => {
          if (way === direction && number === count) frame[frame.length - 3]! ^= 1
          return frame
        },
        async (options) => {
          await assert.rejects(
            connectShare(options).then(roundTrip),
            (error: { name?: string }) => error.name === 'SmbError',
            `${direction} ${count}`,
          )
        },
      )
    }
  })
  test('T4: ciphers or capabilities that were taken away on the way out are noticed', async () => {
    const withoutGcm: Meddle = (frame, way, count) => {
      // The client's list of ciphers becomes AES-128-CCM alone, four times.
      if (way === 'to-server' && count === 0) {
        const at = frame.indexOf(Buffer.from([4, 0, 4, 0, 2, 0, 3, 0, 1, 0]))
        assert.ok(at > 0)
        for (let index = 0; index < 4; index += 1) frame.writeUInt16LE(1, at + 2 + index * 2)
      }
      return frame
    }
    await meet(withoutGcm, (options) => assert.rejects(connectShare(options), (error: { name?: string }) => error.name === 'SmbError'))
    const older: Meddle = (frame, way, count) => {
      // 3.1.1 is replaced by 3.0.2 in the list of dialects.
      if (way === 'to-server' && count === 0) frame.writeUInt16LE(0x0302, 64 + 36 + 4)
      return frame
    }
    await meet(older, (options) => assert.rejects(connectShare(options), (error: { name?: string }) => error.name === 'SmbError'))
  })
  test('T4: a plaintext answer on an encrypted session closes the connection', async () => {
    await meet(
      (frame, way, count) => {
        if (way !== 'to-client' || count < 4) return frame
        const plain = Buffer.alloc(80)
        plain.writeUInt32BE(0xfe534d42, 0)
        plain.writeUInt16LE(64, 4)
        plain.writeUInt32LE(1, 16)
        return plain
      },
      async (options) => {
        const share = await connectShare(options)
        await assert.rejects(roundTrip(share), fails('encryption'))
        assert.equal(share.closed, true)
      },
    )
  })
  test('T4: a server that stops answering is given up after the timeout', async () => {
    await meet(
      (frame, way, count) => (way === 'to-client' && count >= 4 ? null : frame),
      async (options) => {
        const share = await connectShare(options)
        await assert.rejects(roundTrip(share), fails('timeout'))
      },
    )
  })
})
