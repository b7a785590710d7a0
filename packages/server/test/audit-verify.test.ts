import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { leafBytes } from '../src/core/audit-entry.ts'
import { signCheckpoint } from '../src/core/checkpoint.ts'
import { growTree, leafHash } from '../src/core/merkle.ts'
import { createNoteSigner } from '../src/core/signed-note.ts'
import type { AuditProblemKind } from '../src/db/audit-judge.ts'
import { auditTable } from '../src/db/audit-log.ts'
import { type LogRoom, names, onBothDatabases, signedIn, signer, TENANT } from './audit.log-room.ts'

type Tampering = {
  readonly what: string
  /** One statement after another, as someone with the database's password would run them. */
  readonly statements: (kind: 'sqlite' | 'postgres') => readonly string[]
  readonly kind: AuditProblemKind
  readonly index: number
  readonly entry?: boolean
  readonly reason: RegExp
}

const hex = (kind: 'sqlite' | 'postgres', digits: string) => (kind === 'sqlite' ? `x'${digits}'` : `'\\x${digits}'::bytea`)
const other = (kind: 'sqlite' | 'postgres') => hex(kind, 'ab'.repeat(32))
const shift = (from: number, by: number) => [
  `update audit_entries set leaf_index = leaf_index + 1000 where leaf_index >= ${from}`,
  `update audit_entries set leaf_index = leaf_index - ${1000 - by} where leaf_index >= 1000`,
]
const copyOf7 = (kind: 'sqlite' | 'postgres', index: string) => `insert into audit_entries
  select '01999999-0000-7000-8000-000000000000', ${index}, ${other(kind)}, tenant_id, at, action, result, actor_kind, actor_id, 'Mallory',
    request_id, case_id, item_id, file_id, details, salt, redaction from audit_entries where leaf_index = 7`

// The log under attack: 13 entries, checkpoints of 5, 10 and 13.
const tamperings: readonly Tampering[] = [
  ...(['actor_name', 'actor_id', 'actor_kind', 'request_id', 'case_id', 'item_id', 'file_id', 'action', 'tenant_id'] as const).map(
    (column): Tampering => ({
      what: `the ${column} of an entry changed`,
      statements: () => [`update audit_entries set ${column} = 'mallory' where leaf_index = 7`],
      kind: 'changed',
      index: 7,
      entry: true,
      reason: /content/,
    }),
  ),
  {
    what: 'the time of an entry changed',
    statements: () => ['update audit_entries set at = at + 1 where leaf_index = 0'],
    kind: 'changed',
    index: 0,
    entry: true,
    reason: /content/,
  },
  {
    what: 'the time of an entry changed beyond any date',
    statements: () => ['update audit_entries set at = 9000000000000000 where leaf_index = 3'],
    kind: 'changed',
    index: 3,
    entry: true,
    reason: /content/,
  },
  {
    what: 'the details of the last entry changed',
    statements: () => [`update audit_entries set details = '{"method":"token"}' where leaf_index = 12`],
    kind: 'changed',
    index: 12,
    entry: true,
    reason: /content/,
  },
  {
    what: 'white space put into the details',
    statements: () => [`update audit_entries set details = '{"method": "password"}' where leaf_index = 4`],
    kind: 'changed',
    index: 4,
    entry: true,
    reason: /content/,
  },
  {
    what: 'the leaf hash of an entry changed',
    statements: (kind) => [`update audit_entries set leaf_hash = ${other(kind)} where leaf_index = 9`],
    kind: 'leaf-hash',
    index: 9,
    entry: true,
    reason: /leaf hash was changed/,
  },
  {
    what: 'an entry removed',
    statements: () => ['delete from audit_entries where leaf_index = 6'],
    kind: 'removed',
    index: 6,
    reason: /no entry has index 6; the next one has 7/,
  },
  {
    what: 'an entry removed and the later ones moved up',
    statements: () => ['delete from audit_entries where leaf_index = 6', ...shift(7, -1)],
    kind: 'removed',
    index: 6,
    reason: /the one of index 7 stands in its place/,
  },
  {
    what: 'an entry slipped in and the later ones moved down',
    statements: (kind) => [copyOf7(kind, '5000'), ...shift(7, 1), 'update audit_entries set leaf_index = 7 where leaf_index > 1000'],
    kind: 'slipped-in',
    index: 7,
    entry: true,
    reason: /slipped in/,
  },
  {
    what: 'an entry slipped in after the last checkpoint',
    statements: (kind) => [copyOf7(kind, '13')],
    kind: 'slipped-in',
    index: 13,
    entry: true,
    reason: /no checkpoint covers it/,
  },
  {
    what: 'an entry slipped in under an index that is taken',
    statements: (kind) => ['drop index audit_entries_leaf_index', copyOf7(kind, '7')],
    kind: 'slipped-in',
    index: 7,
    entry: true,
    reason: /slipped in: the tree has entry/,
  },
  {
    what: 'an entry slipped in before the first',
    statements: (kind) => [copyOf7(kind, '-1')],
    kind: 'slipped-in',
    index: 0,
    entry: true,
    reason: /claims index -1/,
  },
  {
    what: 'two entries exchanged',
    statements: () => [
      'update audit_entries set leaf_index = 1000 where leaf_index = 2',
      'update audit_entries set leaf_index = 2 where leaf_index = 11',
      'update audit_entries set leaf_index = 11 where leaf_index = 1000',
    ],
    kind: 'reordered',
    index: 2,
    entry: true,
    reason: /belongs at index 11/,
  },
  {
    what: 'the tail cut off the table of entries',
    statements: () => ['delete from audit_entries where leaf_index >= 11'],
    kind: 'truncated',
    index: 11,
    reason: /entries 11 to 12 are gone; the newest checkpoint in the database covers 13|entries 11 to 12 are gone; the stored checkpoint/,
  },
  {
    what: 'every entry removed',
    statements: () => ['delete from audit_entries'],
    kind: 'truncated',
    index: 0,
    reason: /entries 0 to 12 are gone/,
  },
  {
    what: 'a leaf node changed',
    statements: (kind) => [`update audit_nodes set hash = ${other(kind)} where level = 0 and idx = 8`],
    kind: 'node',
    index: 8,
    entry: true,
    reason: /entries themselves are as signed/,
  },
  {
    what: 'an inner node changed',
    statements: (kind) => [`update audit_nodes set hash = ${other(kind)} where level = 2 and idx = 1`],
    kind: 'node',
    index: 5,
    reason: /level 2, index 1/,
  },
  {
    what: 'an inner node removed',
    statements: () => ['delete from audit_nodes where level = 1 and idx = 0'],
    kind: 'node',
    index: 0,
    reason: /was removed/,
  },
  {
    what: 'a node put beyond the end',
    statements: (kind) => [`insert into audit_nodes values (0, 13, ${other(kind)})`],
    kind: 'node',
    index: 13,
    reason: /beyond its last entry/,
  },
  {
    what: 'the root of a stored checkpoint changed',
    statements: (kind) => [`update audit_checkpoints set root = ${other(kind)} where size = 10`],
    kind: 'checkpoint',
    index: 9,
    reason: /size 10 is not what its signed note says/,
  },
  {
    what: 'the note of a stored checkpoint changed',
    statements: () => [`update audit_checkpoints set note = replace(note, '10', '11') where size = 10`],
    kind: 'checkpoint',
    index: 9,
    reason: /signature/,
  },
  {
    what: 'the note of a checkpoint moved to another one',
    statements: () => ['update audit_checkpoints set note = (select note from audit_checkpoints where size = 5) where size = 10'],
    kind: 'checkpoint',
    index: 9,
    reason: /not what its signed note says/,
  },
  {
    what: 'the newest checkpoint removed',
    statements: () => ['delete from audit_checkpoints where size = 13'],
    kind: 'slipped-in',
    index: 10,
    entry: true,
    reason: /checkpoints that did were removed/,
  },
  {
    what: 'an entry passed off as redacted',
    statements: () => [
      `update audit_entries set redaction = '{"by":"01999999-0000-7000-8000-000000000009","commitments":{}}' where leaf_index = 7`,
    ],
    kind: 'redaction',
    index: 7,
    entry: true,
    reason: /no ENTRY_REDACTED entry tells of it/,
  },
  {
    what: 'nonsense in the redaction column',
    statements: () => [`update audit_entries set redaction = 'x' where leaf_index = 7`],
    kind: 'redaction',
    index: 7,
    entry: true,
    reason: /redacted/,
  },
]

onBothDatabases((kind, open) => {
  let shared: Promise<LogRoom> | null = null
  const open13 = async () => {
    const room = await open()
    await room.fill(names(13), 5)
    await room.sequencer.sequenceNow()
    assert.deepEqual(await room.verify(), { ok: true, entries: 13, pending: 0, checkpoints: 3, firstBad: null })
    return room
  }
  after(async () => await (await shared)?.[Symbol.asyncDispose]())
  for (const tampering of tamperings) {
    test(`A3: on ${kind}, verification names ${tampering.what}`, async () => {
      shared ??= open13()
      const attacked = await shared
      const [victim] = await attacked.store.read.audit.sequenced({ after: null, limit: 1 }, { fromIndex: tampering.index })
      const { ok, firstBad } = await attacked.underTampering(tampering.statements(kind))
      assert.equal(ok, false)
      assert.deepEqual([firstBad?.kind, firstBad?.index], [tampering.kind, tampering.index], firstBad?.reason)
      assert.match(firstBad?.reason ?? '', tampering.reason)
      assert.equal(firstBad?.entryId !== null, tampering.entry ?? false)
      if (tampering.kind === 'changed') assert.equal(firstBad?.entryId, victim?.id)
    })
  }

  test(`A3: on ${kind}, an entry rewritten with its leaf hash and the tree above is found by the next signed checkpoint`, async () => {
    await using room = await open13()
    await rewriteFrom(room, 7, kind)
    const { firstBad } = await room.verify()
    assert.deepEqual([firstBad?.kind, firstBad?.index], ['rewritten', 5])
    assert.match(firstBad?.reason ?? '', /entries 5 to 9 were rewritten .* stored checkpoint of size 10/)
  })

  test(`A3: on ${kind}, an entry rewritten with its leaf hash alone is named exactly`, async () => {
    await using room = await open13()
    await rewriteEntry(room, 7, kind)
    const { firstBad } = await room.verify()
    assert.deepEqual([firstBad?.kind, firstBad?.index], ['rewritten', 7])
  })

  test(`A3: on ${kind}, a log cut back with its nodes and checkpoints is found by the copy kept beside the database`, async () => {
    await using room = await open13()
    const note = (await room.kept.read())!
    await cutBackTo(room, 10)
    assert.equal((await room.verify()).ok, true, 'nothing in the database itself tells of it')
    const { firstBad } = await room.verify({ outside: [{ note, words: 'the copy at DIR/audit/checkpoint' }] })
    assert.deepEqual([firstBad?.kind, firstBad?.index], ['truncated', 10])
    assert.match(firstBad?.reason ?? '', /entries 10 to 12 are gone; the copy at DIR\/audit\/checkpoint covers 13/)
  })

  test(`A3: on ${kind}, a log signed anew with the right key is found by a checkpoint kept outside`, async () => {
    await using room = await open13()
    const note = (await room.kept.read())!
    await rewriteFrom(room, 7, kind, true)
    assert.equal((await room.verify()).ok, true, 'whoever has the key can make the log agree with itself')
    const { firstBad } = await room.verify({ outside: [{ note, words: 'the checkpoint that the court has' }] })
    assert.deepEqual([firstBad?.kind, firstBad?.index], ['rewritten', 0])
    assert.match(firstBad?.reason ?? '', /entries 0 to 12 were rewritten .* not that of the checkpoint that the court has/)
  })

  test(`A3: on ${kind}, checkpoints from outside that are forged, of another log or damaged do not pass`, async () => {
    await using room = await open()
    await room.fill(names(3), 3)
    const head = (await auditTable(room.database.sql).newestCheckpoint())!
    const stranger = createNoteSigner(signer.name, new Uint8Array(32).fill(9))
    const elsewhere = createNoteSigner('holdfast/audit/elsewhere', new Uint8Array(32).fill(7))
    for (const note of [signCheckpoint(head, stranger), signCheckpoint(head, elsewhere), head.note.replace('\n3\n', '\n2\n'), 'x\n', '']) {
      const { firstBad } = await room.verify({ outside: [{ note, words: 'the file' }] })
      assert.equal(firstBad?.kind, 'checkpoint')
      assert.match(firstBad?.reason ?? '', /^the file does not stand/)
    }
    assert.equal((await room.verify({ outside: [{ note: head.note, words: 'the file' }] })).ok, true)
  })

  test(`A3: on ${kind}, the sequencer signs nothing on top of a log that was cut back or changed`, async () => {
    await using room = await open13()
    const file = join(room.dataDir, 'audit', 'checkpoint')
    const note = await readFile(file, 'utf8')
    await cutBackTo(room, 10)
    await writeFile(file, note)
    await using later = await room.another()
    await room.store.transaction((tx) => tx.audit.append(signedIn('after')))
    await assert.rejects(later.sequencer.sequenceNow(), { name: 'AuditLogDamaged', message: /10 entries, but .* covers 13/ })
    await writeFile(file, (await auditTable(room.database.sql).newestCheckpoint())!.note)
    assert.equal((await later.sequencer.sequenceNow()).size, 11, 'the entry waited')
    await room.tamper('update audit_nodes set hash = (select hash from audit_nodes where level = 0 and idx = 0) where level = 3')
    await room.store.transaction((tx) => tx.audit.append(signedIn('after')))
    await assert.rejects(later.sequencer.sequenceNow(), { name: 'AuditLogDamaged', message: /not the one that its checkpoint/ })
  })

  test(`A3: on ${kind}, an erased part leaves the entry verifiable and is shown as redacted`, async () => {
    await using room = await open()
    await room.fill(names(3), 3)
    const [entry] = await room.store.read.audit.list(TENANT, {}, { limit: 1 })
    const told = { actor: { kind: 'user', id: 'u', name: 'Admin' } as const, requestId: null, reason: 'erasure request' }
    const redact = () =>
      room.store.transaction((tx) => tx.audit.redact({ tenantId: TENANT, entryId: entry!.id, parts: ['actor', 'details'] }, told))
    assert.equal(await redact(), true)
    await room.sequencer.sequenceNow()
    assert.equal((await room.verify()).ok, true)
    const erased = await room.store.read.audit.find(entry!.id, TENANT)
    assert.deepEqual(erased?.actor, { kind: 'redacted', id: '', name: '' })
    assert.equal(erased?.requestId, null)
    assert.equal(erased?.details, '{}')
    assert.deepEqual(leafBytes(erased!), leafBytes(entry!))
    assert.equal(await redact(), true, 'twice is as good as once')
    assert.deepEqual(leafBytes((await room.store.read.audit.find(entry!.id))!), leafBytes(entry!))
    const stranger = { tenantId: 'another', entryId: entry!.id, parts: ['actor'] as const }
    assert.equal(await room.store.transaction((tx) => tx.audit.redact(stranger, told)), false)
    await room.sequencer.sequenceNow()
    assert.equal((await room.verify()).ok, true)
    await room.tamper(`update audit_entries set actor_name = 'Somebody' where id = '${entry!.id}'`)
    assert.equal((await room.verify()).firstBad?.kind, 'redaction')
  })
})

async function cutBackTo(room: LogRoom, size: number): Promise<void> {
  await room.tamper(`delete from audit_entries where leaf_index >= ${size}`)
  for (let level = 0; level < 5; level++) {
    await room.tamper(`delete from audit_nodes where level = ${level} and idx >= ${Math.floor(size / 2 ** level)}`)
  }
  await room.tamper(`delete from audit_checkpoints where size > ${size}`)
}

/** Changes an entry and its leaf hash. */
async function rewriteEntry(room: LogRoom, index: number, kind: 'sqlite' | 'postgres'): Promise<void> {
  await room.tamper(`update audit_entries set actor_name = 'Mallory' where leaf_index = ${index}`)
  const [entry] = await auditTable(room.database.sql).sequenced({ after: null, limit: 1 }, { fromIndex: index })
  const hash = hex(kind, Buffer.from(leafHash(leafBytes(entry!))).toString('hex'))
  await room.tamper(`update audit_entries set leaf_hash = ${hash} where leaf_index = ${index}`)
}

/** Changes an entry, its leaf hash and every node above it; `withKey` signs the checkpoints anew too, but the first. */
async function rewriteFrom(room: LogRoom, index: number, kind: 'sqlite' | 'postgres', withKey = false): Promise<void> {
  await rewriteEntry(room, index, kind)
  const nodes: string[] = []
  const tree = growTree(undefined, (node, hash) => {
    const value = hex(kind, Buffer.from(hash).toString('hex'))
    nodes.push(`update audit_nodes set hash = ${value} where level = ${node.level} and idx = ${node.index}`)
  })
  const checkpoints: string[] = []
  for (const entry of await auditTable(room.database.sql).sequenced({ after: null, limit: 100 })) {
    tree.append(entry.leafHash!)
    const note = signCheckpoint({ size: tree.size, root: tree.root() }, signer)
    const root = hex(kind, Buffer.from(tree.root()).toString('hex'))
    checkpoints.push(`update audit_checkpoints set root = ${root}, note = '${note}' where size = ${tree.size}`)
  }
  for (const statement of [...nodes, ...(withKey ? checkpoints : [])]) await room.tamper(statement)
}
