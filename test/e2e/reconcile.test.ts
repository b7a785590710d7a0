import assert from 'node:assert/strict'
import { access, mkdir, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Client, createClient } from '@holdfast/client'
import type { Browser, Page } from 'playwright-core'
import { succeed } from '../../packages/cli/test/command.ts'
import { assertAccessible, launchChromium, signIn, visit } from './browser.ts'
import { admin, type House, openHouse } from './house.ts'

let browser: Browser
let house: House
let app: Client
const resources = new AsyncDisposableStack()
before(async () => {
  browser = resources.adopt(await launchChromium(), (launched) => launched.close())
  house = resources.use(await openHouse({ withAdmin: true }))
  const token = (await succeed(['token', 'create', '--data', house.data, '--role', 'examiner'])).trim()
  app = createClient({ baseUrl: house.origin, token })
})
after(() => resources.disposeAsync())

const bytes = Buffer.from('name,amount\nAda,1\n')

/** The three calls of an app. Answers the file and where its object lies. */
async function store(name: string): Promise<{ id: string; path: string }> {
  const begun = await app.objects.initiate({
    ...{ objectClass: 'REPORT', ownerEntityType: 'Company', ownerEntityId: 'acme', originalFilename: name },
    ...{ contentType: 'text/csv', fileSize: bytes.length },
  })
  const { 'content-length': _, ...headers } = begun.uploadHeaders
  assert.ok((await fetch(begun.uploadUrl, { method: 'PUT', headers, body: bytes })).ok)
  const { id, storageKey } = await app.objects.complete(begun.storedObject.id)
  while ((await app.objects.get(id)).status === 'SCANNING') await new Promise((resolve) => setTimeout(resolve, 50))
  return { id, path: join(house.data, 'objects', storageKey) }
}

/** An object that no record names and that lies there for long. */
async function strange(): Promise<string> {
  const [tenant = ''] = await readdir(join(house.data, 'objects', 'tenants'))
  const path = join(house.data, 'objects', 'tenants', tenant, 'Company', 'acme', '0199f0a4-7c00-7000-8000-000000000001')
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, 'left')
  await utimes(path, 1_700_000_000, 1_700_000_000)
  return path
}

const finding = (page: Page, text: string) =>
  page.getByRole('table', { name: 'Findings', exact: true }).getByRole('row').filter({ hasText: text })

test('O8 O11: storage and records are compared from the list of targets; what is missing says so, and what no record names goes once that is confirmed', async () => {
  const kept = await store('kept.csv')
  const gone = await store('gone.csv')
  await rm(gone.path)
  const path = await strange()
  await using visitor = await visit(browser, house.origin)
  const { page } = visitor
  await signIn(page, admin)
  await page.goto('/settings/storage')
  await page.getByRole('button', { name: 'More actions for Local' }).click()
  await page.getByRole('menuitem', { name: 'Reconcile with records' }).click()
  await page.getByRole('heading', { name: 'Reconcile Local', level: 1 }).waitFor()
  await page.getByText('Not compared yet').waitFor()
  await assertAccessible(page, 'no report yet')

  await page.getByRole('button', { name: 'Compare now' }).click()
  await page.getByText('2 findings', { exact: true }).first().waitFor()
  await page.getByText('2 objects and 2 files looked at').waitFor()
  await finding(page, 'gone.csv').getByText('Missing', { exact: true }).waitFor()
  await finding(page, '0199f0a4').getByText('Unrecorded', { exact: true }).waitFor()
  await assertAccessible(page, 'a report')
  await page.getByLabel('Kind').selectOption({ label: 'Missing (1)' })
  await page.getByText('1 finding', { exact: true }).waitFor()
  assert.match(page.url(), /kind=missing/)

  await page.getByRole('button', { name: 'Remove unrecorded objects' }).click()
  const dialog = page.getByRole('dialog', { name: 'Remove 1 object from Local?' })
  await dialog.getByText(/1 object that no record names, 4 bytes/).waitFor()
  await assertAccessible(page, 'before the removal')
  assert.equal(await dialog.getByRole('button', { name: 'Remove 1 object' }).isDisabled(), true)
  await dialog.getByRole('button', { name: 'Keep' }).click()
  await access(path)
  await page.getByRole('button', { name: 'Remove unrecorded objects' }).click()
  await dialog.getByRole('checkbox').check()
  await dialog.getByRole('button', { name: 'Remove 1 object' }).click()
  await page.getByText('Applied', { exact: true }).first().waitFor()
  await assert.rejects(access(path), { code: 'ENOENT' })
  await access(kept.path)
  await page.getByLabel('Kind').selectOption({ label: 'All' })
  await finding(page, '0199f0a4').getByText('Removed', { exact: true }).waitFor()

  await finding(page, 'gone.csv').getByRole('link', { name: 'gone.csv' }).click()
  await page.getByRole('heading', { name: 'gone.csv', level: 1 }).waitFor()
  await page.getByText('Missing', { exact: true }).first().waitFor()
  await page.getByText('Found missing from its storage').waitFor()
  await page.getByRole('button', { name: 'Download' }).click()
  await page.getByText(/not on the storage “Local” any more/).waitFor()
  await assertAccessible(page, 'a file that is missing')
  assert.deepEqual(visitor.complaints, [])
})
