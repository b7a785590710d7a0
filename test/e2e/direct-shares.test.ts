import assert from 'node:assert/strict'
import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { startSamba } from '../servers/samba.ts'
import { startSshd } from '../servers/sshd.ts'
import { launchChromium, makeCase, rowSays, signIn, uploadedTo, visit } from './browser.ts'
import {
  applySync,
  arrives,
  assertDigest,
  bindDirect,
  download,
  fileRow,
  openNearHouse,
  previewSync,
  section,
  sendDirect,
} from './direct-storage.ts'
import { admin, type House, makeEvidence, sha256Of } from './house.ts'

const MB = 1_000_000
let browser: Browser
before(async () => {
  browser = await launchChromium()
})
after(() => browser.close())

/** Sends a file while the server is killed and started again in the middle; what arrives is what was sent. */
async function sendOverRestart(page: Page, house: House, name: string): Promise<void> {
  const digest = await makeEvidence(house.at(name), 60 * MB, 3)
  house.line.setSpeed(12 * MB)
  await sendDirect(page, house.at(name))
  await uploadedTo(page, name, 30)
  await house.kill()
  await rowSays(page, name, 'Waiting for connection')
  await house.start()
  house.line.setSpeed(Number.POSITIVE_INFINITY)
  await arrives(page, name, digest)
  assert.equal(await download(page, name, house.at('back.dd')), digest)
}

/** The folder of the one case below `root`, as it lies on the storage's own disk. */
async function caseFolder(root: string): Promise<string> {
  const [tenant = ''] = await readdir(join(root, 'direct'))
  const [number = ''] = await readdir(join(root, 'direct', tenant))
  return join('direct', tenant, number)
}

/** Chooses what the menu of a file offers for its hash, and waits for the state that this brings. */
async function readBack(page: Page, name: string, action: string, becomes: string): Promise<void> {
  await page.getByRole('button', { name: `More actions for ${name}` }).click()
  await page.getByRole('menuitem', { name: action }).click()
  await fileRow(page, name).getByText(becomes, { exact: true }).waitFor()
}

test('D3 D10 D13: an SMB share over a killed server; what others copy there is found, hashed, and told when tampered with', async () => {
  await using house = await openNearHouse()
  await using resources = new AsyncDisposableStack()
  const samba = resources.adopt(await startSamba('encryption-required'), (server) => server.stop())
  await using visitor = await visit(browser, house.origin)
  const { page } = visitor
  await signIn(page, admin)
  await bindDirect(page, {
    kind: 'smb',
    place: { host: samba.host, port: samba.port, share: samba.share, user: samba.user, domain: 'WORKGROUP' },
    credentials: { password: samba.password },
  })
  await makeCase(page, 'CASE-SMB', 'On a share')
  await sendOverRestart(page, house, 'disk.dd')

  const folder = await caseFolder(samba.folder)
  const copied = await makeEvidence(house.at('copied.dd'), 5 * MB, 4)
  const put = samba.smbclient(`put ${house.at('copied.dd')} ${folder.replaceAll('/', '\\')}\\copied.dd`)
  assert.equal(put.status, 0, put.output)
  const preview = await previewSync(page, '1 difference found')
  await preview.getByText('copied.dd').waitFor()
  await applySync(page)
  await fileRow(page, 'copied.dd').getByText('Discovered').waitFor()

  await page.getByRole('button', { name: 'Calculate SHA-256 of copied.dd' }).click()
  await fileRow(page, 'copied.dd').getByText('Ready', { exact: true }).waitFor()
  await assertDigest(page, 'copied.dd', copied)

  const path = join(samba.folder, folder, 'copied.dd')
  const tampered = await readFile(path)
  tampered.write('TAMPERED', 1000)
  await writeFile(path, tampered)
  await readBack(page, 'copied.dd', 'Re-verify', 'Disk mismatch')
  await assertDigest(page, 'copied.dd', copied)
  await assertDigest(page, 'copied.dd', await sha256Of(path))

  await appendFile(join(samba.folder, folder, 'disk.dd'), 'more')
  await previewSync(page, 'To become Stale')
  await applySync(page)
  await fileRow(page, 'disk.dd').getByText('Stale', { exact: true }).waitFor()
  assert.deepEqual(visitor.complaints, [])
})

test('D3 D13: an SFTP server over a killed server; where more than half is gone, Sync asks before it lets them go', async () => {
  await using house = await openNearHouse()
  await using resources = new AsyncDisposableStack()
  const sshd = resources.adopt(await startSshd(), (server) => server.stop())
  const key = await sshd.key()
  await using visitor = await visit(browser, house.origin)
  const { page } = visitor
  await signIn(page, admin)
  await bindDirect(page, {
    kind: 'sftp',
    place: { host: sshd.host, port: sshd.port, user: sshd.user, directory: sshd.folder, hostKey: sshd.hostKey() },
    credentials: { privateKey: key.privateKey },
  })
  await makeCase(page, 'CASE-SFTP', 'On a server')
  await sendOverRestart(page, house, 'disk.dd')

  const folder = await caseFolder(sshd.folder)
  const names = ['a.dd', 'b.dd', 'c.dd', 'd.dd']
  const there = (name: string) => join(sshd.folder, folder, name)
  for (const [index, name] of names.entries()) await makeEvidence(house.at(name), MB, 5 + index)
  const put = sshd.sftp(key, names.map((name) => `put ${house.at(name)} ${there(name)}\n`).join(''))
  assert.equal(put.status, 0, put.output)
  await previewSync(page, '4 differences found')
  await applySync(page)
  for (const name of names) await fileRow(page, name).getByText('Discovered').waitFor()

  const gone = sshd.sftp(key, names.map((name) => `rm ${there(name)}\n`).join(''))
  assert.equal(gone.status, 0, gone.output)
  const brake = await previewSync(page, '4 of 5 files would vanish')
  assert.ok(await brake.getByRole('button', { name: 'Remove them from the list' }).isDisabled())
  await brake.getByLabel('I looked at the storage').check()
  await applySync(page, 'Remove them from the list')
  await section(page).getByText('1 file', { exact: true }).waitFor()
  assert.equal(await fileRow(page, 'disk.dd').count(), 1)
  assert.deepEqual(visitor.complaints, [])
})
