import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { File, Target, UploadSession } from '@holdfast/api'
import { commandLineCaller } from '../src/services/caller.ts'
import { type Place, type Places, postgresPlaces, sqlitePlaces } from './database-places.ts'
import { type Api, apiOf, type FileWorld, openFileWorld } from './file-world.ts'

for (const places of [sqlitePlaces(), postgresPlaces()]) describe(`quota on ${places.name}`, () => suite(places))

const size = 10_000
const content = randomBytes(size)
/** Uploads that the quota has room for. */
const room = 20
const people = 10

function suite(places: Places): void {
  let place: Place
  let world: FileWorld
  let examiners: Api[]
  let caseId: string
  before(async () => {
    place = await places.create()
    world = await openFileWorld(place.kind === 'postgres' && place.address ? { databaseUrl: place.address } : {})
    const { tokens } = world.app.services
    const make = async (name: string) => (await tokens.create(commandLineCaller(world.tenant.id), { name, role: 'examiner' })).secret
    examiners = await Promise.all(Array.from({ length: people }, async (_, i) => apiOf(world.origin, await make(`examiner ${i}`))))
    caseId = (await world.api.newCase()).id
  })
  after(async () => {
    await world?.[Symbol.asyncDispose]()
    await place?.[Symbol.asyncDispose]()
    await places.end()
  })

  const setQuota = async (quotaBytes: number | null): Promise<Target> =>
    (await world.tenant.api.admin.call<Target>('PATCH', `/targets/${world.tenant.targetId}`, { body: { quotaBytes } })).body
  const target = async () => (await world.tenant.api.admin.call<Target>('GET', `/targets/${world.tenant.targetId}`)).body
  const initiate = (api: Api, name: string) => api.call<UploadSession>('POST', '/upload-sessions', { body: { caseId, name, size } })
  type Begun = { api: Api; answer: Awaited<ReturnType<typeof initiate>> }
  const initiateMany = (count: number, name: string): Promise<Begun[]> =>
    Promise.all(
      Array.from({ length: count }, async (_, i) => {
        const api = examiners[i % people]!
        return { api, answer: await initiate(api, `${name} ${i}`) }
      }),
    )
  const accepted = (begun: Begun[]) => begun.filter(({ answer }) => answer.status === 201)

  /** Runs `work` and answers the most that was ever seen to be used and reserved meanwhile. */
  async function most(work: () => Promise<void>): Promise<number> {
    let seen = 0
    let done = false
    const watch = async () => {
      while (!done) {
        const row = await world.instance.store.read.targets.find(world.tenant.id, world.tenant.targetId)
        seen = Math.max(seen, (row?.usedBytes ?? 0) + (row?.reservedBytes ?? 0))
        await setImmediate()
      }
    }
    const watching = watch()
    try {
      await work()
    } finally {
      done = true
    }
    await watching
    return seen
  }

  test('T8: under 50 uploads at once, with others ending, no more is stored and reserved than the quota; the refused are told why', async () => {
    const first = await world.api.upload(caseId, content)
    const each = (await target()).usedBytes
    const quota = each * (room + 1)
    await setQuota(quota)
    const stored: File[] = [first]
    const highest = await most(async () => {
      const begun = await initiateMany(50, 'first')
      assert.equal(accepted(begun).length, room)
      for (const { answer } of begun.filter((one) => !accepted(begun).includes(one))) {
        const { code, usedBytes, quotaBytes, neededBytes, detail } = answer.problem
        assert.deepEqual([answer.status, code, usedBytes, quotaBytes, neededBytes], [507, 'QUOTA_FULL', quota, quota, each])
        assert.match(detail, /“Local” is full/)
      }
      const [kept, given] = [accepted(begun).slice(0, room / 2), accepted(begun).slice(room / 2)]
      const aborts = given.map(({ api, answer }) => api.abort(answer.body.id))
      const sends = kept.map(async ({ api, answer }) => stored.push(await api.sendAll(answer.body, content)))
      const [more] = await Promise.all([initiateMany(30, 'second'), ...aborts, ...sends])
      await Promise.all(accepted(more).map(({ api, answer }) => api.abort(answer.body.id)))
    })
    assert.ok(highest <= quota, `${highest} of ${quota}`)
    const { usedBytes, reservedBytes } = await target()
    assert.deepEqual([usedBytes, reservedBytes], [each * stored.length, 0])
    assert.equal(stored.length, room / 2 + 1)
    await Promise.all(stored.map((file) => world.api.settled(file.id)))
  })

  test('T8: a quota below what is stored leaves the files readable, takes no more, and deleting makes room again', async () => {
    const { usedBytes } = await target()
    const { items } = (await world.api.call<{ items: File[] }>('GET', `/files?caseId=${caseId}&limit=100`)).body
    const each = usedBytes / items.length
    const lowered = await setQuota(each * 2)
    assert.ok(lowered.quotaBytes !== null && lowered.usedBytes > lowered.quotaBytes)
    assert.equal((await initiate(world.api, 'more')).problem.code, 'QUOTA_FULL')
    for (const file of items.slice(0, 2)) assert.ok((await world.api.bytes(file.id)).bytes.equals(content))
    const leaving = items.slice(0, items.length - 1)
    await Promise.all(leaving.map(({ id }) => world.api.call('DELETE', `/files/${id}`)))
    assert.equal((await target()).usedBytes, each)
    const again = await initiateMany(10, 'again')
    assert.equal(accepted(again).length, 1)
    await setQuota(null)
  })
}
