import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { asked, evidenceOf } from './evidence-kit.ts'
import { type Answer, type Api, sha256 } from './file-world.ts'

/** Goes on after every death of the server. */
type Patient = {
  until<T>(call: () => Promise<T>): Promise<T>
  ok<T>(call: () => Promise<Answer<T>>): Promise<T>
}

/** An asset that is made, promoted and linked, and an intent that is cancelled; all with an Idempotency-Key, as apps do that go on (C3). */
export async function storeEvidence(api: Api, { until, ok }: Patient): Promise<void> {
  const evidence = evidenceOf(api)
  const bytes = Buffer.from(`evidence ${randomUUID()}`)
  const [key, other] = [randomUUID(), randomUUID()]
  const made = await ok(() => evidence.intend(asked(bytes), key))
  await until(async () => assert.equal((await evidence.put(made, bytes)).status, 204))
  const again = await ok(() => evidence.intend(asked(bytes), key))
  assert.deepEqual([again.replayed, again.asset.id], [true, made.asset.id])
  await ok(() => evidence.complete(made.intent.id, sha256(bytes)))
  assert.equal((await until(() => evidence.settled(made.asset.id))).status, 'verified')
  await ok(() => evidence.link(made.asset.id))
  assert.equal((await ok(() => evidence.links(made.asset.id))).items.length, 1)
  assert.equal((await ok(() => evidence.verify(made.asset.id))).ok, true)
  const given = await ok(() => evidence.intend(asked(bytes), other))
  assert.equal((await ok(() => evidence.cancel(given.intent.id))).asset.status, 'deleted')
}
