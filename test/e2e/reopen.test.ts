import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { chooseFiles, launchChromium, makeCase, rowSays, signIn, uploadedTo, visit } from './browser.ts'
import { admin, makeEvidence, openHouse } from './house.ts'

const MB = 1_000_000
let browser: Browser
before(async () => {
  browser = await launchChromium()
})
after(() => browser.close())

/** Has the picker of the system hand out a file of the browser's own disk, whose handle is like any other. Answers its SHA-256. */
const pickFromOwnDisk = (page: Page, name: string, size: number): Promise<string> =>
  page.evaluate(
    async ([called, bytes]) => {
      const root = await navigator.storage.getDirectory()
      const handle = await root.getFileHandle(called, { create: true })
      const content = Uint8Array.from({ length: bytes }, (_, index) => (index * 2_654_435_761) >>> 24)
      const file = await handle.createWritable()
      await file.write(content)
      await file.close()
      Object.assign(window, { showOpenFilePicker: async () => [handle] })
      return [...new Uint8Array(await crypto.subtle.digest('SHA-256', content))].map((byte) => byte.toString(16).padStart(2, '0')).join('')
    },
    [name, size] as const,
  )

test('S9: where the browser has file handles, an interrupted upload goes on by one click, without choosing its file again', async () => {
  await using house = await openHouse({ withAdmin: true })
  await using visitor = await visit(browser, house.origin)
  const { page } = visitor
  await signIn(page, admin)
  await makeCase(page, 'CASE-7', 'Handles')
  const digest = await pickFromOwnDisk(page, 'image.dd', 40 * MB)
  house.line.setSpeed(10 * MB)
  await page.getByRole('button', { name: 'Choose files' }).click()
  await uploadedTo(page, 'image.dd', 50)
  page.once('dialog', (dialog) => void dialog.accept())
  await page.reload()
  await rowSays(page, 'image.dd', /Interrupted at \d+/)
  house.line.setSpeed(Number.POSITIVE_INFINITY)
  await page.getByRole('button', { name: 'Go on with image.dd' }).click()
  await rowSays(page, 'image.dd', 'Ready')
  await page.getByRole('button', { name: 'image.dd', exact: true }).click()
  const digests = page.getByRole('dialog', { name: 'File details' }).getByText(digest)
  await digests.nth(1).waitFor()
  assert.equal(await digests.count(), 2)
  assert.deepEqual(visitor.complaints, [])
})

test('D9: a file is hashed although the program that does it could not be loaded at first', async () => {
  await using house = await openHouse({ withAdmin: true })
  await using visitor = await visit(browser, house.origin)
  const { page } = visitor
  await signIn(page, admin)
  await makeCase(page, 'CASE-8', 'Workers')
  let refused = 0
  await page.route(/hash-worker/, (route) => {
    refused += 1
    return refused === 1 ? route.abort() : route.continue()
  })
  const digest = await makeEvidence(house.at('image.dd'), 20 * MB, 6)
  await chooseFiles(page, 'Choose files', house.at('image.dd'))
  await rowSays(page, 'image.dd', 'Ready')
  assert.equal(refused, 2)
  await page.getByRole('button', { name: 'image.dd', exact: true }).click()
  await page.getByRole('dialog', { name: 'File details' }).getByText(digest).first().waitFor()
})
