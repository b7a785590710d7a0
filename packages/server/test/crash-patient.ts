import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Answer } from './file-world.ts'
import type { KillableServer } from './killable-server.ts'

/** Calls that are repeated until the server, which may die meanwhile, answers. */
export type Patient = {
  until<T>(call: () => Promise<T>): Promise<T>
  ok<T>(call: () => Promise<Answer<T>>): Promise<T>
}

/** Repeats each call until the server answers; starts the server again where it is dead. */
export function patient(server: KillableServer): Patient {
  const until = async <T>(call: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await call()
      } catch (error) {
        if (!(error instanceof TypeError)) throw error
        await Promise.race([server.ended(), sleep(3000)])
        if (!server.running) await server.start()
      }
    }
  }
  return {
    until,
    async ok(call) {
      const { status, body } = await until(call)
      assert.ok(status < 300, JSON.stringify(body))
      return body
    },
  }
}
