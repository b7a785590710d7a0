import assert from 'node:assert/strict'
import { chmod } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import type { TargetTest } from '@holdfast/api'
import { type SambaMode, type SambaServer, startSamba } from '../../../test/servers/samba.ts'
import { systemClock } from '../src/core/clock.ts'
import { testTarget } from '../src/storage/probe.ts'
import { targetKinds } from '../src/storage/target-kinds.ts'
import { fails } from './target.contract.ts'

const context = { clock: systemClock, policy: { allowLocal: true } }
const smb = targetKinds.smb!

async function tryIt(server: SambaServer, place: Record<string, unknown> = {}, password = server.password): Promise<TargetTest> {
  const { host, port, share, user } = server
  const address = { place: { host, port, share, user, ...place }, credentials: { password } }
  return testTarget({
    kind: 'smb',
    clock: systemClock,
    connect: await smb.connect(address, context),
    open: () => smb.open(address, context),
  })
}

/** The step that failed, with its words. */
function failedStep(test: TargetTest): { name: string; detail: string; remedy: string } {
  const step = test.steps.at(-1)
  assert.ok(step && !step.ok, JSON.stringify(test.steps))
  assert.ok(step.detail && step.remedy)
  return { name: step.name, detail: step.detail, remedy: step.remedy }
}

let server: SambaServer
before(async () => {
  server = await startSamba('encryption-required')
})
after(() => server.stop())

test('T6: every step of a good share passes, each with its time', async () => {
  const { ok, steps } = await tryIt(server)
  assert.equal(ok, true, JSON.stringify(steps))
  assert.deepEqual(
    steps.slice(0, 5).map((step) => step.name),
    ['Look up the name', 'Connect', 'Agree on SMB 3 with encryption', 'Sign in', 'Open the share'],
  )
  assert.ok(steps.every((step) => step.milliseconds >= 0))
})

test('T6: a wrong host, port, password, user, share and folder each fail at the step of their own', async () => {
  assert.equal(failedStep(await tryIt(server, { host: 'no-such-host.invalid' })).name, 'Look up the name')
  assert.equal(failedStep(await tryIt(server, { port: 1 })).name, 'Connect')
  assert.equal(failedStep(await tryIt(server, {}, 'wrong')).name, 'Sign in')
  assert.equal(failedStep(await tryIt(server, { user: 'stranger' })).name, 'Sign in')
  assert.equal(failedStep(await tryIt(server, { share: 'missing' })).name, 'Open the share')
  assert.match(failedStep(await tryIt(server, { folder: 'not/here' })).detail, /folder/)
})

test('T6: a read-only share fails at the write, for want of permission', async () => {
  const step = failedStep(await tryIt(server, { share: server.readOnlyShare }))
  assert.equal(step.name, 'Write a sealed probe')
  assert.match(step.detail, /permission|read-only/)
  await chmod(server.folder, 0o555)
  const denied = failedStep(await tryIt(server))
  await chmod(server.folder, 0o777)
  assert.equal(denied.name, 'Write a sealed probe')
})

test('T6: a full disk is told as that, by the driver and by the test', async () => {
  const place = { host: server.host, port: server.port, share: server.share, user: server.user, folder: 'small' }
  await using target = await smb.open({ place, credentials: { password: server.password } }, context)
  await target.put('old', Buffer.from('kept'))
  const write = await target.beginWrite('big', 2_020_000)
  const piece = new Uint8Array(1_010_000)
  for (const number of [1, 2]) await target.writePart('big', write, { number, offset: (number - 1) * piece.length, bytes: piece })
  const step = failedStep(await tryIt(server, { folder: 'small' }))
  assert.deepEqual(
    [step.name, /full/.test(step.detail), /space/i.test(step.remedy)],
    ['Write a sealed probe', true, true],
    JSON.stringify(step),
  )
  await assert.rejects(target.put('new', piece), fails('full'))
  await target.abortWrite('big', write)
  assert.equal(Buffer.from(await target.read('old', 0, 4)).toString(), 'kept')
  await target.put('new', piece)
})

for (const [mode, words] of [
  ['encryption-off', /cannot encrypt/],
  ['smb2-only', /does not speak SMB 3/],
] as const satisfies readonly (readonly [SambaMode, RegExp])[]) {
  test(`T4 T6: a server of the kind ${mode} is refused with that reason and what to turn on`, async () => {
    const other = await startSamba(mode)
    try {
      const step = failedStep(await tryIt(other))
      assert.equal(step.name, 'Agree on SMB 3 with encryption')
      assert.match(step.detail, words)
      assert.match(step.remedy, /Samba/)
    } finally {
      await other.stop()
    }
  })
}
