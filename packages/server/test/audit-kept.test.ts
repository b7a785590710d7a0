import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { AuditCheckpoint, AuditEntry, AuditProof, AuditVerification } from '@holdfast/api'
import { Value } from 'typebox/value'
import { signCheckpoint } from '../src/core/checkpoint.ts'
import { systemClock } from '../src/core/clock.ts'
import { noCrashPoints } from '../src/core/crash-point.ts'
import { emptyRoot } from '../src/core/merkle.ts'
import { createNoteSigner } from '../src/core/signed-note.ts'
import { checkpointFile } from '../src/db/audit-checkpoint-file.ts'
import { createSequencer } from '../src/db/audit-sequencer.ts'
import { ensureInstanceId } from '../src/db/instance.ts'
import { auditService } from '../src/services/audit.ts'
import { names, onBothDatabases, openSqliteRoom, signedIn, signer, TENANT } from './audit.log-room.ts'

const noteOf = (size: number) => signCheckpoint({ size, root: emptyRoot() }, signer)

test('A3: the kept checkpoint is replaced by larger ones alone, whole, and leaves nothing else behind', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-kept-'))
  try {
    const kept = checkpointFile(dir)
    assert.equal(await kept.read(), null)
    await kept.keep(noteOf(3))
    assert.equal(await kept.read(), noteOf(3))
    await kept.keep(noteOf(2))
    assert.equal(await kept.read(), noteOf(3), 'it never goes back')
    await kept.keep(noteOf(10))
    assert.equal(await readFile(join(dir, 'audit', 'checkpoint'), 'utf8'), noteOf(10))
    await Promise.all([11, 15, 12, 14, 13].map((size) => kept.keep(noteOf(size))))
    assert.deepEqual(await readdir(join(dir, 'audit')), ['checkpoint'])
    assert.ok(Number((await kept.read())?.split('\n')[1]) > 10)
    await writeFile(join(dir, 'audit', 'checkpoint'), 'damaged')
    await assert.rejects(kept.keep(noteOf(20)), { name: 'NoteError' })
    assert.equal(await kept.read(), 'damaged', 'what nobody understands is not thrown away')
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})

test('A3: where the copy cannot be written the log goes on, and says so', async () => {
  const failures: unknown[] = []
  await using room = await openSqliteRoom({ onError: (error) => failures.push(error) })
  await room.fill(names(1))
  await rm(join(room.dataDir, 'audit'), { recursive: true })
  await writeFile(join(room.dataDir, 'audit'), 'a file in the way')
  await room.store.transaction((tx) => tx.audit.append(signedIn('next')))
  assert.equal((await room.sequencer.sequenceNow()).size, 2)
  assert.equal(failures.length, 1)
  assert.equal((await room.verify()).entries, 2)
})

test('S8: another audit key than the one that the log is signed with is told at the start', async () => {
  await using room = await openSqliteRoom()
  const under = (seed: number) =>
    createSequencer({
      database: room.database,
      signer: createNoteSigner(signer.name, new Uint8Array(32).fill(seed)),
      clock: systemClock,
      points: noCrashPoints,
      kept: null,
    })
  await under(9).requireKey()
  await room.fill(names(1))
  await room.sequencer.sequenceNow()
  await room.sequencer.requireKey()
  await assert.rejects(under(9).requireKey(), {
    name: 'KeyError',
    message: /The audit key is not the one that this database's log is signed/,
  })
  await room.store.transaction((tx) => tx.audit.append(signedIn('later')))
  await assert.rejects(under(9).sequenceNow(), { name: 'AuditLogDamaged' })
  const moved = createSequencer({
    ...{ database: room.database, clock: systemClock, points: noCrashPoints, kept: null, formerVerifiers: [signer] },
    signer: createNoteSigner(signer.name, new Uint8Array(32).fill(9)),
  })
  await moved.requireKey()
  assert.equal((await moved.sequenceNow()).size, 2, 'a former key that is known lets the log go on')
  assert.equal((await room.verify({ verifiers: moved.verifiers })).ok, true)
  assert.equal((await room.verify()).firstBad?.kind, 'checkpoint')
})

test('A2 A3: what the service answers is what the API promises', async () => {
  await using room = await openSqliteRoom()
  await room.fill(names(3), 2)
  const service = auditService({ store: room.store, sequencer: room.sequencer, kept: room.kept, clock: systemClock })
  const caller = { actor: { kind: 'user', id: 'u', name: 'U' }, tenantId: TENANT, role: 'auditor', requestId: null } as const
  const { items } = await service.list(caller, {})
  assert.equal(items.length, 3)
  for (const item of items) assert.deepEqual([...Value.Errors(AuditEntry, item)], [])
  assert.deepEqual([...Value.Errors(AuditCheckpoint, await service.checkpoint(caller))], [])
  assert.deepEqual([...Value.Errors(AuditProof, await service.proof(caller, items[0]!.id))], [])
  assert.deepEqual([...Value.Errors(AuditVerification, await service.verification(caller))], [])
  await room.tamper('delete from audit_entries where leaf_index = 1')
  const bad = await service.verification(caller)
  assert.equal(bad.firstBad?.index, 1)
  assert.deepEqual([...Value.Errors(AuditVerification, bad)], [])
})

onBothDatabases((kind, open) => {
  test(`A3: on ${kind}, the instance has one id, whoever asks first`, async () => {
    await using room = await open()
    await using another = await room.another()
    const ids = await Promise.all([room, another, room, another].map(({ database }) => ensureInstanceId(database)))
    assert.equal(new Set(ids).size, 1)
    assert.match(ids[0]!, /^[0-9a-f-]{36}$/)
    assert.equal(await ensureInstanceId(another.database), ids[0])
  })
})
