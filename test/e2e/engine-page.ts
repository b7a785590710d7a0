import { readFile } from 'node:fs/promises'
import { request as ask, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { bundle } from './bundle.ts'
import type { engine } from './engine-page.part.ts'

export type Engine = typeof engine

/** Builds the page of the engine into `folder`, once for all journeys. */
export const buildEngine = (folder: string): Promise<void> =>
  bundle(import.meta.dirname, ['--config', join(import.meta.dirname, 'engine-page.config.ts'), '--outDir', folder, '--emptyOutDir'])

/** One origin with the page of the engine and, behind it, the API of a server: as the web app stands before its own. */
export interface EngineOrigin extends AsyncDisposable {
  readonly origin: string
  /** The Content-Security-Policy of the page from now on. */
  policy: string | null
}

const passOn = (request: IncomingMessage, response: ServerResponse, server: string) =>
  request.pipe(
    ask(new URL(request.url ?? '/', server), { method: request.method, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    }).on('error', () => response.destroy()),
  )

export async function startEngineOrigin(folder: string, server: string): Promise<EngineOrigin> {
  const html = '<!doctype html><title>Engine</title><input type="file"><script type="module" src="page.js"></script>'
  const web = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', server)
    if (!pathname.startsWith('/engine/')) return void passOn(request, response, server)
    const name = pathname.slice('/engine/'.length)
    if (state.policy !== null) response.setHeader('content-security-policy', state.policy)
    response.setHeader('content-type', name === '' ? 'text/html' : 'text/javascript')
    response.end(name === '' ? html : await readFile(join(folder, name)))
  })
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve))
  const state: EngineOrigin = {
    origin: `http://127.0.0.1:${(web.address() as AddressInfo).port}`,
    policy: null,
    async [Symbol.asyncDispose]() {
      web.closeAllConnections()
      await new Promise((resolve) => web.close(resolve))
    },
  }
  return state
}

export async function openEngine(page: Page): Promise<void> {
  await page.goto('/engine/')
  await page.waitForFunction(() => 'engine' in globalThis)
}

/** Runs one of the engine's calls in the page. */
export function inPage<Name extends keyof Engine>(
  page: Page,
  name: Name,
  ...given: Parameters<Engine[Name]>
): Promise<Awaited<ReturnType<Engine[Name]>>> {
  const run = ([called, list]: [string, unknown[]]) =>
    (globalThis as unknown as { engine: Record<string, (...list: unknown[]) => unknown> }).engine[called]!(...list)
  return page.evaluate(run, [name, given] as [string, unknown[]]) as Promise<Awaited<ReturnType<Engine[Name]>>>
}
