import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { File, UploadSession } from '@holdfast/api'
import { loadConfig } from '../packages/server/src/config.ts'
import { initDataFolder } from '../packages/server/src/keys/init.ts'
import { openInstance } from '../packages/server/src/open-instance.ts'
import { commandLineActor, commandLineCaller } from '../packages/server/src/services/caller.ts'
import { createTenant } from '../packages/server/src/services/setup.ts'
import { tokenService } from '../packages/server/src/services/tokens.ts'

export type LoopDelay = { readonly p50: number; readonly p99: number; readonly max: number }

/** A running server over a data folder of its own, below `parent`, with a case to put files into. */
export interface BenchServer extends AsyncDisposable {
  readonly url: URL
  readonly token: string
  readonly caseId: string
  readonly dataDir: string
  json<T>(method: string, path: string, body?: unknown): Promise<T>
  initiate(size: number, partSize?: number): Promise<UploadSession>
  complete(session: UploadSession): Promise<File>
  untilReady(fileId: string): Promise<void>
  remove(fileId: string): Promise<void>
  resetDelay(): void
  delay(): Promise<LoopDelay>
  /** Peak resident memory so far, in bytes. */
  peakMemory(): number
}

/** Those of scripts/toolchain.js. */
const FLAGS = ['--max-semi-space-size=4']

async function prepare(env: Record<string, string>): Promise<string> {
  const { config, secrets } = loadConfig(env)
  await using instance = await openInstance(config, secrets)
  const { store, clock } = instance
  const by = { actor: commandLineActor, requestId: null, at: clock.now() }
  const { id } = await store.transaction((tx) => createTenant(tx, { slug: 'bench', name: 'Bench' }, by))
  return (await tokenService({ store, clock }).create(commandLineCaller(id), { name: 'bench', role: 'admin' })).secret
}

export async function startHoldfast(parent = tmpdir(), settings: Record<string, string> = {}): Promise<BenchServer> {
  const dataDir = await mkdtemp(join(parent, 'holdfast-bench-'))
  await initDataFolder(dataDir)
  const env = { HOLDFAST_DATA_DIR: dataDir, HOLDFAST_HOST: '127.0.0.1', HOLDFAST_PORT: '0', ...settings }
  const token = await prepare(env)
  const child: ChildProcess = fork(join(import.meta.dirname, 'server.part.js'), {
    execArgv: FLAGS,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const [{ url }] = (await once(child, 'message')) as [{ url: string }]
  const json = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return (text ? JSON.parse(text) : undefined) as T
  }
  const { id: caseId } = await json<{ id: string }>('POST', '/cases', { number: 'BENCH-1', title: 'Bench' })
  return {
    ...{ url: new URL(url), token, caseId, dataDir, json },
    initiate: (size, partSize) => json('POST', '/upload-sessions', { caseId, name: 'bench.bin', size, ...(partSize ? { partSize } : {}) }),
    complete: (session) => json('POST', `/upload-sessions/${session.id}/complete`, {}),
    async untilReady(fileId) {
      for (;;) {
        const { status } = await json<File>('GET', `/files/${fileId}`)
        if (status === 'READY') return
        if (status !== 'SCANNING') throw new Error(`The file is ${status}`)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
    remove: (fileId) => json('DELETE', `/files/${fileId}`),
    resetDelay: () => void child.send('reset'),
    async delay() {
      child.send('report')
      const [report] = (await once(child, 'message')) as [LoopDelay]
      return report
    },
    peakMemory: () => Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0) * 1024,
    async [Symbol.asyncDispose]() {
      const exit = once(child, 'exit')
      child.kill('SIGTERM')
      await exit
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
