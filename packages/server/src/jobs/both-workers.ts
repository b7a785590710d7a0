import type { Worker } from './worker.ts'

/** Two workers of one process, for different kinds of jobs, as one. */
export const bothWorkers = (first: Worker, second: Worker): Worker => ({
  start() {
    first.start()
    second.start()
  },
  async stop() {
    await Promise.all([first.stop(), second.stop()])
  },
  async [Symbol.asyncDispose]() {
    await this.stop()
  },
})
