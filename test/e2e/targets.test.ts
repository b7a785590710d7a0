import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import type { Browser, Page } from 'playwright-core'
import { holdfast } from '../../packages/cli/test/command.ts'
import { startS3 } from '../servers/s3.ts'
import { startSamba } from '../servers/samba.ts'
import { startSshd } from '../servers/sshd.ts'
import { assertAccessible, chooseFiles, launchChromium, makeCase, rowSays, signIn, uploadedTo, visit } from './browser.ts'
import { admin, type House, makeEvidence, openHouse, sha256Of } from './house.ts'

const MB = 1_000_000
let browser: Browser
before(async () => {
  browser = await launchChromium()
})
after(() => browser.close())

/** A storage server that can be unplugged, and how its target is filled in. */
type Storage = AsyncDisposable & {
  readonly kind: 's3' | 'smb' | 'sftp'
  fill(page: Page): Promise<void>
  kill(): Promise<void>
  restart(): Promise<void>
}

const fillIn = async (page: Page, fields: Record<string, string>): Promise<void> => {
  for (const [label, value] of Object.entries(fields)) await page.getByRole('textbox', { name: label }).fill(value)
}

async function s3(): Promise<Storage> {
  const server = await startS3('versitygw')
  const { endpoint, region, accessKeyId, secretAccessKey } = server
  const client = new S3Client({ endpoint, region, credentials: { accessKeyId, secretAccessKey }, forcePathStyle: true })
  await client.send(new CreateBucketCommand({ Bucket: 'evidence' }))
  client.destroy()
  return {
    ...{ kind: 's3', kill: server.kill, restart: server.restart, [Symbol.asyncDispose]: server.stop },
    fill: (page) =>
      fillIn(page, {
        ...{ 'Endpoint URL': endpoint, Bucket: 'evidence', Region: region },
        ...{ 'Access key id': accessKeyId, 'Secret access key': secretAccessKey },
      }),
  }
}

async function smb(): Promise<Storage> {
  const server = await startSamba('encryption-required')
  const { host, port, share, user, password } = server
  return {
    ...{ kind: 'smb', kill: server.kill, restart: server.restart, [Symbol.asyncDispose]: server.stop },
    fill: (page) => fillIn(page, { Host: host, Port: String(port), Share: share, User: user, Password: password }),
  }
}

async function sftp(): Promise<Storage> {
  const server = await startSshd()
  const { privateKey } = await server.key()
  const { host, port, user, folder } = server
  return {
    ...{ kind: 'sftp', kill: server.kill, restart: server.restart, [Symbol.asyncDispose]: server.stop },
    async fill(page) {
      await fillIn(page, { Host: host, Port: String(port), Directory: folder, User: user })
      await page.getByRole('radio', { name: 'Private key' }).check()
      await fillIn(page, { 'Private key': privateKey })
      await page.getByRole('button', { name: 'Test connection' }).click()
      await page.getByText(server.hostKey()).first().waitFor()
      await page.getByRole('checkbox', { name: /I compared it/ }).check()
    },
  }
}

async function addTarget(page: Page, storage: Storage): Promise<void> {
  await page.goto(`/settings/storage/new?kind=${storage.kind}`)
  await fillIn(page, { Name: 'Vault' })
  await storage.fill(page)
  await page.getByRole('button', { name: 'Test connection' }).click()
  await page.getByText('Every step passed').waitFor()
  await assertAccessible(page, 'a target that was tried')
  await page.getByRole('button', { name: 'Add target' }).click()
  await page.getByRole('heading', { name: 'Storage', level: 1 }).waitFor()
}

async function bind(page: Page, choice: { staged: boolean }): Promise<void> {
  await page.goto('/settings/storage')
  const role = page.getByRole('region', { name: 'Encrypted', exact: true })
  await role.getByRole('combobox').selectOption({ label: 'Vault' })
  const staged = role.getByRole('switch', { name: 'Stage on this server first' })
  await staged.setChecked(choice.staged, { force: true })
  await role.getByRole('button', { name: /^Apply/ }).click()
  await page.getByText('Role changed').waitFor()
}

async function testAgain(page: Page): Promise<void> {
  await page.goto('/settings/storage')
  await page.getByRole('button', { name: 'Test connection: Vault' }).click()
  await page.getByText('Every step passed').waitFor()
}

const fileRow = (page: Page, name: string) =>
  page
    .getByRole('row')
    .filter({ has: page.getByRole('button', { name, exact: true }) })
    .first()

async function assertDownload(page: Page, house: House, file: { name: string; digest: string }): Promise<void> {
  const downloading = page.waitForEvent('download')
  await page.getByRole('button', { name: `Download ${file.name}` }).click()
  await (await downloading).saveAs(house.at('back.bin'))
  assert.equal(await sha256Of(house.at('back.bin')), file.digest)
}

for (const start of [s3, smb, sftp]) {
  test(`T1 T6 R1 S3: a target on ${start.name} is added, tested, bound, unplugged in the middle and brought back, and nothing is lost`, async () => {
    await using storage = await start()
    await using house = await openHouse({ withAdmin: true, env: { HOLDFAST_ALLOW_LOCAL_TARGETS: '1' } })
    await using visitor = await visit(browser, house.origin)
    const { page } = visitor
    await signIn(page, admin)
    await addTarget(page, storage)

    await bind(page, { staged: true })
    await storage.kill()
    await makeCase(page, 'CASE-1', 'Staged')
    const staged = { name: 'staged.dd', digest: await makeEvidence(house.at('staged.dd'), 40 * MB, 1) }
    await chooseFiles(page, 'Choose files', house.at(staged.name))
    await rowSays(page, staged.name, 'Ready')
    const caseUrl = page.url()
    await fileRow(page, staged.name).getByText('Syncing to backend').waitFor()
    await assertDownload(page, house, staged)
    await storage.restart()
    await testAgain(page)
    await page.goto(caseUrl)
    await fileRow(page, staged.name).getByText('Ready', { exact: true }).waitFor()
    await assertDownload(page, house, staged)

    await bind(page, { staged: false })
    await page.goto(caseUrl)
    const direct = { name: 'through.dd', digest: await makeEvidence(house.at('through.dd'), 60 * MB, 2) }
    house.line.setSpeed(15 * MB)
    await chooseFiles(page, 'Choose files', house.at(direct.name))
    await uploadedTo(page, direct.name, 30)
    await storage.kill()
    house.line.setSpeed(Number.POSITIVE_INFINITY)
    await rowSays(page, direct.name, /Waiting for/)
    await storage.restart()
    await rowSays(page, direct.name, 'Ready')
    await assertDownload(page, house, direct)
    assert.deepEqual(visitor.complaints, [])
    const report = await holdfast(['check', '--data', house.data], { env: { HOLDFAST_ALLOW_LOCAL_TARGETS: '1' } })
    assert.equal(report.status, 0, report.stdout.toString())
  })
}
