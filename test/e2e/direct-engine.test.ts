import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type CORSRule, PutBucketCorsCommand } from '@aws-sdk/client-s3'
import type { PartUrls } from '@holdfast/api'
import type { Browser } from 'playwright-core'
import { bindDirect, s3Fields } from '../../packages/server/test/direct-world.ts'
import { type FileWorld, openFileWorld, sha256 } from '../../packages/server/test/file-world.ts'
import { type S3World, s3World } from '../../packages/server/test/s3-world.ts'
import { launchChromium, visit } from './browser.ts'
import type { SendRequest } from './engine-page.part.ts'
import { buildEngine, type EngineOrigin, inPage, openEngine, startEngineOrigin } from './engine-page.ts'

const SIZE = 40_000_003

describe('the client engine in Chromium, with parts straight into versitygw', () => {
  let s3: S3World
  let world: FileWorld
  let browser: Browser
  let folder: string
  let bucket: string
  let web: EngineOrigin
  const bytes = randomBytes(SIZE)
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-engine-'))
    await writeFile(join(folder, 'disk.img'), bytes)
    await buildEngine(join(folder, 'page'))
    s3 = await s3World('versitygw')
    bucket = await s3.bucket()
    world = await openFileWorld()
    await bindDirect(world, s3Fields(s3, bucket))
    web = await startEngineOrigin(join(folder, 'page'), world.origin)
    browser = await launchChromium()
  })
  after(async () => {
    await browser?.close()
    await web?.[Symbol.asyncDispose]()
    await world?.[Symbol.asyncDispose]()
    await s3?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  const cors = (rule: Partial<CORSRule>) => {
    const whole = { AllowedOrigins: [web.origin], AllowedMethods: ['PUT'], AllowedHeaders: ['*'], ExposeHeaders: ['ETag'], ...rule }
    return s3.admin.send(new PutBucketCorsCommand({ Bucket: bucket, CORSConfiguration: { CORSRules: [whole] } }))
  }
  async function request(): Promise<SendRequest> {
    const { id: caseId } = await world.api.newCase()
    return { token: world.api.token, destination: { caseId, tier: 'direct' }, tuning: { firstRetryMs: 20 } }
  }
  async function open(policy: string | null = null) {
    web.policy = policy
    const visitor = await visit(browser, web.origin)
    await openEngine(visitor.page)
    await visitor.page.setInputFiles('input', join(folder, 'disk.img'))
    return visitor
  }

  test('D2 D9: a file goes by presigned parts, hashed on the way, without a word of who is signed in', async () => {
    await cors({})
    await using visitor = await open()
    const told: Record<string, string>[] = []
    visitor.page.on('request', (sent) => {
      if (sent.method() === 'PUT') told.push(sent.headers())
      assert.ok(sent.method() !== 'PUT' || new URL(sent.url()).origin === s3.server.endpoint)
    })
    const report = await inPage(visitor.page, 'send', await request())
    assert.deepEqual([report.phase, report.sha256], ['ready', sha256(bytes)], report.message ?? '')
    assert.ok(told.length >= 5 && told.every((headers) => !('authorization' in headers) && !('cookie' in headers)))
    assert.deepEqual(visitor.complaints, [])
  })

  test('D2 R3: a bucket whose CORS rule allows another page only is told as that', async () => {
    await cors({ AllowedOrigins: ['https://elsewhere.example'] })
    await using visitor = await open()
    const report = await inPage(visitor.page, 'send', await request())
    assert.equal(report.code, 'storage-blocked', JSON.stringify(report))
    assert.match(report.message ?? '', /CORS rule must allow PUT.*Test Direct/)
  })

  test('D2 R3: a bucket whose CORS rule hides the ETag is told as that', async () => {
    await using visitor = await open()
    // The S3 server of this suite shows the ETag whatever its rule says, so another takes the parts.
    const hiding = createServer((put, answer) => {
      put.resume().on('end', () => answer.writeHead(200, { 'access-control-allow-origin': '*', etag: '"kept"' }).end())
    })
    await new Promise<void>((resolve) => hiding.listen(0, '127.0.0.1', resolve))
    after(() => hiding.close())
    const { port } = hiding.address() as AddressInfo
    await visitor.page.route('**/part-urls', async (route) => {
      const response = await route.fetch()
      const { parts } = (await response.json()) as PartUrls
      await route.fulfill({ response, json: { parts: parts.map((part) => ({ ...part, url: `http://127.0.0.1:${port}/${part.number}` })) } })
    })
    const report = await inPage(visitor.page, 'send', await request())
    assert.equal(report.code, 'storage-blocked', JSON.stringify(report))
    assert.match(report.message ?? '', /ETag under ExposeHeaders/)
  })

  test('D2: a page whose own policy bars the bucket says so', async () => {
    await cors({})
    await using visitor = await open("default-src 'self'; connect-src 'self'; script-src 'self' 'wasm-unsafe-eval'")
    const report = await inPage(visitor.page, 'send', await request())
    assert.equal(report.code, 'storage-blocked', JSON.stringify(report))
    assert.match(report.message ?? '', /Content-Security-Policy/)
  })

  test('S9 D2: a reload in the middle loses nothing: the browser remembers the file, and what has arrived is not sent again', async () => {
    await cors({})
    await using visitor = await open()
    const { page } = visitor
    const network = await page.context().newCDPSession(page)
    const line = (uploadThroughput: number) =>
      network.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput })
    await line(6_000_000)
    const given = await request()
    await inPage(page, 'beginFromHandle', { ...given, tuning: { lanes: 1, receiptsMs: 50 }, bytes: SIZE })
    await page.reload()
    await page.waitForFunction(() => 'engine' in globalThis)
    await line(-1)
    let puts = 0
    page.on('request', (sent) => {
      if (sent.method() === 'PUT') puts += 1
    })
    const report = await inPage(page, 'goOnFromHandle', given)
    assert.deepEqual([report.phase, report.compared], ['ready', true], report.message ?? '')
    assert.equal(report.sha256, await inPage(page, 'sha256OfOwnFile'))
    assert.ok(puts < Math.ceil(SIZE / 8_388_352), `${puts} parts were sent after the reload`)
  })
})
