import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { assertAccessible, chooseFiles, launchChromium, makeCase, rowSays, signIn, visit } from './browser.ts'
import { admin, makeEvidence, openHouse } from './house.ts'

let browser: Browser
before(async () => {
  browser = await launchChromium()
})
after(() => browser.close())

test('A2: the log is narrowed to a person and to a file by name, in the address, on chips and in both exports', async () => {
  await using house = await openHouse({ withAdmin: true })
  await makeEvidence(house.at('one.dd'), 100_000, 1)
  await makeEvidence(house.at('two.dd'), 100_000, 2)
  await using visitor = await visit(browser, house.origin)
  const { page } = visitor
  await signIn(page, admin)
  await makeCase(page, 'CASE-1', 'Two files')
  await chooseFiles(page, 'Choose files', [house.at('one.dd'), house.at('two.dd')])
  for (const name of ['one.dd', 'two.dd']) await rowSays(page, name, 'Ready')

  await page.getByRole('link', { name: 'Audit log', exact: true }).click()
  const entries = page.getByRole('table', { name: 'Audit entries' })
  await page.getByRole('combobox', { name: 'Who' }).click()
  await page.getByRole('option', { name: 'Holdfast (system)' }).click()
  await entries.getByText('SHA256_COMPUTED').first().waitFor()
  await entries.getByText('SIGN_IN').waitFor({ state: 'detached' })
  await page.getByText('Who: Holdfast (system)').waitFor()

  await page.getByRole('combobox', { name: 'Case' }).click()
  await page.getByRole('option', { name: 'CASE-1 Two files' }).click()
  await page.getByRole('combobox', { name: 'File' }).fill('two')
  await page.getByRole('option', { name: /^two\.dd/ }).click()
  await page.getByText('File: two.dd').waitFor()
  await entries.getByText('one.dd').waitFor({ state: 'detached' })
  assert.equal(await entries.getByText('SHA256_COMPUTED').count(), 1)
  const asked = new URL(page.url()).searchParams
  assert.equal(asked.get('actor'), 'system')
  for (const format of ['CSV', 'JSON lines']) {
    const link = await page.getByRole('link', { name: `Export ${format}` }).getAttribute('href')
    const query = new URL(link ?? '', page.url()).searchParams
    assert.deepEqual([query.get('actorId'), query.get('fileId')], ['system', asked.get('file')])
  }
  await assertAccessible(page, 'the log, narrowed')

  await page.reload()
  await page.getByText('File: two.dd').waitFor()
  await page.getByRole('button', { name: 'Show what everyone did, not one alone' }).click()
  await entries.getByText('UPLOAD_INITIATED').waitFor()
  assert.equal(new URL(page.url()).searchParams.get('actor'), null)
  await page.getByRole('button', { name: 'Clear filters' }).click()
  await page.getByText('Who: ').waitFor({ state: 'detached' })
  assert.deepEqual(visitor.complaints, [])
})
