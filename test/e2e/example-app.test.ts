import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import sharp from 'sharp'
import { assertAccessible, launchChromium, visit } from './browser.ts'
import { type Bucket, openBucket } from './direct-storage.ts'
import { buildExample, type ExampleApp, startExample } from './example-app.ts'
import { type House, openHouse } from './house.ts'

const photo = (colour: string) =>
  sharp({ create: { width: 640, height: 640, channels: 3, background: colour } })
    .png()
    .toBuffer()
const script = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'

const choose = async (page: Page, path: string): Promise<void> => page.setInputFiles('input[type=file]', path)
const current = (page: Page) => page.getByRole('region', { name: 'Current photo' }).getByRole('img')
const rows = (page: Page) => page.getByRole('region', { name: 'All photos' }).getByRole('listitem')
const says = (page: Page, words: string | RegExp) => page.getByText(words).first().waitFor()

/** The photo is there: not its frame alone, but its pixels. */
async function seen(page: Page, name: string): Promise<void> {
  const image = current(page).and(page.getByAltText(name, { exact: true }))
  await image.waitFor()
  await page.waitForFunction((alt) => {
    const found = document.querySelector<HTMLImageElement>(`.current img[alt="${alt}"]`)
    return found?.complete && found.naturalWidth === 640
  }, name)
}

async function stored(page: Page): Promise<string[]> {
  const { items } = await page.evaluate(async () => (await fetch('/api/photos')).json())
  return (items as { originalFilename: string }[]).map(({ originalFilename }) => originalFilename)
}

/** Holds the bytes on their way until the journey lets go of them. */
async function holdBytes(page: Page): Promise<() => Promise<void>> {
  const held = Promise.withResolvers<void>()
  const bytes = (url: URL) => !url.pathname.startsWith('/api/uploads') && !url.pathname.startsWith('/api/photos')
  await page.route(bytes, async (route) => {
    if (route.request().method() !== 'PUT') return route.fallback()
    await held.promise
    await route.continue().catch(() => {})
  })
  return async () => {
    held.resolve()
    await page.unroute(bytes)
  }
}

const places = ['the built-in Local target', 'a bucket of versitygw'] as const
before(buildExample)
for (const kind of places) {
  describe(`the example app, with its photos on ${kind}`, () => {
    let browser: Browser
    let house: House
    let bucket: Bucket | null = null
    let app: ExampleApp
    before(async () => {
      bucket = kind === 'a bucket of versitygw' ? await openBucket('photos') : null
      house = await openHouse({ withAdmin: true, env: bucket === null ? {} : bucketSettings(bucket) })
      app = await startExample(house)
      await bucket?.allow(app.origin)
      browser = await launchChromium()
      for (const [name, colour] of [
        ['first.png', '#8db3d2'],
        ['second.png', '#2a5a7d'],
        ['called.jpg', '#123456'],
      ] as const)
        await writeFile(house.at(name), await photo(colour))
      await writeFile(house.at('drawing.svg'), script)
    })
    after(async () => {
      await browser?.close()
      await app?.[Symbol.asyncDispose]()
      await house?.[Symbol.asyncDispose]()
      await bucket?.[Symbol.asyncDispose]()
    })

    test('U3 O1 O9: a photo is chosen, sent, seen, replaced, refused with reasons, cancelled and deleted', async () => {
      await using visitor = await visit(browser, app.origin)
      const { page } = visitor
      const puts: { origin: string; headers: Record<string, string> }[] = []
      page.on('request', (sent) => {
        if (sent.method() === 'PUT') puts.push({ origin: new URL(sent.url()).origin, headers: sent.headers() })
      })
      await page.goto('/')
      await says(page, 'No photo yet')

      await choose(page, house.at('first.png'))
      await says(page, 'This is your photo now.')
      await seen(page, 'first.png')

      await choose(page, house.at('second.png'))
      await seen(page, 'second.png')
      assert.deepEqual(
        (await rows(page).allTextContents()).map((text) => /^(\S+\.png)(Current|Replaced)/.exec(text)?.slice(1)),
        [
          ['second.png', 'Current'],
          ['first.png', 'Replaced'],
        ],
      )

      await choose(page, house.at('called.jpg'))
      await says(page, 'The photo was not taken.')
      await says(page, /PNG/)
      await choose(page, house.at('drawing.svg'))
      await says(page, /takes image\/jpeg, image\/png, image\/webp/)

      const letGo = await holdBytes(page)
      await choose(page, house.at('first.png'))
      await says(page, 'Sending …')
      await page.getByRole('button', { name: 'Cancel' }).click()
      await page.getByRole('progressbar').waitFor({ state: 'detached' })
      await letGo()
      assert.deepEqual(await stored(page), ['second.png', 'first.png'])

      await page.getByRole('button', { name: 'Delete first.png' }).click()
      await page.getByRole('button', { name: 'Delete first.png' }).waitFor({ state: 'detached' })
      assert.deepEqual(await stored(page), ['second.png'])
      await page.reload()
      await seen(page, 'second.png')

      const wanted = bucket === null ? house.origin : bucket.endpoint
      assert.ok(puts.length >= 3 && puts.every(({ origin, headers }) => origin === wanted && !('authorization' in headers)))
      assert.deepEqual(visitor.complaints, [])
    })

    test('U3: the page reads well for everybody, wide and narrow, in light and dark', async () => {
      for (const colorScheme of ['light', 'dark'] as const) {
        await using visitor = await visit(browser, app.origin, { colorScheme })
        const { page } = visitor
        for (const width of [1440, 390]) {
          await page.setViewportSize({ width, height: 900 })
          await page.goto('/')
          await seen(page, 'second.png')
          await choose(page, house.at('drawing.svg'))
          await page.getByRole('alert').waitFor()
          await assertAccessible(page, `${colorScheme}, ${width}`)
          assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false)
          if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/example-${colorScheme}-${width}.png` })
        }
      }
    })
  })
}

const bucketSettings = ({ name, endpoint, accessKeyId, secretAccessKey }: Bucket) => ({
  ...{ HOLDFAST_ALLOW_LOCAL_TARGETS: '1', STORAGE_BUCKET: name, STORAGE_ENDPOINT: endpoint },
  ...{ STORAGE_ACCESS_KEY: accessKeyId, STORAGE_SECRET_KEY: secretAccessKey },
})
