// A real server in a process of its own, started as the holdfast command starts it: plain JavaScript first, so that the cache of compiled
// code is on before any TypeScript. It answers 'reset' and 'report' over IPC with the delay of its event loop, in milliseconds.
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'

enableCompileCache(join(import.meta.dirname, '..', '.cache', 'compile'))
const { startServer } = await import('../packages/server/src/main.ts')

const delay = monitorEventLoopDelay({ resolution: 1 })
const server = await startServer(process.env, { http: true })
delay.enable()
process.on('message', (message) => {
  if (message === 'reset') delay.reset()
  if (message === 'report') process.send?.({ p50: delay.percentile(50) / 1e6, p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 })
})
process.on('SIGTERM', () => void server[Symbol.asyncDispose]().then(() => process.exit(0)))
process.send?.({ url: server.url })
