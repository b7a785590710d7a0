import { writeSync } from 'node:fs'
import { workerData } from 'node:worker_threads'
import { systemClock } from '../core/clock.ts'

// A thread of the process that judges files. The heap has a limit of its own; what a file unpacks to, and what native code takes, lies
// outside of it and is seen from here, while the parser keeps its own thread busy.

const { mostBytes } = workerData as { readonly mostBytes: number }
const INTERVAL = 50
const STDERR = 2

while (process.memoryUsage.rss() <= mostBytes) await systemClock.sleep(INTERVAL)
writeSync(STDERR, 'out of memory')
process.kill(process.pid, 'SIGUSR2')
