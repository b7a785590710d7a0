import assert from 'node:assert/strict'
import { AxeBuilder } from '@axe-core/playwright'
import { type Browser, chromium, type Page } from 'playwright-core'

/** The system's Chromium, as the browser that people have. */
export const launchChromium = (): Promise<Browser> =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-dev-shm-usage'] })

export type Visitor = AsyncDisposable & {
  readonly page: Page
  /** What the page reported as broken: exceptions, and errors on its console other than of the network. */
  readonly complaints: readonly string[]
}

/** A browser window of its own, signed in by nobody. */
export async function visit(browser: Browser, origin: string, options: { colorScheme?: 'light' | 'dark' } = {}): Promise<Visitor> {
  const context = await browser.newContext({
    baseURL: origin,
    acceptDownloads: true,
    colorScheme: options.colorScheme ?? 'light',
    reducedMotion: 'reduce',
    viewport: { width: 1280, height: 900 },
  })
  context.setDefaultTimeout(60_000)
  // The picker of file handles belongs to the system and can't be driven from outside; without it, files are chosen through an input.
  await context.addInitScript(() => void Reflect.deleteProperty(window, 'showOpenFilePicker'))
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    // A line that was cut, and an answer outside 2xx, are logged by the browser itself.
    if (message.type() === 'error' && !/Failed to load resource|net::ERR_/.test(message.text())) complaints.push(message.text())
  })
  return { page, complaints, [Symbol.asyncDispose]: () => context.close() }
}

export async function signIn(page: Page, person: { email: string; password: string }): Promise<void> {
  await page.goto('/')
  await page.getByLabel('E-mail').fill(person.email)
  await page.getByLabel('Password', { exact: true }).fill(person.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Cases', level: 1 }).waitFor()
}

export async function makeCase(page: Page, number: string, title: string): Promise<void> {
  await page.goto('/cases')
  await page.getByRole('button', { name: 'New case' }).first().click()
  const dialog = page.getByRole('dialog', { name: 'New case' })
  await dialog.getByLabel('Case number').fill(number)
  await dialog.getByLabel('Title').fill(title)
  await dialog.getByRole('button', { name: 'Create case' }).click()
  await page
    .getByRole('heading', { name: new RegExp(title) })
    .first()
    .waitFor()
}

/** Chooses files the way a person does: through the button and the system's dialog. */
export async function chooseFiles(page: Page, button: string | RegExp, paths: string | string[]): Promise<void> {
  const choosing = page.waitForEvent('filechooser')
  await page.getByRole('button', { name: button }).click()
  await (await choosing).setFiles(paths)
}

/** The row of a file in the list of uploads. */
export const uploadRow = (page: Page, name: string) =>
  page.getByRole('region', { name: 'Uploads' }).getByRole('listitem').filter({ hasText: name })

/** Resolves once the upload of `name` has come to `percent`. @throws where it ends first. */
export async function uploadedTo(page: Page, name: string, percent: number): Promise<void> {
  const bar = page.getByRole('progressbar', { name: `Progress of ${name}` })
  for (;;) {
    const now = Number((await bar.getAttribute('aria-valuenow').catch(() => null)) ?? Number.NaN)
    if (now >= percent) return
    const row = await uploadRow(page, name).textContent()
    assert.ok(row !== null && !/Error|Cancelled|Ready/.test(row), `The upload ended before ${percent} %: ${row}`)
    await page.waitForTimeout(50)
  }
}

/** Waits until the row of `name` says `words`. @throws with what it says instead. */
export async function rowSays(page: Page, name: string, words: string | RegExp): Promise<void> {
  const row = uploadRow(page, name)
  try {
    await row.getByText(words, { exact: true }).waitFor()
  } catch (error) {
    const now = await row.allTextContents()
    throw new Error(`The row of ${name} does not say ${words}, but: ${now.join(' | ') || 'it is gone'}`, { cause: error })
  }
}

/** Fails on anything that WCAG 2.2 A or AA forbids and a program can see. */
export async function assertAccessible(page: Page, what: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze()
  const told = violations.map(({ id, help, nodes }) => `${id}: ${help}\n${nodes.map((node) => `  ${node.html}`).join('\n')}`)
  assert.deepEqual(told, [], what)
}
