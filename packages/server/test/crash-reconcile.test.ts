import assert from 'node:assert/strict'
import { test } from 'node:test'
import { patient } from './crash-patient.ts'
import { reconcilePoints, workReconciliation } from './crash-reconcile.ts'
import { killableServer } from './killable-server.ts'

test('O8 N1: killed at each step of a reconciliation, nothing is removed or told twice, and a check finds nothing', {
  timeout: 300_000,
}, async () => {
  await using server = await killableServer({ points: reconcilePoints })
  await server.start()
  while (server.pointsLeft > 0 || server.armed) await workReconciliation(server, patient(server))
  assert.deepEqual(
    server.kills,
    reconcilePoints.map(() => 'SIGKILL'),
  )
  await workReconciliation(server, patient(server))
  await server.kill('SIGTERM')
  assert.deepEqual((await server.check()).findings, [])
})
