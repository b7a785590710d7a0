import assert from 'node:assert/strict'
import { stat } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { holdfast, succeed } from '../../packages/cli/test/command.ts'
import { chooseFiles, launchChromium, makeCase, rowSays, signIn, uploadedTo, uploadRow, visit } from './browser.ts'
import { admin, filesHolding, type House, makeEvidence, marker, openHouse, sha256Of } from './house.ts'

const MB = 1_000_000
let browser: Browser
before(async () => {
  browser = await launchChromium()
})
after(() => browser.close())

/** The details of a file tell both digests, and both are this one. */
async function assertDigest(page: Page, name: string, digest: string): Promise<void> {
  await page.getByRole('button', { name, exact: true }).click()
  const details = page.getByRole('dialog', { name: 'File details' })
  await details.getByText('Declared and computed are equal').waitFor()
  assert.equal(await details.getByText(digest).count(), 2)
  await page.keyboard.press('Escape')
}

/** No file on the server's disk holds what the browser sends. */
async function assertNothingReadable(house: House): Promise<void> {
  assert.deepEqual(await filesHolding(house.data, marker), [])
}

test('S9 S5 S2 A2: evidence of 300 MB survives a cut line, a reload and a killed server, and comes back byte for byte', async () => {
  await using house = await openHouse({ withAdmin: true })
  const name = 'laptop.dd'
  const digest = await makeEvidence(house.at(name), 300 * MB, 1)
  await using visitor = await visit(browser, house.origin)
  const { page } = visitor
  await signIn(page, admin)
  await makeCase(page, 'CASE-2026-001', 'Laptop, second floor')

  house.line.setSpeed(25 * MB)
  await chooseFiles(page, 'Choose files', house.at(name))
  await uploadedTo(page, name, 8)
  house.line.cut()
  await page.context().setOffline(true)
  await rowSays(page, name, 'Waiting for connection')
  await assertNothingReadable(house)
  house.line.restore()
  await page.context().setOffline(false)

  await uploadedTo(page, name, 30)
  page.once('dialog', (dialog) => void dialog.accept())
  await page.reload()
  const interrupted = uploadRow(page, name).getByText(/Interrupted at \d+/)
  await interrupted.waitFor()
  const kept = Number(/\d+/.exec((await interrupted.textContent()) ?? '')?.[0])
  assert.ok(kept > 8, `${kept} % were kept`)
  await chooseFiles(page, `Choose the same file for ${name}`, house.at(name))
  await uploadedTo(page, name, kept)

  await uploadedTo(page, name, 60)
  await house.kill()
  await rowSays(page, name, 'Waiting for connection')
  await assertNothingReadable(house)
  await house.start()
  await uploadedTo(page, name, 75)
  house.line.setSpeed(Number.POSITIVE_INFINITY)
  await rowSays(page, name, 'Ready')

  await assertDigest(page, name, digest)

  const downloading = page.waitForEvent('download')
  await page.getByRole('button', { name: `Download ${name}` }).click()
  const download = await downloading
  assert.equal(download.suggestedFilename(), name)
  await download.saveAs(house.at('back.dd'))
  assert.equal(await sha256Of(house.at('back.dd')), digest)

  await page.getByRole('link', { name: 'Audit log', exact: true }).click()
  const entries = page.getByRole('table', { name: 'Audit entries' })
  for (const action of ['UPLOAD_INITIATED', 'UPLOAD_COMPLETED', 'SHA256_COMPUTED', 'DOWNLOAD']) {
    await page.getByLabel('Action').selectOption(action)
    await entries.getByText(name).first().waitFor()
  }
  assert.deepEqual(visitor.complaints, [])

  await assertNothingReadable(house)
  const report = await holdfast(['check', '--data', house.data])
  assert.equal(report.status, 0, report.stdout.toString())
  assert.match(await succeed(['audit', 'verify', '--data', house.data]), /The log is whole/)
})

test('S9: choosing another file of the same name and size is told, and the right one still goes on', async () => {
  await using house = await openHouse({ withAdmin: true })
  const size = 60 * MB
  const digest = await makeEvidence(house.at('image.dd'), size, 2)
  await using visitor = await visit(browser, house.origin)
  const { page } = visitor
  await signIn(page, admin)
  await makeCase(page, 'CASE-2', 'Phone')
  house.line.setSpeed(15 * MB)
  await chooseFiles(page, 'Choose files', house.at('image.dd'))
  // Three parts of seven are on their way at once: by now the first ones have arrived.
  await uploadedTo(page, 'image.dd', 70)
  page.once('dialog', (dialog) => void dialog.accept())
  await page.reload()
  house.line.setSpeed(Number.POSITIVE_INFINITY)
  await rowSays(page, 'image.dd', /Interrupted at \d+/)
  // The same name with other contents takes the place of the file on this machine, and then the file comes back.
  await makeEvidence(house.at('image.dd'), size, 3)
  await chooseFiles(page, 'Choose the same file for image.dd', house.at('image.dd'))
  await rowSays(page, 'image.dd', /other contents/)
  await rowSays(page, 'image.dd', /Interrupted at \d+/)
  await makeEvidence(house.at('image.dd'), size, 2)
  await chooseFiles(page, 'Choose the same file for image.dd', house.at('image.dd'))
  await rowSays(page, 'image.dd', 'Ready')
  await assertDigest(page, 'image.dd', digest)
  assert.deepEqual(visitor.complaints, [])
})

test('S9: a session that ends in the middle is signed in again on the same page, and the upload goes on', async () => {
  await using house = await openHouse({ withAdmin: true })
  const digest = await makeEvidence(house.at('image.dd'), 60 * MB, 5)
  await using visitor = await visit(browser, house.origin)
  const { page } = visitor
  await signIn(page, admin)
  await makeCase(page, 'CASE-5', 'Phone')
  house.line.setSpeed(15 * MB)
  await chooseFiles(page, 'Choose files', house.at('image.dd'))
  await uploadedTo(page, 'image.dd', 40)
  await page.context().clearCookies()
  const dialog = page.getByRole('dialog', { name: 'Your session has ended' })
  await dialog.getByLabel(/^Password/).fill(admin.password)
  house.line.setSpeed(Number.POSITIVE_INFINITY)
  await dialog.getByRole('button', { name: 'Sign in', exact: true }).click()
  await rowSays(page, 'image.dd', 'Ready')
  await assertDigest(page, 'image.dd', digest)
})

test('D6: files that are chosen together go one after the other', async () => {
  await using house = await openHouse({ withAdmin: true })
  const names = ['one.dd', 'two.dd', 'three.dd']
  for (const [index, name] of names.entries()) await makeEvidence(house.at(name), 9 * MB, index)
  await using visitor = await visit(browser, house.origin)
  const { page } = visitor
  await signIn(page, admin)
  await makeCase(page, 'CASE-6', 'Several')
  house.line.setSpeed(6 * MB)
  await chooseFiles(page, 'Choose files', names.map(house.at))
  await uploadedTo(page, 'one.dd', 5)
  for (const name of names.slice(1)) assert.match((await uploadRow(page, name).textContent()) ?? '', /Queued/)
  house.line.setSpeed(Number.POSITIVE_INFINITY)
  for (const name of names) await rowSays(page, name, 'Ready')
  assert.deepEqual(visitor.complaints, [])
})

test('D6: cancel in the middle leaves nothing behind', async () => {
  await using house = await openHouse({ withAdmin: true })
  await makeEvidence(house.at('image.dd'), 80 * MB, 4)
  await using visitor = await visit(browser, house.origin)
  const { page } = visitor
  await signIn(page, admin)
  await makeCase(page, 'CASE-3', 'Phone')
  house.line.setSpeed(15 * MB)
  await chooseFiles(page, 'Choose files', house.at('image.dd'))
  await uploadedTo(page, 'image.dd', 30)
  await page.getByRole('button', { name: 'Cancel upload image.dd' }).click()
  await rowSays(page, 'image.dd', 'Nothing of it was kept.')
  await page.reload()
  await page.getByText('No files stored here yet').waitFor()
  assert.equal(await uploadRow(page, 'image.dd').count(), 0)
  assert.deepEqual(visitor.complaints, [])
})

test('N3: whoever has the link that the server printed becomes the administrator, and nobody after', async () => {
  await using house = await openHouse({ withAdmin: false })
  await using visitor = await visit(browser, house.origin)
  const { page } = visitor
  await page.goto('/')
  await page.getByLabel('One-time code').fill('2222-2222-2222-2222-2222')
  await page.getByLabel('Your name').fill(admin.name)
  await page.getByLabel('E-mail').fill(admin.email)
  await page.getByLabel(/^Password/).fill(admin.password)
  await page.getByRole('button', { name: 'Create administrator' }).click()
  await page.getByText(/not the one that the server printed/).waitFor()

  await page.goto('about:blank')
  await page.goto(house.setupPath())
  await page.getByLabel('Your name').fill(admin.name)
  assert.ok(!page.url().includes('code='), 'the code does not stay in the address')
  await page.getByLabel('E-mail').fill(admin.email)
  await page.getByLabel(/^Password/).fill(admin.password)
  await page.getByRole('button', { name: 'Create administrator' }).click()
  await page.getByRole('heading', { name: 'Cases', level: 1 }).waitFor()

  await using stranger = await visit(browser, house.origin)
  await stranger.page.goto(house.setupPath())
  await stranger.page.getByRole('button', { name: 'Sign in' }).waitFor()
  assert.deepEqual([...visitor.complaints, ...stranger.complaints], [])
})

test('S5: a file that is dropped on the case is sealed, stored and listed', async () => {
  await using house = await openHouse({ withAdmin: true })
  await using visitor = await visit(browser, house.origin)
  const { page } = visitor
  await signIn(page, admin)
  await makeCase(page, 'CASE-4', 'Dropped')
  const dropped = await page.evaluateHandle(() => {
    const transfer = new DataTransfer()
    transfer.items.add(new File(['what was found'], 'note.txt', { type: 'text/plain' }))
    transfer.items.add(new File([], 'empty.bin'))
    return transfer
  })
  const zone = page.getByText(/Drop files or folders anywhere/).first()
  for (const event of ['dragenter', 'dragover', 'drop']) await zone.dispatchEvent(event, { dataTransfer: dropped })
  const table = page.getByRole('table', { name: 'Stored files' })
  for (const name of ['note.txt', 'empty.bin']) await table.getByRole('row').filter({ hasText: name }).getByText('Ready').waitFor()
  const downloading = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download empty.bin' }).click()
  await (await downloading).saveAs(house.at('empty.bin'))
  assert.equal((await stat(house.at('empty.bin'))).size, 0)
  assert.deepEqual(visitor.complaints, [])
})
