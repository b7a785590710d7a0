import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditQuery } from '@holdfast/api'
import type { Caller } from '../src/core/actor.ts'
import { verifyExport } from '../src/core/audit-export.ts'
import { openCheckpoint } from '../src/core/checkpoint.ts'
import { systemClock } from '../src/core/clock.ts'
import { isConsistent } from '../src/core/merkle.ts'
import { createNoteSigner, parseVerifierKey } from '../src/core/signed-note.ts'
import { parseTlogProof, verifyTlogProof } from '../src/core/tlog-proof.ts'
import { type AuditService, auditService } from '../src/services/audit.ts'
import { type LogRoom, names, OTHER_TENANT, onBothDatabases, openSqliteRoom, signedIn, signer, TENANT } from './audit.log-room.ts'

const actor = { kind: 'user', id: 'u', name: 'Auditor' } as const
const caller: Caller = { actor, tenantId: TENANT, role: 'auditor', requestId: null }
const stranger: Caller = { ...caller, tenantId: OTHER_TENANT }

const serviceOf = ({ store, sequencer, kept }: LogRoom): AuditService => auditService({ store, sequencer, kept, clock: systemClock })

async function textOf(lines: AsyncIterable<string>): Promise<string> {
  let text = ''
  for await (const line of lines) text += line
  return text
}

const jsonl = async (service: AuditService, query: AuditQuery = {}, by = caller): Promise<string[]> =>
  (await textOf((await service.export(by, { ...query, format: 'jsonl' })).lines)).trimEnd().split('\n')

/** Two tenants' entries, mixed: `count` of each. */
async function fillBoth(room: LogRoom, count: number): Promise<void> {
  await room.store.transaction(async (tx) => {
    for (const name of names(count)) {
      await tx.audit.append(signedIn(name))
      await tx.audit.append(signedIn(`other ${name}`, OTHER_TENANT))
    }
  })
}

async function allPages(service: AuditService, query: AuditQuery): Promise<string[]> {
  const found: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page = await service.list(caller, { ...query, cursor })
    assert.ok(page.items.length <= (query.limit ?? 50))
    found.push(...page.items.map(({ actor }) => actor.name))
    cursor = page.nextCursor
  }
  return found
}

onBothDatabases((kind, open) => {
  test(`A2: on ${kind}, a tenant's entries, newest first, in pages without gap or repetition`, async () => {
    await using room = await open()
    await fillBoth(room, 25)
    const service = serviceOf(room)
    assert.deepEqual(await allPages(service, { limit: 10 }), names(25).reverse())
    assert.deepEqual(await allPages(service, { limit: 25 }), names(25).reverse())
    assert.deepEqual(await allPages(service, {}), names(25).reverse())
    await assert.rejects(service.list(caller, { cursor: '!' }), { code: 'BAD_REQUEST' })
  })

  test(`A2: on ${kind}, each filter and all of them together`, async () => {
    await using room = await open()
    const [caseId, fileId] = ['01900000-0000-7000-8000-0000000000c1', '01900000-0000-7000-8000-0000000000f1']
    const clockless = systemClock.now()
    await room.store.transaction(async (tx) => {
      await tx.audit.append(signedIn('plain'))
      await tx.audit.append({ ...signedIn('of the case'), caseId })
      await tx.audit.append({ ...signedIn('of the file'), caseId, fileId })
      await tx.audit.append({ ...signedIn('failed'), result: 'failed' })
      await tx.audit.append({ ...signedIn('left'), action: 'SIGN_OUT', details: {} })
      await tx.audit.append({ ...signedIn('elsewhere', OTHER_TENANT), caseId, fileId })
    })
    const service = serviceOf(room)
    const found = async (query: AuditQuery) => (await service.list(caller, query)).items.map((entry) => entry.actor.name)
    const iso = (milliseconds: number) => new Date(milliseconds).toISOString()
    assert.deepEqual(await found({ action: 'SIGN_OUT' }), ['left'])
    assert.deepEqual(await found({ actorId: 'user-plain' }), ['plain'])
    assert.deepEqual(await found({ caseId }), ['of the file', 'of the case'])
    assert.deepEqual(await found({ fileId }), ['of the file'])
    assert.deepEqual(await found({ result: 'failed' }), ['failed'])
    assert.equal((await found({ from: iso(clockless) })).length, 5)
    assert.equal((await found({ to: iso(systemClock.now()) })).length, 5)
    assert.deepEqual(await found({ from: iso(systemClock.now() + 1000) }), [])
    assert.deepEqual(await found({ to: iso(clockless - 1000) }), [])
    assert.deepEqual(await found({ action: 'SIGN_IN', actorId: 'user-of the file', caseId, fileId, result: 'ok' }), ['of the file'])
    assert.deepEqual(await found({ action: 'SIGN_OUT', caseId }), [])
    const exported = await jsonl(service, { caseId })
    assert.deepEqual(
      exported.map((line) => JSON.parse(line)).flatMap((line) => (line.type === 'entry' ? [line.actor.name] : [])),
      ['of the case', 'of the file'],
    )
  })

  test(`A2 A3: on ${kind}, an export proves itself offline: a tenant's, a filtered one, a growing one`, async () => {
    await using room = await open()
    const service = serviceOf(room)
    const verifiers = [parseVerifierKey(room.sequencer.verifierKey)]
    assert.deepEqual(await verifyExport(await jsonl(service), { verifiers }), { ok: true, entries: 0, size: 0, firstBad: null })
    await fillBoth(room, 10)
    const early = (await service.checkpoint(caller)).note
    await fillBoth(room, 600)
    const whole = await jsonl(service)
    assert.deepEqual(await verifyExport(whole, { verifiers }), { ok: true, entries: 610, size: 1220, firstBad: null })
    assert.deepEqual(await verifyExport(whole, { verifiers, checkpoint: early }), { ok: true, entries: 610, size: 1220, firstBad: null })
    const few = await jsonl(service, { actorId: 'user-n3' })
    assert.ok(few.length < 60, 'what is left out takes few lines')
    assert.deepEqual(await verifyExport(few, { verifiers }), { ok: true, entries: 2, size: 1220, firstBad: null })
    const theirs = whole.filter((line) => line.includes('other n'))
    assert.deepEqual(theirs, [], 'of the other tenant there are hashes alone')
  })

  test(`A2: on ${kind}, CSV that a spreadsheet reads as text`, async () => {
    await using room = await open()
    const evil = ['=HYPERLINK("http://x","y")', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '＝1', 'plain', 'a,b', 'say "x"', 'two\nlines']
    for (const name of evil) await room.store.transaction((tx) => tx.audit.append({ ...signedIn('u'), actor: { ...actor, name } }))
    const { contentType, fileName, lines } = await serviceOf(room).export(caller, { format: 'csv' })
    assert.equal(contentType, 'text/csv; charset=utf-8')
    assert.match(fileName, /^holdfast-audit-[0-9T-]+\.csv$/)
    const text = await textOf(lines)
    const records = readCsv(text)
    assert.equal(text.split('\r\n')[0]?.startsWith('index,id,at,action,result,actor_kind'), true)
    assert.ok(records.every((record) => record.length === records[0]!.length))
    assert.deepEqual(
      records.slice(1).map((record) => record[7]),
      evil.map((name, at) => (at < 7 ? `'${name}` : name)),
    )
    assert.deepEqual(
      records.slice(1).map((record) => record[0]),
      evil.map((_, index) => String(index)),
    )
    assert.deepEqual(JSON.parse(records[1]![12]!), { method: 'password' })
  })

  test(`A3: on ${kind}, a proof that public tools can check, for the tenant's own entries alone`, async () => {
    await using room = await open()
    await fillBoth(room, 9)
    const service = serviceOf(room)
    const verifier = parseVerifierKey((await service.checkpoint(caller)).verifierKey)
    const { items } = await service.list(caller, {})
    for (const { id } of items) {
      const proof = await service.proof(caller, id)
      const leaf = new Uint8Array(Buffer.from(proof.leaf, 'base64'))
      const read = parseTlogProof(proof.proof)
      assert.equal(verifyTlogProof(read, leaf, [verifier]).size, 18)
      assert.deepEqual(read.extra, leaf)
      assert.deepEqual([read.index, JSON.parse(Buffer.from(leaf).toString()).id], [proof.index, id])
      await assert.rejects(service.proof(stranger, id), { code: 'NOT_FOUND' })
    }
    await room.store.transaction((tx) => tx.audit.append(signedIn('just now')))
    const [fresh] = (await service.list(caller, { limit: 1 })).items
    assert.equal(fresh?.index, null)
    assert.equal((await service.proof(caller, fresh!.id)).index, 18)
    await assert.rejects(service.proof(caller, '01900000-0000-7000-8000-000000000099'), { code: 'NOT_FOUND' })
  })

  test(`A3: on ${kind}, a later checkpoint is proven to go on from an earlier one`, async () => {
    await using room = await open()
    const service = serviceOf(room)
    await fillBoth(room, 5)
    const early = openCheckpoint((await service.checkpoint(caller)).note, [signer])
    await fillBoth(room, 8)
    const { note, path } = await service.consistency(caller, early.size)
    const hashes = path.map((hash) => new Uint8Array(Buffer.from(hash, 'base64')))
    assert.ok(isConsistent(early, openCheckpoint(note, [signer]), hashes))
    await assert.rejects(service.consistency(caller, 27), { code: 'BAD_REQUEST' })
    await assert.rejects(service.consistency(caller, -1), { code: 'BAD_REQUEST' })
  })

  test(`A3: on ${kind}, the service verifies the log, also against the copy beside the database`, async () => {
    await using room = await open()
    await fillBoth(room, 4)
    const service = serviceOf(room)
    await service.checkpoint(caller)
    await fillBoth(room, 1)
    assert.deepEqual(await service.verification(caller), { ok: true, entries: 8, pending: 2, checkpoints: 1, firstBad: null })
    await room.tamper('update audit_entries set at = at + 1 where leaf_index = 3')
    const [asked, meanwhile] = await Promise.all([service.verification(caller), service.verification(stranger)])
    assert.deepEqual(asked, meanwhile)
    assert.deepEqual([asked.ok, asked.firstBad?.index], [false, 3])
    for (const table of ['entries where leaf_index is not null', 'nodes', 'checkpoints']) await room.tamper(`delete from audit_${table}`)
    const { firstBad } = await service.verification(caller)
    assert.match(firstBad?.reason ?? '', /^truncated: entries 0 to 7 are gone; the copy of the checkpoint in the data folder/)
  })

  test(`A3: on ${kind}, a redacted entry is shown as redacted, and its export still stands`, async () => {
    await using room = await open()
    await fillBoth(room, 2)
    const service = serviceOf(room)
    const [entry] = (await service.list(caller, { limit: 1 })).items
    const told = { actor, requestId: null, reason: 'erasure' }
    await room.store.transaction((tx) => tx.audit.redact({ tenantId: TENANT, entryId: entry!.id, parts: ['actor'] }, told))
    const shown = (await service.list(caller, {})).items.find(({ id }) => id === entry!.id)
    assert.deepEqual([shown?.redacted, shown?.actor.name, shown?.details], [['actor'], '', { method: 'password' }])
    const lines = await jsonl(service)
    assert.equal((await verifyExport(lines, { verifiers: [signer] })).ok, true)
    assert.ok(!lines.join('').includes('user-n1'))
    const filled = lines.map((line) => (line.includes(entry!.id) ? line.replace('"kind":"redacted"', '"kind":"user"') : line))
    assert.match((await verifyExport(filled, { verifiers: [signer] })).firstBad?.reason ?? '', /erased/)
  })
})

/** RFC 4180, by its grammar. */
function readCsv(text: string): string[][] {
  const records: string[][] = [[]]
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y
  while (cell.lastIndex < text.length) {
    const match = cell.exec(text) ?? assert.fail('not a CSV file of RFC 4180')
    records.at(-1)!.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '')
    if (match[3] === '\r\n') records.push([])
  }
  return records.slice(0, -1)
}

test('A3: no line of an export can be changed, dropped, doubled, moved or added', async () => {
  await using room = await openSqliteRoom()
  await fillBoth(room, 6)
  const lines = await jsonl(serviceOf(room))
  const verifiers = [signer]
  const bad = async (changed: readonly string[], why: string) => {
    const verdict = await verifyExport(changed, { verifiers })
    assert.equal(verdict.ok, false, why)
    assert.ok(verdict.firstBad!.line >= 0 && verdict.firstBad!.reason.length > 10)
  }
  for (let at = 0; at < lines.length; at++) {
    await bad(lines.toSpliced(at, 1), `without line ${at}`)
    await bad(lines.toSpliced(at, 0, lines[at]!), `line ${at} twice`)
    await bad(lines.toSpliced(at, 1, '{}'), `line ${at} empty`)
    await bad(lines.toSpliced(at, 1, 'x'), `line ${at} no JSON`)
    if (at + 1 < lines.length) await bad(lines.toSpliced(at, 2, lines[at + 1]!, lines[at]!), `lines ${at} and ${at + 1} exchanged`)
    const line = JSON.parse(lines[at]!) as Record<string, unknown>
    for (const field of Object.keys(line)) {
      if (field === 'exportedAt') continue
      const { [field]: value, ...rest } = line
      if (value !== null || field !== 'redaction') await bad(lines.with(at, JSON.stringify(rest)), `line ${at} without ${field}`)
      await bad(lines.with(at, JSON.stringify({ ...line, [field]: typeof value === 'number' ? value + 1 : 'x' })), `${field} of line ${at}`)
    }
  }
  await bad([], 'nothing')
  await bad([...lines, lines.at(-2)!], 'more after the end')
  assert.equal((await verifyExport([...lines, ''], { verifiers })).ok, true)
})

test('A3: an export is compared with a checkpoint from elsewhere', async () => {
  await using room = await openSqliteRoom()
  const service = serviceOf(room)
  await fillBoth(room, 6)
  const early = (await service.checkpoint(caller)).note
  const lines = await jsonl(service)
  await fillBoth(room, 6)
  const later = (await service.checkpoint(caller)).note
  const verifiers = [signer]
  assert.equal((await verifyExport(lines, { verifiers, checkpoint: early })).ok, true)
  assert.match((await verifyExport(lines, { verifiers, checkpoint: later })).firstBad?.reason ?? '', /covers 24 entries, the export 12/)
  const none = await jsonl(service, { actorId: 'nobody' })
  assert.match((await verifyExport(none, { verifiers, checkpoint: early })).firstBad?.reason ?? '', /leaves out entries around 12/)
  const forger = createNoteSigner(signer.name, new Uint8Array(32))
  await using forged = await openSqliteRoom({ signer: forger })
  await fillBoth(forged, 6)
  const theirs = await jsonl(serviceOf(forged))
  assert.match((await verifyExport(theirs, { verifiers })).firstBad?.reason ?? '', /checkpoint does not stand/)
  const both = [forger, signer]
  assert.match((await verifyExport(theirs, { verifiers: both, checkpoint: early })).firstBad?.reason ?? '', /not the one of the checkpoint/)
  await assert.rejects(verifyExport(lines, { verifiers, checkpoint: 'x\n' }), { name: 'NoteError' })
})
