import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createClient, objectEndpoints, startObjectUpload } from '@holdfast/client'
import { ConfigError, createHoldfast, FolderInUse, initDataFolder, KeyError } from '@holdfast/server'
import { photo, picture, place, tuning } from '../../client/test/object-run.ts'
import { sha256 } from './file-world.ts'

const folder = await mkdtemp(join(tmpdir(), 'holdfast-embed-'))
after(() => rm(folder, { recursive: true }))
const dataDir = join(folder, 'data')
const log = { level: 'fatal' } as const

test('C9: without keys, or with settings that are not valid, nothing starts and nothing is made', async () => {
  // What is meant for a server of its own does not reach one that is embedded.
  process.env.HOLDFAST_MASTER_KEY = 'not for this one'
  after(() => delete process.env.HOLDFAST_MASTER_KEY)
  await assert.rejects(createHoldfast({ dataDir }), (error: Error) => error instanceof ConfigError && /holdfast init/.test(error.message))
  await initDataFolder(dataDir)
  await assert.rejects(createHoldfast({ dataDir, publicUrl: 'https://app.example.org/files' }), /HOLDFAST_PUBLIC_URL must be the origin/)
  await assert.rejects(createHoldfast({ dataDir, objects: { maxBytes: -1 } }), /STORAGE_MAX_FILE_SIZE_BYTES/)
})

test('C9: an app serves Holdfast from its own server, with its own routes beside it, and stores an object', async () => {
  await using holdfast = await createHoldfast({ dataDir, log, objects: { uploadUrlSeconds: 60 } })
  assert.ok(holdfast.setupCode)
  await assert.rejects(createHoldfast({ dataDir }), FolderInUse)
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/api/v1/')) return holdfast.handler(request, response)
    response.end('the app')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  try {
    assert.equal(await (await fetch(`${origin}/`)).text(), 'the app')
    const token = await holdfast.createToken({ name: 'app', role: 'examiner' })
    const client = createClient({ baseUrl: origin, token })
    const bytes = await picture()
    const final = await startObjectUpload({ file: photo(bytes), place, tuning, ...objectEndpoints(client) }).done
    assert.ok(final.phase === 'ready', JSON.stringify(final))
    const { downloadUrl } = await client.objects.downloadUrl(final.file.id)
    assert.ok(downloadUrl.startsWith(origin))
    assert.equal(sha256(Buffer.from(await (await fetch(downloadUrl)).arrayBuffer())), sha256(bytes))
    const document = await holdfast.http.inject('/api/v1/openapi.json')
    assert.equal(document.json().openapi, '3.1.0')
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

test('C9: it stops, starts again on the same folder, and can listen by itself', async () => {
  await using holdfast = await createHoldfast({ dataDir, log })
  const url = await holdfast.listen({ host: '127.0.0.1', port: 0 })
  const client = createClient({ baseUrl: url, token: await holdfast.createToken({ name: 'again', role: 'viewer' }) })
  const { items } = await client.objects.list({ status: 'READY' })
  assert.equal(items.length, 1)
})

test('C9: a key of another Holdfast is refused', async () => {
  const master = Buffer.alloc(32, 7).toString('base64url')
  await assert.rejects(createHoldfast({ dataDir, keys: { master: `${master}=` } }), KeyError)
})
