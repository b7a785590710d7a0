import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { leafBytes } from '../src/core/audit-entry.ts'
import { openCheckpoint } from '../src/core/checkpoint.ts'
import type { Clock } from '../src/core/clock.ts'
import { systemClock } from '../src/core/clock.ts'
import type { CrashPointName } from '../src/core/crash-point.ts'
import { leafHash } from '../src/core/merkle.ts'
import type { SequencedEntry } from '../src/db/audit-log.ts'
import { INSTANCE, type LogRoom, names, onBothDatabases, signedIn, signer, TENANT } from './audit.log-room.ts'

const allOf = async (room: LogRoom): Promise<SequencedEntry[]> => await room.store.read.audit.sequenced({ after: null, limit: 10_000 })

/** Every entry once, at indices without a gap, each with the hash of its own leaf. */
async function assertWhole(room: LogRoom, count: number): Promise<void> {
  const entries = await allOf(room)
  assert.deepEqual(
    entries.map(({ index }) => index),
    Array.from({ length: count }, (_, index) => index),
  )
  assert.equal(new Set(entries.map(({ id }) => id)).size, count)
  for (const entry of entries) assert.deepEqual(Buffer.from(entry.leafHash!), Buffer.from(leafHash(leafBytes(entry))))
  const verdict = await room.verify()
  assert.deepEqual([verdict.ok, verdict.entries, verdict.pending], [true, count, 0], verdict.firstBad?.reason)
}

onBothDatabases((kind, open) => {
  test(`A1: on ${kind}, an entry is there if and only if what it tells of was committed`, async () => {
    await using room = await open()
    await room.store.transaction((tx) => tx.audit.append(signedIn('Ada')))
    const refused = room.store.transaction(async (tx) => {
      await tx.audit.append(signedIn('Mallory'))
      throw new Error('the change failed')
    })
    await assert.rejects(refused, /the change failed/)
    const [entry, ...others] = await room.store.read.audit.list(TENANT, {}, { limit: 10 })
    assert.equal(others.length, 0)
    assert.deepEqual(entry?.actor, { kind: 'user', id: 'user-Ada', name: 'Ada' })
    assert.deepEqual([entry?.index, entry?.leafHash], [null, null])
  })

  test(`A1: on ${kind}, an entry without the details that its action must carry undoes the change`, async () => {
    await using room = await open()
    const { details: _, ...lacking } = signedIn('Ada')
    const change = room.store.transaction((tx) => tx.audit.append({ ...lacking, details: {} } as never))
    await assert.rejects(change, { name: 'AuditEntryError', message: 'SIGN_IN lacks its details: method' })
    assert.deepEqual(await room.store.read.audit.list(TENANT, {}, { limit: 10 }), [])
  })

  test(`A3: on ${kind}, every name and detail comes back with the leaf that it went in with`, async () => {
    await using room = await open()
    const odd = ['', 'O’Brien', '\u202Egpj.exe', 'a\u0000b', 'lone \ud800 surrogate', '😀', '"\\\n\t', 'é', 'e\u0301', '=1+1', '\uFFFF']
    for (const name of odd) {
      const entry = signedIn(name)
      const details = { method: name, [name]: [name, null, 1, 0.1, -0, 1e21, true, { [name]: name }], left: undefined }
      await room.store.transaction((tx) => tx.audit.append({ ...entry, caseId: name, details } as never))
    }
    await room.sequencer.sequenceNow()
    await assertWhole(room, odd.length)
  })

  test(`A3: on ${kind}, sequencing gives the next indices, signs the root, and keeps a copy of the checkpoint`, async () => {
    await using room = await open()
    const empty = await room.sequencer.sequenceNow()
    assert.equal(empty.size, 0)
    await room.fill(names(7), 3)
    const head = await room.sequencer.sequenceNow()
    assert.deepEqual({ ...openCheckpoint(head.note, [signer]) }, { origin: signer.name, size: 7, root: new Uint8Array(head.root) })
    assert.equal(await room.kept.read(), head.note)
    assert.equal((await room.sequencer.sequenceNow()).note, head.note, 'nothing new, nothing signed')
    assert.deepEqual(
      (await room.store.read.audit.checkpoints(-1, 10)).map(({ size }) => size),
      [0, 3, 6, 7],
    )
    await assertWhole(room, 7)
  })

  test(`A3: on ${kind}, more entries than one batch are all sequenced at once`, async () => {
    await using room = await open()
    await room.store.transaction(async (tx) => {
      for (const name of names(2345)) await tx.audit.append(signedIn(name))
    })
    assert.equal((await room.sequencer.sequenceNow()).size, 2345)
    await assertWhole(room, 2345)
  })

  test(`A3 N1: on ${kind}, nothing is lost, doubled or left out when instances append and sequence at once`, async () => {
    await using one = await open()
    await using two = await one.another()
    const rooms = [one, two]
    let running = true
    const sequencing = rooms.map(async (room) => {
      while (running) {
        await room.sequencer.sequenceNow()
        await sleep(1)
      }
    })
    const appending = Array.from({ length: 6 }, async (_, at) => {
      for (let turn = 0; turn < 10; turn++) {
        // Entries that are committed later than others that were made after them.
        await rooms[at % 2]!.store.transaction(async (tx) => {
          await tx.audit.append(signedIn(`${at}/${turn}/a`))
          if (kind === 'postgres') await sleep(turn % 4)
          await tx.audit.append(signedIn(`${at}/${turn}/b`))
        })
      }
    })
    await Promise.all(appending)
    running = false
    await Promise.all(sequencing)
    assert.equal((await two.sequencer.sequenceNow()).size, 120)
    await assertWhole(one, 120)
  })

  test(`A3: on ${kind}, the loop sequences what is appended here or elsewhere, and a last time when it stops`, async () => {
    await using room = await open({ clock: hurried })
    await using elsewhere = await room.another()
    room.sequencer.start()
    await room.store.transaction((tx) => tx.audit.append(signedIn('here')))
    await until(async () => (await allOf(room)).length === 1)
    await elsewhere.store.transaction((tx) => tx.audit.append(signedIn('elsewhere')))
    await until(async () => (await allOf(room)).length === 2)
    await room.store.transaction((tx) => tx.audit.append(signedIn('last')))
    await room.sequencer.stop()
    await assertWhole(room, 3)
  })

  test(`A3: on ${kind}, the loop tells of what fails and goes on when it is well again`, async () => {
    const failures: unknown[] = []
    await using room = await open({ clock: hurried, onError: (error) => failures.push(error) })
    await room.fill(names(2))
    await room.sequencer.sequenceNow()
    await room.tamper(`update audit_checkpoints set note = note || 'x'`)
    room.sequencer.start()
    await room.store.transaction((tx) => tx.audit.append(signedIn('waits')))
    await until(async () => failures.length > 0)
    assert.match(String(failures[0]), /AuditLogDamaged: A checkpoint of the audit log does not stand/)
    await room.tamper(`update audit_checkpoints set note = substr(note, 1, length(note) - 1)`)
    await until(async () => (await allOf(room)).length === 3)
    await assertWhole(room, 3)
  })

  for (const point of ['audit.before-sequence-commit', 'audit.after-sequence-commit'] as const) {
    test(`A3 N1: on ${kind}, a process killed at ${point} loses and doubles no entry`, async () => {
      await using room = await open()
      await room.fill(names(5), 3)
      assert.equal(await killedAt(room, point), 'SIGKILL')
      const before = await allOf(room)
      assert.equal(before.length, point === 'audit.before-sequence-commit' ? 3 : 5)
      await room.fill(names(2))
      await assertWhole(room, 7)
      assert.deepEqual((await allOf(room)).slice(0, before.length), before)
    })
  }
})

/** Waits a hundredth of the time that it is asked to. */
const hurried: Clock = { now: systemClock.now, sleep: (milliseconds, signal) => systemClock.sleep(milliseconds / 100, signal) }

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(5)
}

function killedAt(room: LogRoom, point: CrashPointName): Promise<NodeJS.Signals | null> {
  const child = join(import.meta.dirname, 'audit.crash-child.ts')
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [child, room.place, room.dataDir, point, INSTANCE], (error, _out, errors) => {
      if (error?.signal) resolve(error.signal)
      else reject(new Error(`The process was not killed: ${errors}`))
    })
  })
}
