import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { type Browser, chromium, type Page } from 'playwright-core'
import type { VectorFiles } from './published-cases.ts'
import { ownVectors, sharedVectors } from './shared-vectors.ts'

// The package as it stands, types stripped, in the system's Chromium: the same lists of cases that run in Node.

const packageFolder = new URL('../', import.meta.url)
const sets: Record<string, VectorFiles> = { shared: sharedVectors(), own: ownVectors() }

function answer(path: string, response: ServerResponse): void {
  const [, first = '', second = '', ...rest] = path.split('/')
  const name = [second, ...rest].join('/')
  if (path === '/') return void response.setHeader('content-type', 'text/html').end('<!doctype html><title>vectors</title>')
  const set = sets[first]
  if (set) {
    const bytes = second === '' ? new TextEncoder().encode(JSON.stringify([...set.keys()])) : set.get(name)
    return void response.writeHead(bytes ? 200 : 404).end(bytes)
  }
  if (!['src', 'test'].includes(first) || !/^[\w/-]+\.ts$/.test(name)) return void response.writeHead(404).end()
  const code = stripTypeScriptTypes(readFileSync(new URL(`${first}/${name}`, packageFolder), 'utf8'))
  response.setHeader('content-type', 'text/javascript').end(code)
}

let server: Server
let browser: Browser
let page: Page

before(async () => {
  server = createServer((request, response) => answer(request.url ?? '/', response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  })
  page = await browser.newPage()
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
})

after(async () => {
  await browser?.close()
  server?.closeAllConnections()
  await new Promise((resolve) => server?.close(resolve))
})

type Outcome = { name: string; error: string | null }

/** Runs in the page: every case of one list, with WebCrypto. */
async function runInPage(list: { module: string; name: string; set: string }): Promise<Outcome[]> {
  const { webCryptoEngine } = await import(`${location.origin}/src/index.ts`)
  const module = await import(`${location.origin}${list.module}`)
  const names = (await (await fetch(`/${list.set}/`)).json()) as string[]
  const load = async (name: string) => [name, new Uint8Array(await (await fetch(`/${list.set}/${name}`)).arrayBuffer())] as const
  const outcomes: Outcome[] = []
  for (const each of module[list.name](new Map(await Promise.all(names.map(load))))) {
    const error = await each.run(webCryptoEngine).then(
      () => null,
      (reason: unknown) => String(reason),
    )
    outcomes.push({ name: each.name, error })
  }
  return outcomes
}

async function expectAll(list: { module: string; name: string; set: string }, count: number): Promise<void> {
  const outcomes = await page.evaluate(runInPage, list)
  assert.deepEqual(
    outcomes.filter(({ error }) => error !== null),
    [],
  )
  assert.equal(outcomes.length, count)
}

test('X3: Chromium gives the known answers of FLOE', () =>
  expectAll({ module: '/test/published-cases.ts', name: 'floeCases', set: 'shared' }, 12))

test('X1 X2 X5: Chromium opens and writes every published LXENC01 file as it must', () =>
  expectAll({ module: '/test/published-cases.ts', name: 'lxencCases', set: 'shared' }, 61))

test('X1 X3 S5: Chromium does with the vectors of the project what they say', () =>
  expectAll({ module: '/test/own-cases.ts', name: 'ownCases', set: 'own' }, 119))

test('X7: Chromium reads a Blob by ranges', async () => {
  const length = await page.evaluate(async () => {
    const { blobSource, isEncrypted, openLxenc } = await import(`${location.origin}/src/index.ts`)
    const bytes = new Uint8Array(await (await fetch('/shared/pos-k64-65537.lxenc')).arrayBuffer())
    if (!isEncrypted(bytes)) return -1
    const masterKey = Uint8Array.from({ length: 32 }, (_, index) => index)
    const reader = await openLxenc(blobSource(new Blob([bytes])), { masterKey })
    return (await reader.read({ start: 65_530, end: 65_536 })).length
  })
  assert.equal(length, 7)
})
