import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import { type Client, createClient } from '@holdfast/client'
import type { Browser, Page } from 'playwright-core'
import { succeed } from '../../packages/cli/test/command.ts'
import { assertAccessible, launchChromium, makeCase, signIn, type Visitor, visit } from './browser.ts'
import { admin, type House, openHouse } from './house.ts'

let browser: Browser
let house: House
let app: Client
const resources = new AsyncDisposableStack()
before(async () => {
  browser = resources.adopt(await launchChromium(), (launched) => launched.close())
  house = resources.use(await openHouse({ withAdmin: true, env: { HOLDFAST_ALLOW_LOCAL_WEBHOOKS: '1' } }))
  const token = (await succeed(['token', 'create', '--data', house.data, '--role', 'examiner'])).trim()
  app = createClient({ baseUrl: house.origin, token })
})
after(() => resources.disposeAsync())

const drawing = (inner: string): string => `<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8">${inner}</svg>`
const good = drawing('<rect width="8" height="8"/>')
const bad = drawing('<script>alert(1)</script>')

/** The three calls of an app. Answers the id once the file is judged. */
async function store(name: string, text: string, ownerEntityId = 'acme'): Promise<string> {
  const bytes = Buffer.from(text)
  const begun = await app.objects.initiate({
    ...{ objectClass: 'COMPANY_LOGO', ownerEntityType: 'Company', ownerEntityId, originalFilename: name },
    ...{ contentType: 'image/svg+xml', fileSize: bytes.length },
  })
  const { 'content-length': _, ...headers } = begun.uploadHeaders
  assert.ok((await fetch(begun.uploadUrl, { method: 'PUT', headers, body: bytes })).ok)
  const { id } = await app.objects.complete(begun.storedObject.id)
  while ((await app.objects.get(id)).status === 'SCANNING') await new Promise((resolve) => setTimeout(resolve, 50))
  return id
}

async function signedIn(colorScheme: 'light' | 'dark' = 'light'): Promise<Visitor> {
  const visitor = await visit(browser, house.origin, { colorScheme })
  await signIn(visitor.page, admin)
  return visitor
}

const rowOf = (page: Page, table: string, name: string) =>
  page.getByRole('table', { name: table }).getByRole('row').filter({ hasText: name })

test('O4 O9 O13: a file that an app stored and one that was rejected are found, told apart and explained', async () => {
  await using visitor = await signedIn()
  const { page } = visitor
  await page.goto('/files')
  await page.getByText('No app has stored a file yet').waitFor()
  await assertAccessible(page, 'no files yet')

  await store('first.svg', good)
  const current = await store('second.svg', good)
  await store('harmful.svg', bad)
  await page.reload()
  await rowOf(page, 'Files', 'second.svg').getByText('Current', { exact: true }).waitFor()
  await rowOf(page, 'Files', 'first.svg').getByText('Superseded', { exact: true }).waitFor()
  await rowOf(page, 'Files', 'harmful.svg').getByText('Rejected', { exact: true }).waitFor()
  await assertAccessible(page, 'files')

  await page.getByLabel('Status').selectOption({ label: 'Rejected' })
  await page.getByText('1 file', { exact: true }).waitFor()
  assert.match(page.url(), /status=REJECTED/)
  await page.getByRole('link', { name: 'harmful.svg' }).click()
  const reasons = page.getByRole('list', { name: 'Reasons' })
  await reasons
    .getByText(/script/i)
    .first()
    .waitFor()
  await assertAccessible(page, 'a rejected file')

  await page.getByRole('table', { name: 'Versions' }).getByRole('link', { name: 'second.svg' }).click()
  await page.getByRole('heading', { name: 'second.svg', level: 1 }).waitFor()
  await rowOf(page, 'Versions', 'first.svg').getByText('Superseded', { exact: true }).waitFor()
  await page.getByRole('heading', { name: 'History' }).waitFor()
  await page.getByText('Passed its checks', { exact: true }).waitFor()
  const downloading = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download' }).click()
  assert.equal((await downloading).suggestedFilename(), 'second.svg')
  assert.ok(page.url().endsWith(`/files/${current}`))
  assert.deepEqual(visitor.complaints, [])
})

test('O10: a hold on a file keeps it from being deleted, and says so, until it is released', async () => {
  await using visitor = await signedIn()
  const { page } = visitor
  const id = await store('contract.svg', good, 'held')
  await page.goto(`/files/${id}`)
  const holds = page.getByRole('region', { name: 'Legal holds' })
  await holds.getByRole('button', { name: 'Place hold' }).click()
  const placing = page.getByRole('dialog', { name: 'Place a legal hold' })
  await placing.getByRole('button', { name: 'Place hold' }).click()
  await placing.getByText('Say why: whoever releases it later has to know.').waitFor()
  await assertAccessible(page, 'a hold without a reason')
  await placing.getByLabel('Reason').fill('Litigation 4/26')
  await placing.getByRole('button', { name: 'Place hold' }).click()
  await holds.getByRole('list', { name: 'Holds in force' }).getByText('Litigation 4/26').waitFor()
  await page.getByText('Legal hold', { exact: true }).first().waitFor()

  await page.getByRole('button', { name: 'Delete' }).click()
  const deleting = page.getByRole('dialog', { name: 'Delete this file?' })
  await deleting.getByRole('button', { name: 'Delete file' }).click()
  await deleting.getByRole('alert').getByText('A legal hold blocks this').waitFor()
  await assertAccessible(page, 'a deletion that a hold refused')
  await deleting.getByRole('button', { name: 'Keep' }).click()

  await page.goto('/holds')
  await rowOf(page, 'Legal holds', 'contract.svg').getByText('In force').waitFor()
  await assertAccessible(page, 'holds')
  await page.getByRole('button', { name: 'Release hold on contract.svg' }).click()
  const releasing = page.getByRole('dialog', { name: 'Release this hold?' })
  await releasing.getByLabel('Reason').fill('Settled')
  await releasing.getByRole('button', { name: 'Release hold' }).click()
  await rowOf(page, 'Legal holds', 'contract.svg').getByText('Released: Settled').waitFor()

  await page.getByRole('link', { name: 'contract.svg' }).click()
  await holds.getByText('No hold covers it.').waitFor()
  await page.getByRole('button', { name: 'Delete' }).click()
  await deleting.getByRole('button', { name: 'Delete file' }).click()
  await page.getByRole('heading', { name: 'Files', level: 1 }).waitFor()
  await assert.rejects(app.objects.get(id), { status: 404 })
  assert.deepEqual(visitor.complaints, [])
})

test('O10: a hold on a case is placed from its page and shown there', async () => {
  await using visitor = await signedIn()
  const { page } = visitor
  await makeCase(page, 'CASE-HOLD', 'Held as a whole')
  await page.getByRole('button', { name: 'Place hold' }).click()
  const placing = page.getByRole('dialog', { name: 'Place a legal hold' })
  await placing.getByLabel('Reason').fill('Order of the court')
  await placing.getByRole('button', { name: 'Place hold' }).click()
  await page.getByRole('region', { name: 'Legal holds' }).getByText('Order of the court').waitFor()
  await assertAccessible(page, 'a held case')
  await page.getByRole('button', { name: 'Delete case' }).click()
  const deleting = page.getByRole('dialog', { name: 'Delete CASE-HOLD?' })
  await deleting.getByLabel('Type CASE-HOLD to confirm').fill('CASE-HOLD')
  await deleting.getByRole('button', { name: 'Delete case' }).click()
  await deleting.getByRole('alert').getByText('A legal hold blocks this').waitFor()
  assert.deepEqual(visitor.complaints, [])
})

test('O2: a class is made, changed and deleted; built-in ones stay', async () => {
  await using visitor = await signedIn('dark')
  const { page } = visitor
  await page.goto('/settings/classes')
  await rowOf(page, 'Object classes', 'COMPANY_LOGO').getByText('Built in').waitFor()
  assert.equal(await page.getByRole('button', { name: 'Edit COMPANY_LOGO' }).count(), 0)
  await assertAccessible(page, 'classes')
  await page.getByRole('button', { name: 'New class' }).click()
  const making = page.getByRole('dialog', { name: 'New object class' })
  await making.getByRole('button', { name: 'Create class' }).click()
  await making.getByText('Choose at least one type.').waitFor()
  await assertAccessible(page, 'a class with faults')
  await making.getByRole('textbox', { name: 'Name' }).fill('INSURANCE_CLAIM')
  await making.getByRole('combobox', { name: 'Types' }).fill('application/pdf')
  await page.keyboard.press('Enter')
  await making.getByRole('textbox', { name: 'Largest file in MB' }).fill('12')
  await making.getByRole('button', { name: 'Create class' }).click()
  await making.waitFor({ state: 'detached' })
  await rowOf(page, 'Object classes', 'INSURANCE_CLAIM').getByText('12 MB').waitFor()
  await page.getByRole('button', { name: 'Edit INSURANCE_CLAIM' }).click()
  const editing = page.getByRole('dialog', { name: 'Edit INSURANCE_CLAIM' })
  await editing.getByRole('checkbox', { name: /replaces the current one/ }).check()
  await editing.getByRole('button', { name: 'Save changes' }).click()
  await rowOf(page, 'Object classes', 'INSURANCE_CLAIM').getByText('A new file replaces the current one').waitFor()
  await page.getByRole('button', { name: 'Delete INSURANCE_CLAIM' }).click()
  await page.getByRole('button', { name: 'Delete class' }).click()
  await rowOf(page, 'Object classes', 'INSURANCE_CLAIM').waitFor({ state: 'detached' })
  assert.deepEqual(visitor.complaints, [])
})

/** A receiver that refuses its first message and takes the others. */
async function startReceiver() {
  const taken: { signature: string | undefined; type: string }[] = []
  let refuse = true
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    if (refuse) {
      refuse = false
      response.writeHead(500).end()
      return
    }
    taken.push({ signature: request.headers['webhook-signature']?.toString(), type: JSON.parse(body).type })
    response.writeHead(204).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('No port')
  const stop = () => new Promise<void>((resolve) => void server.close(() => resolve()))
  return { url: `http://127.0.0.1:${address.port}/hooks`, taken, [Symbol.asyncDispose]: stop }
}

test('O15: a webhook is made, tested, and its deliveries are seen, with what the receiver answered', async () => {
  await using receiver = await startReceiver()
  await using visitor = await signedIn()
  const { page } = visitor
  await page.goto('/settings/webhooks')
  await page.getByText('No webhooks yet').waitFor()
  await assertAccessible(page, 'no webhooks')
  await page.getByRole('button', { name: 'New webhook' }).click()
  const making = page.getByRole('dialog', { name: 'New webhook' })
  await making.getByLabel('Address').fill('nowhere')
  await making.getByRole('button', { name: 'Create webhook' }).click()
  await making.getByText('Enter the whole address, with https:// in front.').waitFor()
  await making.getByLabel('Address').fill(receiver.url)
  await making.getByRole('button', { name: 'Create webhook' }).click()
  const secret = page.getByRole('dialog', { name: 'Webhook created' })
  assert.match(await secret.getByRole('textbox', { name: /^Secret of/ }).inputValue(), /^whsec_/)
  await assertAccessible(page, 'the secret')
  await secret.getByRole('button', { name: 'I have saved it' }).click()

  await page.getByRole('link', { name: receiver.url }).click()
  await page.getByText('Nothing was sent yet').waitFor()
  await page.getByRole('button', { name: 'Send test message' }).click()
  await rowOf(page, 'Deliveries', 'Test message').getByText('HTTP 500').waitFor()
  await page.getByRole('button', { name: 'Redeliver: Test message' }).click()
  await rowOf(page, 'Deliveries', 'Test message').getByText('Delivered').first().waitFor()
  await store('told.svg', good, 'told')
  await rowOf(page, 'Deliveries', 'File ready').getByText('HTTP 204').waitFor()
  assert.ok(receiver.taken.some(({ type, signature }) => type === 'upload.ready' && signature?.startsWith('v1,')))
  await page.getByRole('button', { name: 'File ready', exact: true }).click()
  const details = page.getByRole('dialog', { name: 'Delivery' })
  await details.getByText('"upload.ready"').waitFor()
  await assertAccessible(page, 'a delivery')
  await details.getByRole('button', { name: 'Close delivery' }).click()

  await page.getByRole('button', { name: 'Rotate secret' }).click()
  await page.getByRole('dialog', { name: 'Rotate the secret?' }).getByRole('button', { name: 'Rotate secret' }).click()
  const rotated = page.getByRole('dialog', { name: 'Secret rotated' })
  await rotated.getByRole('button', { name: 'I have saved it' }).click()
  await page.getByText('signs too until').waitFor()
  await page.getByRole('button', { name: 'Switch off' }).click()
  await page.getByText('Somebody switched it off.').waitFor()
  assert.deepEqual(visitor.complaints, [])
})

test('N3: a token that is limited to uploads stores files and reads none', async () => {
  await using visitor = await signedIn()
  const { page } = visitor
  await page.goto('/settings/tokens')
  await page.getByRole('button', { name: 'New token' }).first().click()
  const making = page.getByRole('dialog', { name: 'New API token' })
  await making.getByLabel('Name').fill('Portal')
  await making.getByRole('switch', { name: 'Limit it to scopes' }).check({ force: true })
  await making.getByRole('button', { name: 'Create token' }).click()
  await making.getByText('Choose at least one scope, or do not limit it.').waitFor()
  await making.getByRole('checkbox', { name: 'Upload files' }).check()
  await assertAccessible(page, 'scopes')
  await making.getByRole('button', { name: 'Create token' }).click()
  const secret = page.getByRole('dialog', { name: 'Token created' })
  const token = await secret.getByRole('textbox', { name: 'Secret of Portal' }).inputValue()
  await secret.getByRole('button', { name: 'I have saved it' }).click()
  await rowOf(page, 'API tokens', 'Portal').getByText('Upload files').waitFor()
  const portal = createClient({ baseUrl: house.origin, token })
  await assert.rejects(portal.objects.list(), { status: 403 })
  assert.ok((await portal.objectClasses.list()).items.length >= 10)
  assert.deepEqual(visitor.complaints, [])
})
