import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Patient, syncPoints, workSync } from './crash-sync.ts'
import { type KillableServer, killableServer } from './killable-server.ts'

/** Repeats each call until the server answers; starts the server again where it is dead. */
function patient(server: KillableServer): Patient {
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

test('D10 D13 N1: killed at each step of Sync and of hash tasks, nothing is done or told twice, and a check finds nothing', {
  timeout: 300_000,
}, async () => {
  await using server = await killableServer({ points: syncPoints })
  await server.start()
  while (server.pointsLeft > 0 || server.armed) await workSync(server, patient(server))
  assert.deepEqual(
    server.kills,
    syncPoints.map(() => 'SIGKILL'),
  )
  await workSync(server, patient(server))
  await server.kill('SIGTERM')
  assert.deepEqual((await server.check()).findings, [])
})
