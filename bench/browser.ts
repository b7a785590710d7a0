// An upload from Chromium, with the browser hashing it and without, over a line of 1 Gb/s and over loopback. Both cores are shared with the server.
import { createHash } from 'node:crypto'
import { open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { build } from 'vite'
import { MIN_PART_PLAIN_BYTES } from '../packages/api/src/limits.ts'
import type { PageReport, PageRequest } from './browser-page.part.ts'
import { type BenchServer, startHoldfast } from './holdfast.part.ts'
import { compare, type Variant } from './rounds.part.ts'

const SIZE = 1024 ** 3
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

/** The client as a page of the server's own origin. */
async function openPage(context: BrowserContext, server: BenchServer, folder: string): Promise<Page> {
  const entry = join(import.meta.dirname, 'browser-page.part.ts')
  await build({
    configFile: false,
    logLevel: 'error',
    base: '/bench/',
    build: {
      outDir: folder,
      emptyOutDir: true,
      target: 'es2024',
      rolldownOptions: { input: entry, output: { entryFileNames: 'page.js' } },
    },
    worker: { format: 'es' },
  })
  const page = await context.newPage()
  await page.route('**/bench/**', async (route) => {
    const path = new URL(route.request().url()).pathname.replace('/bench/', '')
    if (path === '')
      return route.fulfill({ contentType: 'text/html', body: '<input type="file"><script type="module" src="page.js"></script>' })
    return route.fulfill({ contentType: 'text/javascript', body: await readFile(join(folder, path)) })
  })
  await page.goto(new URL('/bench/', server.url).href)
  await page.waitForFunction(() => 'send' in globalThis)
  return page
}

const smoothness: number[] = []

const upload = ({ server, page, known }: Bench, hashed: boolean): Variant => ({
  name: hashed ? 'upload with hashing' : 'upload alone',
  async run() {
    const request: PageRequest = { token: server.token, caseId: server.caseId, lanes: 3, known: hashed ? null : known }
    const report = await page.evaluate(
      (given) => (globalThis as unknown as { send(r: PageRequest): Promise<PageReport> }).send(given),
      request,
    )
    if (hashed) smoothness.push(report.longestFrameMs)
    const { items } = await server.json<{ items: { id: string }[] }>('GET', '/files?limit=1')
    for (const { id } of items) {
      await server.untilReady(id)
      await server.remove(id)
    }
    return report.seconds
  },
})

const folder = process.env.HOLDFAST_BENCH_DIR ?? '/tmp'
await using server = await startHoldfast(process.env.HOLDFAST_BENCH_DIR)
const path = join(folder, `browser-bench-${process.pid}.bin`)
const known = await makeFile(path)
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
})
try {
  const context = await browser.newContext()
  const page = await openPage(context, server, join(folder, `browser-bench-${process.pid}`))
  page.setDefaultTimeout(0)
  await page.setInputFiles('input', path)
  const bench: Bench = { server, page, context, known }
  const variants = [upload(bench, false), upload(bench, true)]
  process.stdout.write('Targets: with hashing ≥ 0.95 of without on 1 Gb/s, ≥ 0.65 on loopback; 60 frames a second\n')
  const network = await context.newCDPSession(page)
  await network.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: GIGABIT })
  await compare('From Chromium over 1 Gb/s', variants, { rounds: ROUNDS, bytes: SIZE })
  await network.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 })
  await compare('From Chromium over loopback', variants, { rounds: ROUNDS, bytes: SIZE })
  process.stdout.write(`  longest frame while hashing: ${Math.round(Math.max(...smoothness))} ms\n`)
} finally {
  await browser.close()
  await rm(path, { force: true })
  await rm(join(folder, `browser-bench-${process.pid}`), { recursive: true, force: true })
}
