import assert from 'node:assert/strict'
import { CreateBucketCommand, ListObjectsV2Command, PutBucketCorsCommand, S3Client } from '@aws-sdk/client-s3'
import type { Page } from 'playwright-core'
import { startS3 } from '../servers/s3.ts'
import { rowSays, uploadRow } from './browser.ts'
import { type House, openHouse, sha256Of } from './house.ts'
import { type Line, startLine } from './line.ts'

/** A server that may reach storage on this machine, which in earnest is refused. */
export const openNearHouse = (): Promise<House> => openHouse({ withAdmin: true, env: { HOLDFAST_ALLOW_LOCAL_TARGETS: '1' } })

/** A bucket behind a line of its own, which browser and server both go through. */
export interface Bucket extends AsyncDisposable {
  readonly name: string
  readonly line: Line
  readonly endpoint: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Lets pages of `origin` send parts and read what the bucket answers. */
  allow(origin: string): Promise<void>
  /** The names of the objects in it. */
  names(): Promise<string[]>
}

export async function openBucket(name = 'evidence'): Promise<Bucket> {
  const server = await startS3('versitygw')
  const line = await startLine(() => server.port)
  const { accessKeyId, secretAccessKey, region } = server
  const s3 = new S3Client({
    ...{ endpoint: server.endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } },
    requestChecksumCalculation: 'WHEN_REQUIRED',
  })
  await s3.send(new CreateBucketCommand({ Bucket: name }))
  return {
    ...{ name, line, accessKeyId, secretAccessKey },
    endpoint: `http://127.0.0.1:${line.port}`,
    async allow(origin) {
      const rule = { AllowedOrigins: [origin], AllowedMethods: ['GET', 'PUT'], AllowedHeaders: ['*'], ExposeHeaders: ['ETag'] }
      await s3.send(new PutBucketCorsCommand({ Bucket: name, CORSConfiguration: { CORSRules: [rule] } }))
    },
    async names() {
      const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: name }))
      return (Contents ?? []).flatMap((object) => (object.Key?.endsWith('/') ? [] : [object.Key ?? '']))
    },
    async [Symbol.asyncDispose]() {
      s3.destroy()
      await line[Symbol.asyncDispose]()
      await server.stop()
    },
  }
}

/** Calls the API as the page that is signed in does. */
export const call = <T>(page: Page, method: string, path: string, body?: unknown): Promise<T> =>
  page.evaluate(
    async ([how, at, what]) => {
      const headers = { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() }
      const answer = await fetch(`/api/v1${at}`, { method: how, headers, ...(what === undefined ? {} : { body: JSON.stringify(what) }) })
      if (!answer.ok) throw new Error(`${how} ${at}: ${answer.status} ${await answer.text()}`)
      return answer.status === 204 ? null : await answer.json()
    },
    [method, path, body] as const,
  ) as Promise<T>

/** Makes a target of these fields and has it serve Direct. */
export async function bindDirect(page: Page, fields: object): Promise<void> {
  const { id } = await call<{ id: string }>(page, 'POST', '/targets', { name: 'Share', quotaBytes: null, ...fields })
  await call(page, 'PUT', '/roles/direct', { targetId: id })
}

/** The section, and what stands in it. */
export const section = (page: Page) => page.getByRole('region', { name: 'Direct Storage', exact: true })
export const fileRow = (page: Page, name: string) =>
  section(page).getByRole('table', { name: 'Files in Direct Storage' }).getByRole('row').filter({ hasText: name })

export async function sendDirect(page: Page, paths: string | string[]): Promise<void> {
  const choosing = page.waitForEvent('filechooser')
  await section(page).getByRole('button', { name: 'Choose files' }).click()
  await (await choosing).setFiles(paths)
}

/** The upload is done, and what the page shows of it is the digest of what was sent. */
export async function arrives(page: Page, name: string, digest: string): Promise<void> {
  await rowSays(page, name, 'Ready')
  assert.equal(await uploadRow(page, name).count(), 1)
  await assertDigest(page, name, digest)
}

export async function assertDigest(page: Page, name: string, digest: string): Promise<void> {
  await section(page).getByRole('button', { name, exact: true }).click()
  const details = page.getByRole('dialog', { name: 'File details' })
  await details.getByText(digest).first().waitFor()
  await page.keyboard.press('Escape')
  await details.waitFor({ state: 'detached' })
}

/** Downloads through the button of the row; answers the SHA-256 of what the browser saved. */
export async function download(page: Page, name: string, to: string): Promise<string> {
  const downloading = page.waitForEvent('download')
  await page.getByRole('button', { name: `Download ${name}` }).click()
  const saved = await downloading
  assert.equal(saved.suggestedFilename(), name)
  await saved.saveAs(to)
  return sha256Of(to)
}

/** Opens Sync and waits for what its preview says. */
export async function previewSync(page: Page, says: string | RegExp) {
  await section(page).getByRole('button', { name: 'Sync', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Sync with the storage' })
  await dialog.getByText(says).first().waitFor()
  return dialog
}

export async function applySync(page: Page, button = 'Apply', says: string | RegExp = 'Synchronized'): Promise<void> {
  const dialog = page.getByRole('dialog', { name: 'Sync with the storage' })
  await dialog.getByRole('button', { name: button }).click()
  await dialog.getByText(says, { exact: true }).waitFor()
  await dialog.getByText('Close', { exact: true }).click()
  await dialog.waitFor({ state: 'detached' })
}
