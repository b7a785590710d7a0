import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { MiB } from '@holdfast/api'
import { type Api, openFileWorld } from './file-world.ts'

/** The answer to a download of which nobody reads the bytes: more than what the sockets in between hold stays at the server. */
async function begin({ origin, token }: Api, fileId: string): Promise<IncomingMessage> {
  const asked = get(`${origin}/api/v1/files/${fileId}/content`, { agent: false, headers: { authorization: `Bearer ${token}` } })
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  return answer
}

test('S5: who reads slowly, or not at all, keeps half of the places for downloads at most; others go on', async () => {
  await using world = await openFileWorld()
  const { examiner, viewer } = world.tenant.api
  const { id: caseId } = await examiner.newCase()
  const bytes = randomBytes(24 * MiB)
  const { id } = await examiner.upload(caseId, bytes)
  const slow = await Promise.all(Array.from({ length: 16 }, () => begin(examiner, id)))
  assert.deepEqual([...new Set(slow.map((answer) => answer.statusCode))], [200])
  const refused = await begin(examiner, id)
  assert.deepEqual([refused.statusCode, refused.headers['retry-after']], [429, '2'])
  assert.equal(((await json(refused)) as { code: string }).code, 'RATE_LIMIT_EXCEEDED')
  assert.ok((await viewer.bytes(id)).bytes.equals(bytes))
  for (const answer of slow) answer.destroy()
  for (;;) {
    const { status } = await examiner.bytes(id)
    if (status === 200) break
    assert.equal(status, 429)
    await sleep(10)
  }
})
