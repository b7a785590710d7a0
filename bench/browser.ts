// An upload from Chromium, with the browser hashing it and without, over a line of 1 Gb/s and over loopback. Both cores are shared with the server.
// `--tier direct` sends the parts straight into versitygw, by presigned requests. `--once` sends one file with hashing over loopback and tells
// the peak memory of page and server: with SIZE=20000000000 that of a file which fits into neither. `--begin` plans such a file (SIZE=100000000000
// where not said), sends its first 2 GB and cancels, and tells the same.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { PutBucketCorsCommand } from '@aws-sdk/client-s3'
import type { Target } from '@holdfast/api'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { build } from 'vite'
import { MIN_PART_PLAIN_BYTES } from '../packages/api/src/limits.ts'
import { s3Fields } from '../packages/server/test/direct-world.ts'
import { s3World } from '../packages/server/test/s3-world.ts'
import { type EngineOrigin, startEngineOrigin } from '../test/e2e/engine-page.ts'
import type { BegunReport, PageReport, PageRequest } from './browser-page.part.ts'
import { type BenchServer, startHoldfast } from './holdfast.part.ts'
import { compare, type Variant } from './rounds.part.ts'

const { values } = parseArgs({
  options: { tier: { type: 'string', default: 'secure' }, once: { type: 'boolean' }, begin: { type: 'boolean' } },
})
const tier = values.tier === 'direct' ? 'direct' : 'secure'
const SIZE = Number(process.env.SIZE ?? (values.begin ? 100e9 : 1024 ** 3))
const BEGUN_BYTES = 2e9
const ROUNDS = Number(process.env.ROUNDS ?? 3)
const GIGABIT = 125_000_000

type Known = NonNullable<PageRequest['known']>
type Bench = { readonly server: BenchServer; readonly page: Page; readonly context: BrowserContext; readonly known: Known }

/** A file of noise, with the digests that the browser would find. */
async function makeFile(path: string): Promise<Known> {
  const file = await open(path, 'w')
  const whole = createHash('sha256')
  const parts: string[] = []
  const noise = crypto.getRandomValues(new Uint32Array(MIN_PART_PLAIN_BYTES / 4).subarray(0, 16_384))
  for (let at = 0; at < SIZE; at += MIN_PART_PLAIN_BYTES) {
    noise[0] = at
    const bytes = Buffer.alloc(Math.min(MIN_PART_PLAIN_BYTES, SIZE - at), Buffer.from(noise.buffer))
    whole.update(bytes)
    parts.push(createHash('sha256').update(bytes).digest('hex'))
    await file.write(bytes)
  }
  await file.close()
  return { whole: whole.digest('hex'), parts }
}

/** A file of that length at once: what it holds is nothing to the memory that it takes. Its digests nobody asks for. */
async function makeSparse(path: string): Promise<Known> {
  await using file = await open(path, 'w')
  await file.write('the first bytes')
  await file.truncate(SIZE)
  return { whole: '', parts: [] }
}

type Place = { readonly server: BenchServer; readonly folder: string; readonly web: EngineOrigin | null }

/** The client as a page: with `web` behind an origin of its own, where only calls pass and the parts go elsewhere. */
async function openPage(context: BrowserContext, { server, folder, web }: Place): Promise<Page> {
  const entry = join(import.meta.dirname, 'browser-page.part.ts')
  await build({
    configFile: false,
    logLevel: 'error',
    base: '/engine/',
    build: {
      outDir: folder,
      emptyOutDir: true,
      target: 'es2024',
      rolldownOptions: { input: entry, output: { entryFileNames: 'page.js' } },
    },
    worker: { format: 'es' },
  })
  const page = await context.newPage()
  if (web !== null) await page.goto(new URL('/engine/', web.origin).href)
  else await openRouted(page, server, folder)
  await page.waitForFunction(() => 'send' in globalThis)
  return page
}

/** Within the server's own origin, so that nothing stands between page and server. */
async function openRouted(page: Page, server: BenchServer, folder: string): Promise<void> {
  await page.route('**/engine/**', async (route) => {
    const path = new URL(route.request().url()).pathname.replace('/engine/', '')
    if (path === '')
      return route.fulfill({ contentType: 'text/html', body: '<input type="file"><script type="module" src="page.js"></script>' })
    return route.fulfill({ contentType: 'text/javascript', body: await readFile(join(folder, path)) })
  })
  await page.goto(new URL('/engine/', server.url).href)
}

const smoothness: number[] = []

const requestOf = ({ server, known }: Bench, hashed: boolean): PageRequest => ({
  ...{ token: server.token, caseId: server.caseId, tier, lanes: 3, known: hashed ? null : known },
})
let lastReport: PageReport | null = null

const upload = (bench: Bench, hashed: boolean): Variant => ({
  name: hashed ? 'upload with hashing' : 'upload alone',
  async run() {
    const { server, page } = bench
    const request = requestOf(bench, hashed)
    const report = await page.evaluate(
      (given) => (globalThis as unknown as { send(r: PageRequest): Promise<PageReport> }).send(given),
      request,
    )
    lastReport = report
    if (hashed) smoothness.push(report.longestFrameMs)
    const { items } = await server.json<{ items: { id: string }[] }>('GET', '/files?limit=1')
    for (const { id } of items) {
      await server.untilReady(id)
      await server.remove(id)
    }
    return report.seconds
  },
})

/** A bucket of versitygw that Direct is bound to, with the CORS rule that the page needs. */
async function bindBucket(server: BenchServer, origin: string): Promise<AsyncDisposable> {
  const s3 = await s3World('versitygw', { sidecar: true })
  const Bucket = await s3.bucket()
  const rule = { AllowedOrigins: [origin], AllowedMethods: ['PUT'], AllowedHeaders: ['*'], ExposeHeaders: ['ETag'] }
  await s3.admin.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules: [rule] } }))
  const { id } = await server.json<Target>('POST', '/targets', { ...s3Fields(s3, Bucket), name: 'Bucket' })
  await server.json('PUT', '/roles/direct', { targetId: id })
  return s3
}

const mib = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`

/** Peak resident memory of the largest page so far, in bytes. */
async function peakOfPages(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  const peaks = processInfo
    .filter(({ type }) => type === 'renderer')
    .map(({ id }) => Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1] ?? 0) * 1024)
  return Math.max(...peaks)
}

/** Runs `work`, which answers what to say of it, and adds by how much the peaks of page and server rose. */
async function withPeaks(browser: Browser, bench: Bench, work: () => Promise<string>): Promise<void> {
  const before = [await peakOfPages(browser), bench.server.peakMemory()]
  const told = await work()
  const [page, server] = [await peakOfPages(browser), bench.server.peakMemory()]
  process.stdout.write(
    `  ${told}; peak memory of the page ${mib(before[0]!)} → ${mib(page)}, of the server ${mib(before[1]!)} → ${mib(server)}\n`,
  )
}

const megabytes = Math.round(SIZE / 1e6)

async function sendOnce(bench: Bench): Promise<string> {
  const seconds = await upload(bench, true).run()
  const finalizing = seconds - (lastReport?.finalizingAt ?? seconds)
  const speed = Math.round(megabytes / seconds)
  return `${megabytes} MB with hashing in ${Math.round(seconds)} s (${speed} MB/s), ${Math.round(finalizing)} s of them Finalizing`
}

async function beginOnce(bench: Bench): Promise<string> {
  type Page = { begin(r: PageRequest & { bytes: number }): Promise<BegunReport> }
  const request = { ...requestOf(bench, true), bytes: BEGUN_BYTES }
  const report = await bench.page.evaluate((given) => (globalThis as unknown as Page).begin(given), request)
  const sent = `${Math.round(report.sentBytes / 1e6)} MB sent in ${Math.round(report.seconds)} s`
  return `${megabytes} MB planned, ${sent}, then ${report.phase}${report.cleanedUp ? ' with nothing left' : ''}`
}

async function compareLines(bench: Bench): Promise<void> {
  const { page, context } = bench
  const variants = [upload(bench, false), upload(bench, true)]
  process.stdout.write('Targets: with hashing ≥ 0.95 of without on 1 Gb/s, ≥ 0.65 on loopback; 60 frames a second\n')
  const network = await context.newCDPSession(page)
  await network.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: GIGABIT })
  await compare('From Chromium over 1 Gb/s', variants, { rounds: ROUNDS, bytes: SIZE })
  await network.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 })
  await compare('From Chromium over loopback', variants, { rounds: ROUNDS, bytes: SIZE })
  process.stdout.write(`  longest frame while hashing: ${Math.round(Math.max(...smoothness))} ms\n`)
}

const folder = process.env.HOLDFAST_BENCH_DIR ?? '/tmp'
await using server = await startHoldfast(process.env.HOLDFAST_BENCH_DIR, { HOLDFAST_ALLOW_LOCAL_TARGETS: '1' })
const built = join(folder, `browser-bench-${process.pid}`)
await using web = tier === 'direct' ? await startEngineOrigin(built, server.url.href) : null
await using _bucket = web === null ? null : await bindBucket(server, web.origin)
const path = join(folder, `browser-bench-${process.pid}.bin`)
const single = values.once || values.begin
const known = single ? await makeSparse(path) : await makeFile(path)
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
})
try {
  const context = await browser.newContext()
  const page = await openPage(context, { server, folder: built, web })
  page.setDefaultTimeout(0)
  await page.setInputFiles('input', path)
  const bench: Bench = { server, page, context, known }
  await (single ? withPeaks(browser, bench, () => (values.begin ? beginOnce(bench) : sendOnce(bench))) : compareLines(bench))
} finally {
  await browser.close()
  await rm(path, { force: true })
  await rm(built, { recursive: true, force: true })
}
