import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, Locator, Page } from 'playwright-core'
import { assertAccessible, chooseFiles, launchChromium, makeCase, rowSays, signIn, uploadedTo, visit } from './browser.ts'
import { admin, type House, makeEvidence, openHouse } from './house.ts'

let browser: Browser
let house: House
const resources = new AsyncDisposableStack()
before(async () => {
  browser = resources.adopt(await launchChromium(), (launched) => launched.close())
  house = resources.use(await openHouse({ withAdmin: true }))
})
after(() => resources.disposeAsync())

/** A dialog that closes gives the focus back a moment later, which takes it away from where Tab has just brought it. */
async function staysFocused(wanted: Locator): Promise<boolean> {
  const isFocused = () => wanted.evaluate((element) => element === document.activeElement)
  if (!(await isFocused())) return false
  await sleep(300)
  return isFocused()
}

/** Presses Tab until the element of this role and name has the focus, as somebody without a mouse does. */
async function tabTo(page: Page, role: 'button' | 'link' | 'textbox', name: string | RegExp): Promise<void> {
  const wanted = page.getByRole(role, { name }).first()
  await wanted.waitFor()
  for (let presses = 0; presses < 60; presses += 1) {
    if (await staysFocused(wanted)) return
    await page.keyboard.press('Tab')
  }
  assert.fail(`Tab does not reach the ${role} ${name}`)
}

test('U5: from signing in to the download with the keyboard alone', async () => {
  await using visitor = await visit(browser, house.origin)
  const { page } = visitor
  await page.goto('/')
  await tabTo(page, 'textbox', 'E-mail')
  await page.keyboard.type(admin.email)
  await page.keyboard.press('Tab')
  await page.keyboard.type(admin.password)
  await page.keyboard.press('Enter')

  await tabTo(page, 'button', 'New case')
  await page.keyboard.press('Enter')
  await page.getByRole('dialog', { name: 'New case' }).waitFor()
  await tabTo(page, 'textbox', /^Case number/)
  await page.keyboard.type('CASE-KEYS')
  await page.keyboard.press('Tab')
  await page.keyboard.type('By keyboard')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'By keyboard', level: 1 }).waitFor()
  await page.getByRole('dialog', { name: 'New case' }).waitFor({ state: 'detached' })

  await makeEvidence(house.at('keys.bin'), 100_000, 9)
  const choosing = page.waitForEvent('filechooser')
  await tabTo(page, 'button', 'Choose files')
  await page.keyboard.press('Enter')
  await (await choosing).setFiles(house.at('keys.bin'))
  await tabTo(page, 'button', 'Download keys.bin')
  const downloading = page.waitForEvent('download')
  await page.keyboard.press('Enter')
  assert.equal((await downloading).suggestedFilename(), 'keys.bin')

  await tabTo(page, 'button', 'keys.bin')
  await page.keyboard.press('Enter')
  await page.getByRole('dialog', { name: 'File details' }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog', { name: 'File details' }).waitFor({ state: 'detached' })
  assert.ok(
    await page.getByRole('button', { name: 'keys.bin', exact: true }).evaluate((element) => element === document.activeElement),
    'the focus goes back',
  )
  assert.deepEqual(visitor.complaints, [])
})

/** What the server answers to these credentials. */
async function signInStatus(email: string, password: string): Promise<number> {
  const headers = { 'content-type': 'application/json', origin: house.origin }
  const answer = await fetch(`${house.origin}/api/auth/sign-in/email`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ email, password }),
  })
  return answer.status
}

test('N3 U5: people are added, given another role and a new password; the cursor goes to the first field that was refused', async () => {
  await using visitor = await visit(browser, house.origin)
  const { page } = visitor
  await signIn(page, admin)
  await page.goto('/settings/people')
  await page.getByRole('button', { name: 'Add person' }).click()
  const adding = page.getByRole('dialog', { name: 'Add person' })
  await adding.getByRole('button', { name: 'Add person' }).click()
  await adding.getByLabel('Name').and(page.locator(':focus')).waitFor()
  await adding.getByLabel('Name').fill('Grace Hopper')
  await adding.getByLabel('E-mail').fill('grace@example.org')
  await adding.getByLabel('First password').fill('the first of two words')
  await adding.getByRole('button', { name: 'Add person' }).click()
  await adding.waitFor({ state: 'detached' })
  assert.equal(await signInStatus('grace@example.org', 'the first of two words'), 200)

  await page.getByLabel('Role of Grace Hopper').selectOption({ label: 'Viewer' })
  const asking = page.getByRole('dialog', { name: 'Make Grace Hopper Viewer?' })
  await asking.getByText('are revoked').waitFor()
  await assertAccessible(page, 'another role for somebody')
  await asking.getByRole('button', { name: 'Change role' }).click()
  await asking.waitFor({ state: 'detached' })
  await page.waitForFunction(() => document.querySelector<HTMLSelectElement>('[aria-label="Role of Grace Hopper"]')?.value === 'viewer')

  await page.getByRole('button', { name: 'New password for Grace Hopper' }).click()
  const setting = page.getByRole('dialog', { name: 'New password for Grace Hopper' })
  await assertAccessible(page, 'a new password for somebody')
  await setting.getByLabel('New password', { exact: false }).and(page.locator('input')).fill('the second of two words')
  await setting.getByRole('button', { name: 'Set password' }).click()
  await setting.waitFor({ state: 'detached' })
  assert.equal(await signInStatus('grace@example.org', 'the first of two words'), 401)
  assert.equal(await signInStatus('grace@example.org', 'the second of two words'), 200)
  assert.deepEqual(visitor.complaints, [])
})

test('U5: the check of the rules sees a fault where there is one', async () => {
  await using visitor = await visit(browser, house.origin)
  const { page } = visitor
  await page.goto('/')
  await page.getByRole('button', { name: 'Sign in' }).waitFor()
  await page.evaluate(() => document.querySelector('form')?.append(new Image(20, 20)))
  await assert.rejects(assertAccessible(page, 'an image without words'), /image-alt/)
})

const pages: readonly [string, string][] = [
  ['/cases', 'Cases'],
  ['/audit', 'Audit log'],
  ['/files', 'Files'],
  ['/holds', 'Legal holds'],
  ['/settings/classes', 'Object classes'],
  ['/settings/webhooks', 'Webhooks'],
  ['/settings/storage', 'Storage'],
  ['/settings/people', 'People'],
  ['/settings/tokens', 'API tokens'],
  ['/settings/jobs', 'Jobs'],
]

for (const colorScheme of ['light', 'dark'] as const) {
  test(`U5: no page breaks a rule of WCAG that a program can see (${colorScheme})`, async () => {
    await using visitor = await visit(browser, house.origin, { colorScheme })
    const { page } = visitor
    await page.goto('/')
    await page.getByRole('button', { name: 'Sign in' }).waitFor()
    await assertAccessible(page, 'sign-in')
    await signIn(page, admin)
    for (const [path, heading] of pages) {
      await page.goto(path)
      await page.getByRole('heading', { name: heading, level: 1 }).waitFor()
      await page.waitForLoadState('networkidle')
      await assertAccessible(page, path)
    }
    await caseInEveryState(page, colorScheme)
    assert.deepEqual(visitor.complaints, [])
  })
}

/** The case page with a file being sent, interrupted, stored, and its details open. */
async function caseInEveryState(page: Page, name: string): Promise<void> {
  await makeEvidence(house.at(`${name}.dd`), 30_000_000, 7)
  await makeCase(page, `CASE-${name}`, `Looked at in ${name}`)
  await assertAccessible(page, 'an empty case')
  house.line.setSpeed(4_000_000)
  await chooseFiles(page, 'Choose files', house.at(`${name}.dd`))
  await uploadedTo(page, `${name}.dd`, 35)
  await assertAccessible(page, 'while a file is sent')
  page.once('dialog', (dialog) => void dialog.accept())
  await page.reload()
  await rowSays(page, `${name}.dd`, /Interrupted at/)
  await assertAccessible(page, 'with an interrupted upload')
  house.line.setSpeed(Number.POSITIVE_INFINITY)
  await chooseFiles(page, `Choose the same file for ${name}.dd`, house.at(`${name}.dd`))
  await rowSays(page, `${name}.dd`, 'Ready')
  await page.getByRole('button', { name: `${name}.dd`, exact: true }).click()
  await page.getByRole('dialog', { name: 'File details' }).getByText('Declared and computed are equal').waitFor()
  await assertAccessible(page, 'with the details of a file')
}
