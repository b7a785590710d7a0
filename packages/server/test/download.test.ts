import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { copyFile, readFile, truncate, writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { MIN_PART_PLAIN_BYTES, SEGMENT_PLAIN_BYTES, SEGMENT_STORED_BYTES } from '@holdfast/api'
import { parse } from 'content-disposition'
import fc from 'fast-check'
import { type Api, type FileWorld, openFileWorld } from './file-world.ts'

let world: FileWorld
let api: Api
let caseId: string
before(async () => {
  world = await openFileWorld()
  api = world.api
  caseId = (await api.newCase()).id
})
after(() => world[Symbol.asyncDispose]())

const pathOf = (fileId: string): string => join(world.dataDir, 'objects', 'attachments', world.tenant.id, caseId, `${fileId}.bin`)
const head = (fileId: string, headers: Record<string, string> = {}, query = '') =>
  fetch(`${world.origin}/api/v1/files/${fileId}/content${query}`, {
    method: 'HEAD',
    headers: { authorization: `Bearer ${api.token}`, ...headers },
  })

type Raw = { status: number; bytes: Buffer; complete: boolean }
/** A download that tells what arrived even where the connection breaks. */
function rawGet(fileId: string, headers: Record<string, string> = {}): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const url = `${world.origin}/api/v1/files/${fileId}/content`
    const request = get(url, { headers: { authorization: `Bearer ${api.token}`, ...headers }, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('error', () => {})
      response.on('close', () => resolve({ status: response.statusCode ?? 0, bytes: Buffer.concat(chunks), complete: response.complete }))
    })
    request.on('error', reject)
  })
}

async function actionsOf(fileId: string): Promise<string[]> {
  const { body } = await world.tenant.api.admin.call<{ items: { action: string }[] }>('GET', `/audit/entries?fileId=${fileId}`)
  return body.items.map((entry) => entry.action)
}

test('S5: any range is the slice of the file, with the right head', async () => {
  const content = randomBytes(2 * SEGMENT_PLAIN_BYTES + 4321)
  const file = await api.upload(caseId, content)
  const edge = fc.oneof(
    fc.integer({ min: 0, max: content.length - 1 }),
    fc.constantFrom(0, SEGMENT_PLAIN_BYTES - 1, SEGMENT_PLAIN_BYTES, 2 * SEGMENT_PLAIN_BYTES, content.length - 1),
  )
  await fc.assert(
    fc.asyncProperty(edge, edge, async (a, b) => {
      const [start, end] = [Math.min(a, b), Math.max(a, b)]
      const answer = await api.bytes(file.id, { range: `bytes=${start}-${end}` })
      assert.equal(answer.status, 206)
      assert.equal(answer.headers.get('content-range'), `bytes ${start}-${end}/${content.length}`)
      assert.equal(answer.headers.get('content-length'), String(end - start + 1))
      assert.ok(answer.bytes.equals(content.subarray(start, end + 1)))
    }),
    { numRuns: 40 },
  )
  assert.ok((await api.bytes(file.id, { range: 'bytes=-7' })).bytes.equals(content.subarray(-7)))
  assert.ok((await api.bytes(file.id, { range: `bytes=${content.length - 3}-` })).bytes.equals(content.subarray(-3)))
})

test('S5: several ranges or a malformed one answer the whole file; one outside answers 416 with the size', async () => {
  const content = randomBytes(3000)
  const file = await api.upload(caseId, content)
  for (const range of ['bytes=0-1,5-6', 'bytes=5-1', 'lines=1-2']) {
    const answer = await api.bytes(file.id, { range })
    assert.equal(answer.status, 200)
    assert.ok(answer.bytes.equals(content))
  }
  const outside = await api.bytes(file.id, { range: 'bytes=3000-' })
  assert.equal(outside.status, 416)
  assert.equal(outside.headers.get('content-range'), 'bytes */3000')
  const empty = await api.upload(caseId, Buffer.alloc(0))
  assert.equal((await api.bytes(empty.id, { range: 'bytes=0-' })).status, 416)
  assert.equal((await api.bytes(empty.id)).status, 200)
})

test('S5: HEAD tells what GET would, conditions hold, and If-Range guards a range', async () => {
  const content = randomBytes(5000)
  const file = await api.upload(caseId, content, { name: 'photo.png', contentType: 'image/png' })
  const answer = await head(file.id)
  const etag = answer.headers.get('etag') ?? ''
  assert.equal(answer.status, 200)
  assert.equal(etag, `"${file.sha256}"`)
  assert.equal(answer.headers.get('content-length'), '5000')
  assert.equal(answer.headers.get('accept-ranges'), 'bytes')
  assert.equal((await api.bytes(file.id, { 'if-none-match': `"other", W/${etag}` })).status, 304)
  assert.equal((await head(file.id, { 'if-none-match': etag })).status, 304)
  assert.equal((await api.bytes(file.id, { 'if-match': '"other"' })).status, 412)
  assert.equal((await api.bytes(file.id, { 'if-match': etag })).status, 200)
  assert.equal((await api.bytes(file.id, { range: 'bytes=0-9', 'if-range': etag })).status, 206)
  const changed = await api.bytes(file.id, { range: 'bytes=0-9', 'if-range': '"other"' })
  assert.equal(changed.status, 200)
  assert.equal(changed.bytes.length, 5000)
})

test('S5: what a browser is given: the exact name, attachment unless it runs nothing, no sniffing, no cache', async () => {
  const content = Buffer.from('<script>alert(1)</script>')
  const name = 'Rëport “final” \u202Efdp.html'
  const html = await api.upload(caseId, content, { name, contentType: 'text/html' })
  const answer = await head(html.id, {}, '?disposition=inline')
  const disposition = parse(answer.headers.get('content-disposition') ?? '')
  assert.equal(disposition.type, 'attachment')
  assert.equal(disposition.parameters.filename, name)
  assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
  assert.match(answer.headers.get('cache-control') ?? '', /no-store/)
  assert.match(answer.headers.get('content-security-policy') ?? '', /default-src 'none'.*sandbox/)
  const image = await api.upload(caseId, content, { name: 'a.png', contentType: 'image/png' })
  assert.match((await head(image.id, {}, '?disposition=inline')).headers.get('content-disposition') ?? '', /^inline/)
  assert.match((await head(image.id)).headers.get('content-disposition') ?? '', /^attachment/)
})

test('A1: each GET is in the log before its bytes, with digest and range; HEAD and 304 are not', async () => {
  const content = randomBytes(100)
  const file = await api.upload(caseId, content)
  await head(file.id)
  await api.bytes(file.id, { 'if-none-match': `"${file.sha256}"` })
  assert.ok(!(await actionsOf(file.id)).includes('DOWNLOAD'))
  await api.bytes(file.id, { range: 'bytes=5-9' })
  const { body } = await world.tenant.api.admin.call<{ items: { details: Record<string, unknown> }[] }>(
    'GET',
    `/audit/entries?fileId=${file.id}&action=DOWNLOAD`,
  )
  assert.deepEqual(body.items[0]?.details, {
    name: file.name,
    tier: 'secure',
    delivery: 'server_stream',
    sha256: file.sha256,
    range: '5-9',
  })
})

test('S5: any single flipped bit of the stored object never yields a wrong byte, and the file is flagged', async () => {
  const content = randomBytes(SEGMENT_PLAIN_BYTES + 500)
  const places = [0, 9, 12, 50, 73, 74, 78, 90, 74 + SEGMENT_STORED_BYTES - 1, 74 + SEGMENT_STORED_BYTES, 74 + SEGMENT_STORED_BYTES + 20]
  for (const place of places) {
    const file = await api.upload(caseId, content)
    const stored = await readFile(pathOf(file.id))
    stored[place]! ^= 0x40
    await writeFile(pathOf(file.id), stored)
    const answer = await rawGet(file.id)
    if (answer.status === 200) {
      assert.equal(answer.complete, false, `byte ${place}`)
      assert.ok(content.subarray(0, answer.bytes.length).equals(answer.bytes), `byte ${place}: a wrong byte`)
    } else assert.equal(answer.status, 409)
    assert.equal((await api.file(file.id)).status, 'DAMAGED')
    assert.ok((await actionsOf(file.id)).includes('FILE_DAMAGED'))
    assert.equal((await rawGet(file.id)).status, 409)
  }
})

test('S5: an object that is damaged in the middle breaks off with right bytes only, also where its end was seen before', async () => {
  const content = randomBytes(6 * SEGMENT_PLAIN_BYTES)
  const file = await api.upload(caseId, content)
  assert.ok((await api.bytes(file.id)).bytes.equals(content))
  const stored = await readFile(pathOf(file.id))
  stored[74 + 4 * SEGMENT_STORED_BYTES + 100]! ^= 1
  await writeFile(pathOf(file.id), stored)
  const answer = await rawGet(file.id)
  assert.equal(answer.status, 200)
  assert.equal(answer.complete, false)
  assert.ok(answer.bytes.length <= 4 * SEGMENT_PLAIN_BYTES)
  assert.ok(content.subarray(0, answer.bytes.length).equals(answer.bytes))
  assert.equal((await api.file(file.id)).status, 'DAMAGED')
})

test('S5: truncated at a segment border, segments swapped, or another file’s object: not a byte is given out', async () => {
  const content = randomBytes(3 * SEGMENT_PLAIN_BYTES)
  const [cut, reordered, swapped, donor] = [
    await api.upload(caseId, content),
    await api.upload(caseId, content),
    await api.upload(caseId, content),
    await api.upload(caseId, content),
  ]
  await truncate(pathOf(cut!.id), 74 + 2 * SEGMENT_STORED_BYTES)
  const stored = await readFile(pathOf(reordered!.id))
  const segment = (n: number) => stored.subarray(74 + n * SEGMENT_STORED_BYTES, 74 + (n + 1) * SEGMENT_STORED_BYTES)
  await writeFile(pathOf(reordered!.id), Buffer.concat([stored.subarray(0, 74), segment(1), segment(0), segment(2)]))
  await copyFile(pathOf(donor!.id), pathOf(swapped!.id))
  for (const [file, status] of [
    [cut, 409],
    [swapped, 409],
    [reordered, 409],
  ] as const) {
    assert.equal((await rawGet(file!.id)).status, status)
    assert.equal((await api.file(file!.id)).status, 'DAMAGED')
  }
})

test('S5: a file that is not ready, deleted, or another tenant’s cannot be downloaded', async () => {
  const session = await api.initiate({ caseId, name: 'pending.bin', size: 10 })
  const pending = await rawGet(session.fileId)
  assert.equal(pending.status, 409)
  assert.equal(JSON.parse(pending.bytes.toString()).code, 'FILE_NOT_READY')
  const file = await api.upload(caseId, randomBytes(9))
  const other = await world.newTenant('outsider')
  assert.equal((await other.api.admin.bytes(file.id)).status, 404)
  assert.equal((await other.api.admin.call('GET', `/files/${file.id}`)).status, 404)
  assert.equal((await other.api.admin.call('DELETE', `/files/${file.id}`)).status, 404)
  assert.equal((await other.api.admin.call('POST', `/files/${file.id}/verify`)).status, 404)
  assert.equal((await world.tenant.api.auditor.bytes(file.id)).status, 403)
  assert.equal((await world.tenant.api.viewer.bytes(file.id)).status, 200)
  await api.call('DELETE', `/files/${file.id}`)
  assert.equal((await api.bytes(file.id)).status, 404)
})

test('T9: a file whose target was removed answers 410 and says what to do', async () => {
  const file = await api.upload(caseId, randomBytes(9))
  await world.instance.database.writer.updateTable('targets').set({ removed_at: 1 }).where('id', '=', world.tenant.targetId).execute()
  const answer = await rawGet(file.id)
  await world.instance.database.writer.updateTable('targets').set({ removed_at: null }).where('id', '=', world.tenant.targetId).execute()
  assert.equal(answer.status, 410)
  assert.equal(JSON.parse(answer.bytes.toString()).code, 'TARGET_REMOVED')
})

test('S5: a client that goes away in the middle leaves nothing open, and slow readers are waited for', async () => {
  const content = randomBytes(4 * MIN_PART_PLAIN_BYTES)
  const file = await api.upload(caseId, content)
  for (let round = 0; round < 5; round += 1) {
    await new Promise<void>((resolve, reject) => {
      const url = `${world.origin}/api/v1/files/${file.id}/content`
      const request = get(url, { headers: { authorization: `Bearer ${api.token}` }, agent: false }, (response) => {
        response.once('data', () => request.destroy())
        response.on('error', () => {})
        response.on('close', () => resolve())
      })
      request.on('error', reject)
    }).catch(() => {})
  }
  assert.equal((await api.file(file.id)).status, 'READY')
  const answers = await Promise.all(Array.from({ length: 8 }, () => api.bytes(file.id)))
  for (const answer of answers) assert.ok(answer.bytes.equals(content))
})
