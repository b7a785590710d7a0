import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { holdfast } from '../../packages/cli/test/command.ts'
import { assertAccessible, chooseFiles, launchChromium, makeCase, rowSays, signIn, uploadedTo, uploadRow, visit } from './browser.ts'
import { arrives, assertDigest, type Bucket, download, fileRow, openBucket, openNearHouse, section, sendDirect } from './direct-storage.ts'
import { admin, type House, makeEvidence } from './house.ts'

const MB = 1_000_000
let browser: Browser
before(async () => {
  browser = await launchChromium()
})
after(() => browser.close())

async function addBucket(page: Page, bucket: Bucket): Promise<void> {
  await page.goto('/settings/storage/new?kind=s3')
  await page.getByRole('textbox', { name: 'Name' }).fill('Lab bucket')
  await page.getByLabel('Endpoint URL').fill(bucket.endpoint)
  await page.getByRole('textbox', { name: 'Bucket' }).fill(bucket.name)
  await page.getByLabel('Region').fill('us-east-1')
  await page.getByLabel('Access key id').fill(bucket.accessKeyId)
  await page.getByLabel('Secret access key').fill(bucket.secretAccessKey)
  await page.getByRole('button', { name: 'Add target' }).click()
  await page.getByRole('heading', { name: 'Storage', level: 1 }).waitFor()
}

/** Gives the role to the bucket; the page loads itself anew with it. */
async function bindBucket(page: Page): Promise<void> {
  const role = page.getByRole('region', { name: 'Direct', exact: true })
  await role.getByLabel('Target of the role Direct').selectOption({ label: 'Lab bucket' })
  const loaded = page.waitForEvent('load')
  await role.getByRole('button', { name: 'Apply to Direct' }).click()
  await loaded
  await role.getByRole('button', { name: 'Test Direct' }).waitFor()
}

/** Test Direct tells that the bucket does not let pages of this origin in, and passes once it does. */
async function testDirect(page: Page, allow: () => Promise<void>): Promise<void> {
  await page.getByRole('button', { name: 'Test Direct' }).click()
  const dialog = page.getByRole('dialog', { name: 'Test Direct' })
  await dialog.getByText(/^Failed at: .*CORS/).waitFor()
  await assertAccessible(page, 'Test Direct')
  await allow()
  await dialog.getByRole('button', { name: 'Test again' }).click()
  await dialog.getByText('Every step passed').waitFor()
  await dialog.getByText('Close', { exact: true }).click()
}

async function assertSound(house: House): Promise<void> {
  const report = await holdfast(['check', '--data', house.data], { env: { HOLDFAST_ALLOW_LOCAL_TARGETS: '1' } })
  assert.equal(report.status, 0, report.stdout.toString())
}

test('R3 D2 D5 D6 D9 D12 T8: evidence goes straight to the bucket, over a cut line and a reload, and comes back byte for byte', async () => {
  await using house = await openNearHouse()
  await using bucket = await openBucket()
  const name = 'laptop.dd'
  const digest = await makeEvidence(house.at(name), 120 * MB, 1)
  await using visitor = await visit(browser, house.origin)
  const { page } = visitor
  await signIn(page, admin)
  await addBucket(page, bucket)
  await bindBucket(page)
  await testDirect(page, () => bucket.allow(house.origin))
  await makeCase(page, 'CASE-2026-001', 'Laptop, second floor')

  bucket.line.setSpeed(15 * MB)
  const straight = page.waitForRequest((request) => request.method() === 'PUT' && request.url().startsWith(bucket.endpoint))
  await sendDirect(page, house.at(name))
  await straight
  await uploadedTo(page, name, 15)
  bucket.line.cut()
  await rowSays(page, name, /^Waiting for/)
  bucket.line.restore()
  await uploadedTo(page, name, 45)

  await page.getByRole('tab', { name: 'Evidence items' }).click()
  await page.getByRole('tab', { name: 'Attachments' }).click()
  await uploadedTo(page, name, 50)
  page.once('dialog', (dialog) => void dialog.accept())
  await page.reload()
  await rowSays(page, name, /Interrupted at \d+/)
  bucket.line.setSpeed(Number.POSITIVE_INFINITY)
  await chooseFiles(page, `Choose the same file for ${name}`, house.at(name))
  await arrives(page, name, digest)

  const before = await page.evaluate(() => [history.length, location.href])
  assert.equal(await download(page, name, house.at('back.dd')), digest)
  assert.deepEqual(await page.evaluate(() => [history.length, location.href]), before)
  await section(page)
    .getByText(/114 MB used/)
    .waitFor()
  await assertAccessible(page, 'a case with a file in Direct Storage')
  assert.deepEqual(visitor.complaints, [])
  await assertSound(house)
})

test('D6: several files queue in Direct, and cancel in the middle leaves nothing in the bucket', async () => {
  await using house = await openNearHouse()
  await using bucket = await openBucket()
  await bucket.allow(house.origin)
  const names = ['one.dd', 'two.dd']
  for (const [index, name] of names.entries()) await makeEvidence(house.at(name), 40 * MB, index)
  await using visitor = await visit(browser, house.origin)
  const { page } = visitor
  await signIn(page, admin)
  await addBucket(page, bucket)
  await bindBucket(page)
  await makeCase(page, 'CASE-2', 'Several')
  bucket.line.setSpeed(10 * MB)
  await sendDirect(page, names.map(house.at))
  await uploadedTo(page, 'one.dd', 20)
  assert.match((await uploadRow(page, 'two.dd').textContent()) ?? '', /Queued/)
  await page.getByRole('button', { name: 'Cancel upload one.dd' }).click()
  await rowSays(page, 'one.dd', 'Nothing of it was kept.')
  bucket.line.setSpeed(Number.POSITIVE_INFINITY)
  await rowSays(page, 'two.dd', 'Ready')
  await page.reload()
  await section(page).getByText('1 file', { exact: true }).waitFor()
  assert.deepEqual(visitor.complaints, [])
  await assertSound(house)
})

test('D5 D6 D10 D12: verifying is cancelled on the row: the file stays with the hash that was declared, and is re-verified later', async () => {
  await using house = await openNearHouse()
  await using bucket = await openBucket()
  await bucket.allow(house.origin)
  const name = 'slow to read.dd'
  const digest = await makeEvidence(house.at(name), 40 * MB, 1)
  await using visitor = await visit(browser, house.origin)
  const { page } = visitor
  await signIn(page, admin)
  await addBucket(page, bucket)
  await bindBucket(page)
  await makeCase(page, 'CASE-5', 'Cancelled')
  bucket.line.setReturnSpeed(MB)
  await sendDirect(page, house.at(name))
  await fileRow(page, name)
    .getByText(/^Verifying \d+%$/)
    .waitFor()
  await assertAccessible(page, 'a file that is verified')
  await page.getByRole('button', { name: `Cancel reading ${name} back` }).click()
  await fileRow(page, name).getByText('Ready', { exact: true }).waitFor()
  await fileRow(page, name).getByText('declared by the sender').waitFor()
  await arrives(page, name, digest)
  bucket.line.setReturnSpeed(Number.POSITIVE_INFINITY)
  assert.equal(await download(page, name, house.at('back.dd')), digest)
  await page.getByRole('button', { name: `More actions for ${name}` }).click()
  await page.getByRole('menuitem', { name: 'Re-verify' }).click()
  await fileRow(page, name).getByText('declared by the sender').waitFor({ state: 'detached' })
  await assertDigest(page, name, digest)
  assert.deepEqual(visitor.complaints, [])
  await assertSound(house)
})

test('U1 U2 D14: each evidence item has the section for itself, and deleting the case empties the bucket', async () => {
  await using house = await openNearHouse()
  await using bucket = await openBucket()
  await bucket.allow(house.origin)
  await using visitor = await visit(browser, house.origin)
  const { page } = visitor
  await signIn(page, admin)
  await addBucket(page, bucket)
  await bindBucket(page)
  await makeCase(page, 'CASE-4', 'With an item')
  const digests = { case: await makeEvidence(house.at('case.dd'), MB, 1), item: await makeEvidence(house.at('item.dd'), MB, 2) }
  await sendDirect(page, house.at('case.dd'))
  await arrives(page, 'case.dd', digests.case)

  await page.getByRole('tab', { name: 'Evidence items' }).click()
  await page.getByRole('button', { name: 'New evidence item' }).first().click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Label').fill('E1')
  await dialog.getByLabel('Title').fill('The phone')
  await dialog.getByRole('button', { name: 'Create item' }).click()
  await page.getByRole('table', { name: 'Evidence items' }).getByRole('link').first().click()
  await page.getByRole('heading', { name: 'The phone', level: 1 }).waitFor()
  await section(page).getByText('No files stored here yet').waitFor()
  await sendDirect(page, house.at('item.dd'))
  await arrives(page, 'item.dd', digests.item)
  assert.deepEqual(
    (await bucket.names())
      .map((name) =>
        name
          .split('/')
          .slice(2)
          .join('/')
          .replace(/[0-9a-f]{8}/, 'ITEM'),
      )
      .sort(),
    ['CASE-4/ITEM/item.dd', 'CASE-4/case.dd'],
  )

  await page.getByRole('link', { name: 'CASE-4' }).click()
  await page.getByRole('button', { name: 'Delete case' }).click()
  await page.getByLabel('Type CASE-4 to confirm').fill('CASE-4')
  await page.getByRole('dialog').getByRole('button', { name: 'Delete case' }).click()
  await page.getByRole('heading', { name: 'Cases', level: 1 }).waitFor()
  while ((await bucket.names()).length > 0) await page.waitForTimeout(200)
  assert.deepEqual(visitor.complaints, [])
  await assertSound(house)
})

test('R4 S4: nothing shows of Direct, not even its name, before it is bound', async () => {
  await using house = await openNearHouse()
  await using visitor = await visit(browser, house.origin)
  const { page } = visitor
  await signIn(page, admin)
  await makeCase(page, 'CASE-3', 'Nothing of it')
  await page.getByText('No files stored here yet').waitFor()
  for (const path of [null, '/audit', '/settings/jobs', '/cases']) {
    if (path) await page.goto(path)
    await page.waitForLoadState('networkidle')
    assert.doesNotMatch((await page.locator('#root').textContent()) ?? '', /direct/i, path ?? 'the case')
  }
})
