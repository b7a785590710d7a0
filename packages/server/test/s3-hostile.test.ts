import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { describe, test } from 'node:test'
import { systemClock } from '../src/core/clock.ts'
import { isLocalAddress, resolveHost } from '../src/storage/endpoint-guard.ts'
import { connectSteps, openTarget } from '../src/storage/open-target.ts'
import { testTarget } from '../src/storage/probe.ts'
import { openS3Target, type S3Options } from '../src/storage/s3.ts'
import { hostileServer } from './hostile-http.ts'
import { s3World } from './s3-world.ts'
import { collect, fails, sameBytes, text } from './target.contract.ts'

const clock = systemClock

describe('T6: S3 servers that go away, hang or lie', () => {
  const hostile = (endpoint: string): S3Options => ({
    ...{ endpoint, region: 'us-east-1', bucket: 'bucket', policy: { allowLocal: true }, clock, timeout: 300 },
    credentials: { accessKeyId: 'key', secretAccessKey: 'secret-key-of-the-test' },
  })

  test('N1: a server that is stopped and started again is found again, and a write goes on', async () => {
    await using world = await s3World('minio')
    const bucket = await world.bucket()
    await using target = openS3Target(world.options(bucket, { timeout: 2_000 }))
    const write = await target.beginWrite('k', 5)
    await world.server.kill()
    await assert.rejects(target.put('other', text('x')), fails('unavailable'))
    await world.server.restart()
    const deadline = Date.now() + 20_000
    const patiently = async <T>(call: () => Promise<T>): Promise<T> => {
      for (;;) {
        try {
          return await call()
        } catch (error) {
          if (Date.now() > deadline) throw error
        }
      }
    }
    const receipt = await patiently(() => target.writePart('k', write, { number: 1, offset: 0, bytes: text('12345') }))
    await target.commitWrite('k', write, [receipt])
    sameBytes(await target.read('k', 0, 5), text('12345'))
  })

  test('T6: a server that accepts and then hangs is unavailable, and an abort ends the wait with its reason', async () => {
    await using world = await s3World('minio')
    const bucket = await world.bucket()
    await using target = openS3Target(world.options(bucket, { timeout: 400 }))
    await target.put('k', text('x'))
    await world.server.pause()
    try {
      await assert.rejects(target.read('k', 0, 1), fails('unavailable'))
      await assert.rejects(target.put('k', text('y')), fails('unavailable'))
      await using patient = openS3Target(world.options(bucket))
      const reason = new Error('gave up')
      const controller = new AbortController()
      const waiting = patient.read('k', 0, 1, { signal: controller.signal })
      setTimeout(() => controller.abort(reason), 50)
      await assert.rejects(waiting, (error) => error === reason)
    } finally {
      world.server.resume()
    }
    sameBytes(await target.read('k', 0, 1), text('x'))
  })

  const length = { 'content-length': '1000', 'content-range': 'bytes 0-999/5000' }
  const bodies: [string, (response: import('node:http').ServerResponse) => void][] = [
    ['stops in the middle of the answer', (response) => void response.writeHead(206, length).write(new Uint8Array(400))],
    [
      'dies in the middle of the answer',
      (response) => void response.writeHead(206, length).write(new Uint8Array(400), () => response.destroy()),
    ],
    [
      'sends more than was asked for',
      (response) => void response.writeHead(206, { 'content-range': 'bytes 0-1999/5000' }).end(new Uint8Array(2000)),
    ],
    ['answers with no S3 at all', (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>router</html>')],
    ['fails with 500', (response) => void response.writeHead(500).end('<Error><Code>InternalError</Code></Error>')],
    ['asks to slow down', (response) => void response.writeHead(503).end('<Error><Code>SlowDown</Code></Error>')],
    ['closes at once', (response) => void response.destroy()],
  ]
  for (const [what, answer] of bodies) {
    test(`S5: a server that ${what} yields no bytes`, async () => {
      await using server = await hostileServer((_request, response) => answer(response))
      await using target = openS3Target(hostile(server.endpoint))
      await assert.rejects(target.read('k', 0, 1000), (error) => {
        assert.ok(['unavailable', 'denied', 'out-of-range'].includes((error as { fault: string }).fault), String(error))
        assert.ok(!String(error).includes('secret-key-of-the-test'))
        return true
      })
    })
  }

  test('S5: a short answer that says so is out of range, and one from a server without ranges is refused', async () => {
    await using short = await hostileServer((_request, response) => {
      response.writeHead(206, { 'content-length': '10', 'content-range': 'bytes 0-9/10' }).end(new Uint8Array(10))
    })
    await assert.rejects(openS3Target(hostile(short.endpoint)).read('k', 0, 1000), fails('out-of-range'))
    await using whole = await hostileServer(
      (_request, response) => void response.writeHead(200, { 'content-length': '5000' }).end(new Uint8Array(5000)),
    )
    await assert.rejects(openS3Target(hostile(whole.endpoint)).read('k', 100, 1000), fails('denied'))
  })

  test('X4: a server that says stored and stores nothing is not believed', async () => {
    await using server = await hostileServer((request, response) => {
      if (request.method === 'HEAD') return void response.writeHead(404).end()
      if (request.url?.includes('uploads')) {
        return void response.end('<InitiateMultipartUploadResult><UploadId>one</UploadId></InitiateMultipartUploadResult>')
      }
      return void response.writeHead(200, { etag: '"900150983cd24fb0d6963f7d28e17f72"' }).end('')
    })
    await using target = openS3Target(hostile(server.endpoint))
    await assert.rejects(target.put('k', text('abc')), fails('unavailable'))
    const write = await target.beginWrite('k', 3)
    const receipt = await target.writePart('k', write, { number: 1, offset: 0, bytes: text('abc') })
    await assert.rejects(target.commitWrite('k', write, [receipt]), fails('unavailable'))
    await assert.rejects(target.put('k', text('abc'), { ifAbsent: true }), fails('denied'), 'it overwrites what it was told to keep')
  })

  test('T3: redirects are not followed, and endless listings end with the connection', async () => {
    await using trap = await hostileServer((_request, response) => void response.end('trapped'))
    await using server = await hostileServer((_request, response) => void response.writeHead(307, { location: trap.endpoint }).end())
    await assert.rejects(openS3Target(hostile(server.endpoint)).put('k', text('x')), (error) => error instanceof Error)
    assert.deepEqual(trap.requests, [])
  })

  test('D13: names in a listing that are no key of ours are passed over', async () => {
    await using server = await hostileServer((_request, response) => {
      const names = ['ok', '../escape', '/absolute', 'folder/', 'a//b', 'objects/.hf-x']
      const rows = names.map((name) => `<Contents><Key>${encodeURIComponent(name)}</Key><Size>1</Size></Contents>`)
      response.end(`<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>${rows.join('')}</ListBucketResult>`)
    })
    await using target = openS3Target(hostile(server.endpoint))
    assert.deepEqual(
      (await collect(target.list(''))).map((stat) => stat.key),
      ['ok'],
    )
  })
})

describe('T3: endpoints on this host and at metadata services', () => {
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
  const own = Object.values(networkInterfaces())
    .flat()
    .find((entry) => entry && !entry.internal && entry.family === 'IPv4')?.address
  const hosts = [
    '127.0.0.1',
    '127.8.8.8',
    'localhost',
    '0.0.0.0',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:a9fe:a9fe]',
    '[64:ff9b::7f00:1]',
  ]
    .concat(['169.254.169.254', '[fe80::1]', '[fd00:ec2::254]', '100.100.100.200', '2130706433', '0x7f.1', '017700000001'])
    .concat(own ? [own] : [])
  for (const host of hosts) {
    test(`T3: ${host === own ? 'an address of this machine' : host} is refused unless the operator allows it`, async () => {
      let reached = 0
      await using server = await hostileServer((_request, response) => {
        reached += 1
        response.end()
      })
      const port = new URL(server.endpoint).port
      const address = { kind: 's3', place: { endpoint: `http://${host}:${port}`, region: 'us-east-1', bucket: 'bucket' }, credentials }
      const open = async () => {
        await using target = await openTarget(address, { clock })
        return await target.put('k', text('x'))
      }
      await assert.rejects(open(), fails('denied'))
      const result = await testTarget({
        kind: 's3',
        clock,
        open: () => openTarget(address, { clock }),
        connect: await connectSteps(address, { clock }),
      })
      assert.equal(result.steps.at(-1)?.ok, false)
      assert.equal(result.steps.at(-1)?.name, 'Look up the name')
      assert.equal(reached, 0)
    })
  }
  test('T3: addresses of storage servers are not refused', async () => {
    for (const address of ['10.0.0.5', '192.168.1.9', '172.16.3.4', '52.216.1.1', '2001:db8::5', 'fd12:3456::1'])
      assert.equal(isLocalAddress(address), false, address)
    assert.equal(isLocalAddress('no address'), true)
    assert.deepEqual(await resolveHost('127.0.0.1', { allowLocal: true }), ['127.0.0.1'])
  })
})
