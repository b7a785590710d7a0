import { setTimeout as sleep } from 'node:timers/promises'

const PAUSE_MS = 2

/** Repeats `work` while its pipe, which another program set to non-blocking, says that it is not ready. */
export async function whenReady<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      await sleep(PAUSE_MS)
    }
  }
}
