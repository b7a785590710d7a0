import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { auditActions } from '../src/core/audit-actions.ts'
import { type AuditRecord, auditParts, canonicalJson, leafBytes, partText, recordEntry, redactRecord } from '../src/core/audit-entry.ts'
import { logOrigin, openCheckpoint, signCheckpoint } from '../src/core/checkpoint.ts'
import { growTree, leafHash } from '../src/core/merkle.ts'
import { createNoteSigner, parseVerifierKey } from '../src/core/signed-note.ts'
import { signedIn } from './audit.log-room.ts'

const page = await readFile(join(import.meta.dirname, '../../../docs/spec/audit.md'), 'utf8')
const block = (name: string): string =>
  new RegExp(`^\`\`\`[a-z]+ ${name}\n([^]*?)\`\`\`$`, 'm').exec(page)?.[1] ?? assert.fail(`no block ${name}`)
const bytes = (length: number) => Uint8Array.from({ length }, (_, at) => at)

const record: AuditRecord = {
  id: '0199f0a4-7c00-7000-8000-000000000001',
  at: Date.UTC(2026, 0, 15, 10, 30),
  action: 'SIGN_IN',
  result: 'ok',
  tenantId: '0199f0a4-7c00-7000-8000-0000000000aa',
  actor: { kind: 'user', id: '0199f0a4-7c00-7000-8000-0000000000bb', name: 'Zoë Example' },
  requestId: 'req-1',
  caseId: null,
  itemId: null,
  fileId: null,
  details: '{"method":"password"}',
  salt: bytes(48),
  redaction: null,
}

test('A1: docs/spec/audit.md lists exactly the actions of the table, with the details that each must carry', () => {
  const rows = [...page.split('## Actions')[1]!.matchAll(/^\| `([A-Z0-9_]+)` \|(.*)\|$/gm)]
  const documented = rows.map(([, action, details]) => [action, [...details!.matchAll(/`([a-zA-Z0-9]+)`/g)].map((match) => match[1])])
  assert.deepEqual(Object.fromEntries(documented), auditActions)
  assert.equal(rows.length, Object.keys(auditActions).length)
})

test('A1: each action of the table is refused without any one of its details, and taken with null for it', () => {
  for (const [action, required] of Object.entries(auditActions)) {
    const details = Object.fromEntries(required.map((name) => [name, null]))
    const entry = (given: object) => ({ ...signedIn('u'), action, details: given }) as never
    assert.equal(recordEntry(entry(details), { id: 'id', at: 0 }).action, action)
    for (const left of required) {
      const { [left]: _, ...lacking } = details
      assert.throws(() => recordEntry(entry(lacking), { id: 'id', at: 0 }), { message: `${action} lacks its details: ${left}` })
      assert.throws(() => recordEntry(entry({ ...details, [left]: undefined }), { id: 'id', at: 0 }), { name: 'AuditEntryError' })
    }
  }
  assert.throws(() => recordEntry({ ...signedIn('u'), action: 'NO_SUCH' } as never, { id: 'id', at: 0 }), { name: 'AuditEntryError' })
  assert.throws(() => recordEntry({ ...signedIn('u'), action: 'toString' } as never, { id: 'id', at: 0 }), { name: 'AuditEntryError' })
})

test('A3: parts, leaf, leaf hash and checkpoint of the known answer in docs/spec/audit.md', () => {
  for (const part of auditParts) assert.equal(`${partText(record, part)}\n`, block(part))
  assert.equal(`${Buffer.from(leafBytes(record)).toString()}\n`, block('leaf'))
  const hash = leafHash(leafBytes(record))
  assert.equal(`${Buffer.from(hash).toString('hex')}\n`, block('leaf-hash'))
  const signer = createNoteSigner(logOrigin('0199f0a4-7c00-7000-8000-000000000000'), bytes(32))
  assert.equal(`${signer.verifierKey}\n`, block('verifier-key'))
  const tree = growTree()
  tree.append(hash)
  assert.equal(signCheckpoint({ size: 1, root: tree.root() }, signer), block('checkpoint'))
  assert.equal(openCheckpoint(block('checkpoint'), [parseVerifierKey(block('verifier-key').trim())]).size, 1)
})

test('A3: no leaf holds the actor, ids or details in clear', () => {
  const entry = {
    ...signedIn('Ada Lovelace'),
    caseId: 'case-17',
    fileId: 'file-23',
    details: { method: 'password', note: 'a private thing' },
  }
  const made = recordEntry(entry as never, { id: 'the-id', at: 0 })
  const leaf = Buffer.from(leafBytes(made)).toString()
  for (const hidden of ['Ada', 'Lovelace', 'user-', 'request of', 'case-17', 'file-23', 'password', 'private']) {
    assert.equal(leaf.includes(hidden), false, hidden)
  }
  const twin = recordEntry(entry as never, { id: 'the-id', at: 0 })
  assert.notDeepEqual(leafBytes(twin), leafBytes(made), 'the salts are fresh')
})

test('A3: any set of parts can be erased, one after the other, without the leaf changing', () => {
  for (let set = 1; set < 8; set++) {
    const parts = auditParts.filter((_, at) => set & (1 << at))
    const erased = redactRecord(record, parts, 'told')
    assert.deepEqual(leafBytes(erased), leafBytes(record))
    assert.deepEqual(Object.keys(erased.redaction!.commitments).sort(), [...parts].sort())
    for (const [at, part] of auditParts.entries()) {
      const salt = erased.salt.subarray(at * 16, at * 16 + 16)
      assert.equal(
        salt.every((byte) => byte === 0),
        parts.includes(part),
      )
      assert.equal(partText(erased, part) === partText(record, part), part === 'subject' || !parts.includes(part))
    }
    assert.deepEqual(leafBytes(redactRecord(erased, auditParts, 'again')), leafBytes(record))
  }
})

test('A3: canonical JSON is that of RFC 8785', () => {
  // The examples of its section 3.2.3 and 3.2.2.3, and of its appendix B.
  const sorted = {
    '\u20ac': 'Euro Sign',
    '\r': 'Carriage Return',
    '\ufb33': 'Hebrew',
    '1': 'One',
    '\u{1f600}': 'Emoji',
    '\u0080': 'Control',
    ö: 'Latin',
  }
  assert.deepEqual(Object.values(JSON.parse(canonicalJson(sorted)) as object).sort(), Object.values(sorted).sort())
  const order = [...canonicalJson(sorted).matchAll(/:"([A-Z][a-z]+)/g)].map((match) => match[1])
  assert.deepEqual(order, ['Carriage', 'One', 'Control', 'Latin', 'Euro', 'Emoji', 'Hebrew'])
  const numbers = [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001, -0, 1e21, 1e-7]
  assert.equal(canonicalJson({ numbers }), '{"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27,0,1e+21,1e-7]}')
  assert.equal(canonicalJson({ string: '\u20ac$\u000f\u000aA\'\u0042\u0022\u005c\\"/' }), '{"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}')
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 1n, () => 1, Symbol('x')]) {
    assert.throws(() => canonicalJson({ value }), { name: 'AuditEntryError' })
  }
  const deep = Array.from({ length: 20 }).reduce<unknown>((inner) => ({ inner }), 1)
  assert.throws(() => canonicalJson(deep), { name: 'AuditEntryError' })
  assert.throws(() => recordEntry({ ...signedIn('u'), details: { method: 'x'.repeat(70_000) } } as never, { id: 'id', at: 0 }), /too large/)
})
