import { Worker } from 'node:worker_threads'

/** What the thread runs. As text, so that it needs next to no memory: it has nothing to load. */
const watch = `
  const parent = require('node:worker_threads').workerData
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL')
  }, 1000)
`

/**
 * Ends this process soon after the one that started it is gone, also while a loop keeps its main thread from hearing of that: from a thread
 * of its own.
 */
export function endWithParent(): void {
  const resourceLimits = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 }
  new Worker(watch, { eval: true, workerData: process.ppid, resourceLimits }).unref()
}
