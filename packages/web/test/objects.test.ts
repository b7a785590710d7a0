import assert from 'node:assert/strict'
import { test } from 'node:test'
import { classRetentions, deliveryStatuses, fileStatuses, retentions, webhookEventTypes } from '@holdfast/api'
import { classFaults, classRetentionNames, emptyClass, sayType, toClassCreate } from '../src/features/classes/class-words.ts'
import { type PlaceValues, placeFaults, sayLock, toHoldCreate } from '../src/features/holds/hold-words.ts'
import { hasFilter, toFilter } from '../src/features/objects/object-filter.ts'
import { objectStatusNames, objectStatusWords, sayMalware, sayVersion } from '../src/features/objects/object-words.ts'
import { ownAddress } from '../src/features/objects/own-address.ts'
import { deliveryStatusNames, eventNames, sayEvent, sayResponse, sayWebhook, urlFault } from '../src/features/webhooks/webhook-words.ts'
import { ownerIdFault, ownerTypeFault } from '../src/ui/owner-words.ts'
import { retentionWords, sayExpiry } from '../src/ui/retention-words.ts'

const now = Date.parse('2026-01-15T12:00:00Z')
const at = (milliseconds: number) => new Date(now + milliseconds).toISOString()
const day = 86_400_000

test('O13 O8 O15: every status, retention and event has words of its own', () => {
  assert.equal(new Set(fileStatuses.map((status) => objectStatusWords[status].label)).size, fileStatuses.length)
  assert.deepEqual([...objectStatusNames, 'DELETED'].sort(), [...fileStatuses].sort())
  assert.equal(new Set(retentions.map((retention) => retentionWords[retention].label)).size, retentions.length)
  assert.deepEqual([...classRetentionNames], [...classRetentions])
  assert.deepEqual(eventNames, [...webhookEventTypes])
  assert.deepEqual(deliveryStatusNames, [...deliveryStatuses])
  assert.deepEqual(['webhook.test', 'upload.ready', 'upload.new'].map(sayEvent), ['Test message', 'File ready', 'upload.new'])
})

test('O17: a file that was not scanned is never called clean', () => {
  const found = { verdict: 'not-scanned', signature: null, reason: 'engine-away', engine: null, signaturesAt: null } as const
  assert.deepEqual(sayMalware(found, 'READY'), {
    tone: 'attention',
    label: 'Not scanned for malware',
    explain: 'The scanner did not answer.',
  })
  assert.equal(sayMalware({ ...found, reason: 'off' }, 'READY')?.tone, 'neutral')
  assert.equal(sayMalware({ ...found, reason: 'new' }, 'READY')?.explain, 'The scanner says: new.')
  const infected = { ...found, verdict: 'infected', signature: 'Eicar', reason: null } as const
  assert.equal(sayMalware(infected, 'REJECTED')?.label, 'Malware: Eicar')
  assert.match(sayMalware(infected, 'READY')?.explain ?? '', /attachment only/)
  assert.equal(sayMalware(null, 'SCANNING'), null)
})

test('O8 O10: when a file goes by itself, and that a hold keeps it', () => {
  assert.equal(sayExpiry({ expiresAt: null, held: false }, now, 'en'), null)
  assert.equal(sayExpiry({ expiresAt: at(3 * day), held: false }, now, 'en'), 'Expires in 3 days')
  assert.match(sayExpiry({ expiresAt: at(-day), held: false }, now, 'en') ?? '', /next hourly clean-up/)
  assert.match(sayExpiry({ expiresAt: at(-day), held: true }, now, 'en') ?? '', /kept by a legal hold/)
  assert.match(sayExpiry({ expiresAt: at(day), held: true }, now, 'en') ?? '', /a legal hold keeps it/)
})

test('O9: which version counts', () => {
  assert.equal(sayVersion({ status: 'READY', isCurrent: true, supersededBy: null })?.label, 'Current')
  assert.equal(sayVersion({ status: 'READY', isCurrent: false, supersededBy: 'x' })?.label, 'Superseded')
  assert.equal(sayVersion({ status: 'REJECTED', isCurrent: false, supersededBy: null }), null)
})

test('O11: filters of the address become what the API is asked for', () => {
  const search = { owner: 'User', ownerId: 'usr_1', class: 'REPORT', status: 'READY', current: 'yes', held: 'no' } as const
  const filter = { ownerEntityType: 'User', ownerEntityId: 'usr_1', objectClass: 'REPORT', status: 'READY', isCurrent: true, held: false }
  assert.deepEqual(toFilter(search), filter)
  assert.equal(hasFilter({}), false)
  assert.equal(hasFilter({ held: 'no' }), true)
  assert.equal(ownerTypeFault('User'), null)
  assert.notEqual(ownerTypeFault('1User'), null)
  assert.equal(ownerIdFault('a@b.example:7'), null)
  assert.notEqual(ownerIdFault('../x'), null)
})

test('O5: only an address that this server hands out itself is opened as its own', () => {
  assert.equal(ownAddress('https://files.example.org/api/v1/uploads/7/content?signature=s', '7'), '/api/v1/uploads/7/content?signature=s')
  assert.equal(ownAddress('https://bucket.example.org/tenants/a/User/1/7?X-Amz-Signature=s', '7'), null)
  assert.equal(ownAddress('https://files.example.org/api/v1/uploads/8/content', '7'), null)
})

const values: PlaceValues = { scope: 'case', caseId: '', fileId: '', ownerEntityType: '', ownerEntityId: '', reason: ' ' }

test('O10: a hold needs one thing to hold and a reason', () => {
  assert.deepEqual(Object.keys(placeFaults(values)), ['caseId', 'reason'])
  assert.deepEqual(Object.keys(placeFaults({ ...values, scope: 'file', fileId: 'abc', reason: 'R' })), ['fileId'])
  assert.deepEqual(Object.keys(placeFaults({ ...values, scope: 'owner', reason: 'R' })), ['ownerEntityType', 'ownerEntityId'])
  const owner = {
    ...values,
    scope: 'owner',
    ownerEntityType: ' User ',
    ownerEntityId: 'usr_1',
    reason: ' R ',
    caseId: 'left over',
  } as const
  assert.deepEqual(placeFaults(owner), {})
  assert.deepEqual(toHoldCreate(owner), { ownerEntityType: 'User', ownerEntityId: 'usr_1', reason: 'R' })
})

test('O10: what the storage knows of a hold is said where there is such storage', () => {
  const lock = { state: 'none', locked: 0, failed: 0, error: null } as const
  assert.equal(sayLock({ lock }), null)
  assert.match(
    sayLock({ lock: { ...lock, state: 'failed', failed: 2, error: 'Access denied.' } })?.explain ?? '',
    /Access denied.*deletes nothing/,
  )
  assert.equal(sayLock({ lock: { ...lock, state: 'set', locked: 1 } })?.label, 'Locked on the storage: 1 object')
})

test('O2: a class is checked before it is sent, and sizes count in steps of 1024', () => {
  assert.deepEqual(Object.keys(classFaults({ ...emptyClass, megabytes: '' })), ['name', 'contentTypes', 'megabytes'])
  const fine = { ...emptyClass, name: 'CLAIM', contentTypes: ['application/pdf'], megabytes: 1.5 }
  assert.deepEqual(classFaults(fine), {})
  assert.equal(toClassCreate(fine).maxBytes, 1_572_864)
  assert.match(classFaults({ ...fine, contentTypes: ['pdf'] }).contentTypes ?? '', /pdf is no content type/)
  assert.equal(sayType('application/pdf'), 'PDF')
  assert.equal(sayType('application/x-new'), 'application/x-new')
})

test('O15: a webhook says whether it is sent to, and why not', () => {
  const on = { enabled: true, disabledReason: null, failingSince: null }
  assert.equal(sayWebhook(on, now).label, 'On')
  assert.equal(sayWebhook({ ...on, enabled: false }, now).label, 'Off')
  assert.equal(sayWebhook({ ...on, failingSince: at(-2 * day) }, now).tone, 'attention')
  const disabled = sayWebhook({ ...on, enabled: false, disabledReason: 'It answered 410.' }, now)
  assert.deepEqual([disabled.tone, disabled.explain], ['bad', 'It answered 410.'])
  assert.equal(sayResponse({ responseStatus: 500, error: null }), 'HTTP 500')
  assert.equal(sayResponse({ responseStatus: null, error: 'No route to it' }), 'No route to it')
  assert.equal(sayResponse({ responseStatus: null, error: null }), 'No answer yet')
  assert.equal(urlFault('https://app.example.org/hooks'), null)
  for (const wrong of ['', 'app.example.org', 'ftp://app.example.org', 'https://ada:secret@app.example.org'])
    assert.notEqual(urlFault(wrong), null, wrong)
})
