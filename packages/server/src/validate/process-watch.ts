import { Worker } from 'node:worker_threads'

/** What the thread runs. As text, so that it needs next to no memory: it has nothing to load. */
const watch = `
  const { parent, mostBytes } = require('node:worker_threads').workerData
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL')
    if (process.memoryUsage.rss() <= mostBytes) return
    require('node:fs').writeSync(2, 'out of memory')
    process.kill(process.pid, 'SIGUSR2')
  }, 50)
`

/**
 * Ends this process soon after the one that started it is gone, and where all of its memory together is more than `mostBytes`: the heap
 * has a limit of its own, but what a file unpacks to, and what native code takes, lies outside of it. From a thread of its own, since a
 * parser may keep the main one busy.
 */
export function watchProcess({ mostBytes }: { mostBytes: number }): void {
  const resourceLimits = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 }
  new Worker(watch, { eval: true, workerData: { parent: process.ppid, mostBytes }, resourceLimits }).unref()
}
