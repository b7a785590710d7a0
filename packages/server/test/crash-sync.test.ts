import assert from 'node:assert/strict'
import { test } from 'node:test'
import { patient } from './crash-patient.ts'
import { syncPoints, workSync } from './crash-sync.ts'
import { killableServer } from './killable-server.ts'

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
