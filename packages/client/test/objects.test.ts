import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createClient, endpointsAt, startObjectUpload } from '@holdfast/client'
import { fileSource } from '@holdfast/client/node'
import { sha256 } from '../../server/test/file-world.ts'
import { assertReady, openRoom, photo, picture, place, send, tuning } from './object-run.ts'

const room = await openRoom()
after(() => room[Symbol.asyncDispose]())
const { gate, world } = room
const { objects } = createClient({ baseUrl: world.origin, token: world.api.token })
const problem = (status: number, code: string) => JSON.stringify({ type: 'about:blank', title: code, status, detail: code, code })
const puts = (since: number) => gate.passed.slice(since).filter(({ method }) => method === 'PUT')
const initiations = (since: number) => gate.passed.slice(since).filter(({ path }) => path.endsWith('/initiate'))

test('O1 O15: a photo goes by three calls, with its digest, and is asked for until it is READY', async () => {
  const since = gate.passed.length
  const bytes = await picture(1)
  const { run, states, phases, client } = send(room, { file: photo(bytes) })
  const object = assertReady(await run.done)
  assert.deepEqual([object.checksums.sha256, object.status, run.objectId()], [sha256(bytes), 'READY', object.id])
  assert.deepEqual(
    phases().filter((phase) => phase !== 'hashing' && phase !== 'verifying'),
    ['queued', 'uploading', 'completing', 'ready'],
  )
  const told = states.filter((state) => state.phase === 'uploading').map(({ loaded }) => loaded)
  assert.ok(told.includes(bytes.length) && told.every((loaded, index) => loaded >= (told[index - 1] ?? 0)), String(told))
  const [put] = puts(since)
  assert.equal(put?.headers.authorization, undefined)
  assert.equal(put?.headers['content-type'], 'image/png')
  const { downloadUrl } = await client.objects.downloadUrl(object.id)
  assert.equal(sha256(Buffer.from(await (await fetch(downloadUrl)).arrayBuffer())), sha256(bytes))
})

test('O1: a file of this machine goes the same way', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-object-'))
  after(() => rm(folder, { recursive: true }))
  const bytes = await picture(2)
  await writeFile(join(folder, 'me.png'), bytes)
  await using file = await fileSource(join(folder, 'me.png'), { contentType: 'image/png' })
  const object = assertReady(await send(room, { file }).run.done)
  assert.deepEqual([object.originalFilename, object.checksums.sha256], ['me.png', sha256(bytes)])
})

test('C9: an app that stands between page and Holdfast passes the calls on; the page holds no token', async () => {
  const headers: Record<string, string>[] = []
  const endpoints = endpointsAt<typeof place>(`${gate.origin}/api/v1/uploads`, {
    headers: () => ({ 'x-app': 'photos' }),
    fetch(input, init) {
      headers.push(init.headers as Record<string, string>)
      return fetch(input, { ...init, headers: { ...(init.headers as Record<string, string>), authorization: `Bearer ${world.api.token}` } })
    },
  })
  const run = startObjectUpload({ file: photo(await picture(3)), place, tuning, ...endpoints })
  assertReady(await run.done)
  assert.ok(headers.length >= 3 && headers.every((one) => one['x-app'] === 'photos' && !('authorization' in one)))
})

test('O1: what is not what it is called ends as rejected, with reasons for people', async () => {
  const final = await send(room, { file: photo(await picture(4), 'photo.jpg', 'image/jpeg') }).run.done
  assert.ok(final.phase === 'error' && final.error.code === 'rejected', JSON.stringify(final))
  assert.ok(final.error.reasons.length > 0 && final.error.reasons.every(({ message }) => message.length > 10))
  assert.match(final.error.message, /PNG/i)
})

for (const [what, file, words] of [
  ['too large', photo(new Uint8Array(6 * 1024 * 1024)), /up to 5242880 bytes/],
  ['of a type that the class does not take', photo(new Uint8Array(10), 'a.pdf', 'application/pdf'), /takes image\/jpeg/],
  ['of no type', photo(new Uint8Array(10), 'a', ''), /takes image\/jpeg/],
  ['empty', photo(new Uint8Array(0)), /empty/],
] as const) {
  test(`O1: a file that is ${what} is refused before a byte is sent`, async () => {
    const since = gate.passed.length
    const final = await send(room, { file }).run.done
    assert.ok(final.phase === 'error' && final.error.code === 'refused' && words.test(final.error.message), JSON.stringify(final))
    assert.equal(puts(since).length, 0)
  })
}

test('O1: an upload URL that has expired is replaced once, for the same object', async () => {
  const since = gate.passed.length
  const expired = { kind: 'answer', status: 400, body: problem(400, 'UPLOAD_URL_EXPIRED') } as const
  void gate.plan('PUT', /content$/, expired)
  assertReady(await send(room, { file: photo(await picture(5)) }).run.done)
  assert.deepEqual([initiations(since).length, puts(since).length], [2, 2])
  const keys = initiations(since).map(({ headers }) => headers['idempotency-key'])
  assert.equal(keys[0], keys[1])

  void gate.plan('PUT', /content$/, expired, 2)
  const final = await send(room, { file: photo(await picture(6)) }).run.done
  assert.ok(final.phase === 'error' && final.error.problem?.code === 'UPLOAD_URL_EXPIRED', JSON.stringify(final))
})

test('O1: a bucket that says that the request has expired counts as the same', async () => {
  const since = gate.passed.length
  const body = '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>'
  void gate.plan('PUT', /content$/, { kind: 'answer', status: 403, body, type: 'application/xml' })
  assertReady(await send(room, { file: photo(await picture(7)) }).run.done)
  assert.equal(initiations(since).length, 2)
})

test('O1 U3: a bucket that refuses every URL is told in words that suit objects', async () => {
  const body = '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>No</Message></Error>'
  void gate.plan('PUT', /content$/, { kind: 'answer', status: 403, body, type: 'application/xml' }, 2)
  const final = await send(room, { file: photo(await picture(71)) }).run.done
  assert.ok(final.phase === 'error' && final.error.code === 'storage-blocked', JSON.stringify(final))
  assert.match(final.error.message, /AccessDenied.*Test connection of the storage target that serves Objects/)
  assert.doesNotMatch(final.error.message, /Test Direct/)
})

test('O1: bytes that the server has not received at the completion are sent again', async () => {
  const since = gate.passed.length
  void gate.plan('PUT', /content$/, { kind: 'answer', status: 204, body: '' })
  assertReady(await send(room, { file: photo(await picture(8)) }).run.done)
  assert.equal(puts(since).length, 2)
})

for (const [what, method, path] of [
  ['initiate', 'POST', /initiate$/],
  ['the bytes', 'PUT', /content$/],
  ['complete', 'POST', /complete$/],
  ['the question', 'GET', /uploads\/[^/]+$/],
] as const) {
  test(`O1: a line that breaks, a lost answer and a 503 at ${what} are outlasted`, async () => {
    void gate.plan(method, path, { kind: 'reset' })
    void gate.plan(method, path, { kind: 'lose-answer' })
    void gate.plan(method, path, { kind: 'answer', status: 503, body: problem(503, 'TARGET_UNAVAILABLE') })
    const bytes = await picture(9)
    const mine = { ...place, ownerEntityId: `usr_${what.replaceAll(' ', '-')}` }
    const { run, states } = send(room, { file: photo(bytes), place: mine })
    const object = assertReady(await run.done)
    assert.equal(object.checksums.sha256, sha256(bytes))
    // READY may have come with the first answer, and then nothing is asked.
    assert.ok(what === 'the question' || states.some(({ phase }) => phase === 'waiting' || phase === 'queued'))
    const { items } = await objects.list({ ownerEntityType: mine.ownerEntityType, ownerEntityId: mine.ownerEntityId })
    assert.deepEqual(
      items.map(({ id }) => id),
      [object.id],
      'one upload is one object',
    )
  })
}

test('O1: without a server for too long the upload gives up, and can be tried again', async () => {
  void gate.plan('POST', /initiate$/, { kind: 'reset' }, 500)
  const final = await send(room, { file: photo(await picture(10)), tuning: { ...tuning, giveUpAfterMs: 50 } }).run.done
  assert.ok(final.phase === 'error' && final.error.code === 'unreachable' && final.error.retryable)
})
