import assert from 'node:assert/strict'
import { after, afterEach, test } from 'node:test'
import { createClient, objectEndpoints } from '@holdfast/client'
import { useUploadFile } from '@holdfast/react'
import { type Deed, type Gate, openGate } from '../../client/test/gate.ts'
import { openRoom, picture, place } from '../../client/test/object-run.ts'
import { closeDocument } from './document.ts'

const { act, cleanup, configure, renderHook, waitFor } = await import('@testing-library/react')
configure({ reactStrictMode: true, asyncUtilTimeout: 20_000 })

const room = await openRoom()
const still = await openRoom({ working: false })
after(async () => {
  await room[Symbol.asyncDispose]()
  await still[Symbol.asyncDispose]()
  await closeDocument()
})
afterEach(cleanup)

type Room = typeof room
const photo = async (seed = 1, name = 'photo.png', type = 'image/png') => new File([await picture(seed)], name, { type })
const clientOf = ({ world, gate }: Room) => createClient({ baseUrl: gate.origin, token: world.api.token })
const stored = async (of: Room) => (await clientOf(of).objects.list({ ownerEntityType: 'User', ownerEntityId: place.ownerEntityId })).items

function show(of: Room) {
  const endpoints = objectEndpoints(clientOf(of))
  const seen: string[] = []
  const { result, unmount } = renderHook(() => {
    const hook = useUploadFile(endpoints)
    if (seen.at(-1) !== hook.state) seen.push(hook.state)
    return hook
  })
  return { result, unmount, seen }
}

/** Renders as a browser does, step by step; `act` shows the last state alone. */
async function unbatched<T>(work: () => Promise<T>): Promise<T> {
  const here = globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }
  here.IS_REACT_ACT_ENVIRONMENT = false
  try {
    return await work()
  } finally {
    await new Promise((resolve) => setTimeout(resolve, 20))
    here.IS_REACT_ACT_ENVIRONMENT = true
  }
}

/** Holds the next request of this kind until `release`. */
function hold(gate: Gate, method: string, path: RegExp) {
  const { promise: until, resolve: release } = Promise.withResolvers<void>()
  const deed: Deed = { kind: 'hold', until }
  return { reached: gate.plan(method, path, deed), release }
}

test('U3: idle, initiating, uploading, completing, done, with progress to 100 %', async () => {
  const { result, seen } = show(room)
  assert.deepEqual([result.current.state, result.current.progress], ['idle', { loaded: 0, total: 0, percentage: 0 }])
  const file = await photo()
  const end = await unbatched(() => result.current.upload(file, place))
  assert.equal(end.phase, 'ready')
  assert.deepEqual(seen, ['idle', 'initiating', 'uploading', 'completing', 'done'])
  assert.deepEqual(result.current.progress, { loaded: file.size, total: file.size, percentage: 100 })
  assert.ok(result.current.detail?.phase === 'ready' && result.current.detail.file.isCurrent)
})

const doors = [
  ['initiating', 'POST', /initiate$/],
  ['uploading', 'PUT', /content$/],
  ['completing', 'POST', /complete$/],
  ['completing', 'GET', /uploads\/[^/]+$/],
] as const
for (const [state, method, path] of doors) {
  test(`U3: cancel while ${state} (${method}) shows idle at once and leaves nothing`, async () => {
    const { result } = show(still)
    const door = hold(still.gate, method, path)
    const file = await photo()
    let ending: ReturnType<typeof result.current.upload> | undefined
    act(() => {
      ending = result.current.upload(file, place)
    })
    await act(() => door.reached)
    assert.equal(result.current.state, state)
    let cancelled: Promise<void> | undefined
    act(() => {
      cancelled = result.current.cancel()
    })
    assert.deepEqual([result.current.state, result.current.progress.loaded], ['idle', 0])
    door.release()
    await act(async () => cancelled)
    assert.deepEqual([(await ending)?.phase, result.current.state], ['cancelled', 'idle'])
    assert.deepEqual(await stored(still), [])
  })
}

test('U3: a second upload takes the place of the first, whose answers are ignored', async () => {
  const { result, seen } = show(room)
  const before = (await stored(room)).length
  const door = hold(room.gate, 'PUT', /content$/)
  const [first, second] = [await photo(2, 'first.png'), await photo(3, 'second.png')]
  let superseded: ReturnType<typeof result.current.upload> | undefined
  act(() => {
    superseded = result.current.upload(first, place)
  })
  await act(() => door.reached)
  const end = await unbatched(() => {
    const ending = result.current.upload(second, place)
    door.release()
    return ending
  })
  assert.ok(end.phase === 'ready' && end.file.originalFilename === 'second.png')
  assert.equal((await superseded)?.phase, 'cancelled')
  assert.equal(result.current.state, 'done')
  assert.deepEqual(seen, ['idle', 'initiating', 'uploading', 'initiating', 'uploading', 'completing', 'done'])
  const objects = await stored(room)
  assert.deepEqual([objects.length, objects.some(({ originalFilename }) => originalFilename === 'first.png')], [before + 1, false])
})

test('U3: a component that goes away lets go of its upload, and nothing is told to it any more', async () => {
  const { result, unmount, seen } = show(still)
  const door = hold(still.gate, 'PUT', /content$/)
  const file = await photo(4)
  let ending: ReturnType<typeof result.current.upload> | undefined
  act(() => {
    ending = result.current.upload(file, place)
  })
  await act(() => door.reached)
  unmount()
  const shown = [...seen]
  door.release()
  const end = await ending
  assert.ok(end?.phase === 'error' && end.error.code === 'stopped')
  assert.deepEqual(seen, shown)
  const [object] = await stored(still)
  assert.equal(object?.status, 'PENDING_UPLOAD')
  await clientOf(still).objects.remove(object.id)
})

test('U3: a refusal is an error that says why, and the next upload starts afresh', async () => {
  const { result } = show(room)
  await act(async () => result.current.upload(await photo(5, 'a.pdf', 'application/pdf'), place))
  const { detail } = result.current
  assert.ok(result.current.state === 'error' && detail?.phase === 'error' && detail.error.problem?.code === 'TYPE_NOT_ALLOWED')
  const end = await act(async () => result.current.upload(await photo(6), place))
  assert.deepEqual([end.phase, result.current.state], ['ready', 'done'])
})

test('U3: a rejection is an error with reasons that a person can read', async () => {
  const { result } = show(room)
  await act(async () => result.current.upload(await photo(7, 'photo.jpg', 'image/jpeg'), place))
  const { detail } = result.current
  assert.ok(result.current.state === 'error' && detail?.phase === 'error' && detail.error.code === 'rejected')
  assert.match(detail.error.reasons.map(({ message }) => message).join(' '), /PNG/)
})

test('U3: a step that waits for the network keeps its name', async () => {
  const { result, seen } = show(room)
  void room.gate.plan('POST', /complete$/, { kind: 'reset' }, 2)
  await unbatched(async () => result.current.upload(await photo(8), place))
  assert.deepEqual(seen, ['idle', 'initiating', 'uploading', 'completing', 'done'])
})

test('U3: the same hook sends a file into a case', async () => {
  const client = clientOf(room)
  const { id: caseId } = await room.world.api.newCase()
  const { result } = renderHook(() => useUploadFile(client))
  const end = await act(() => result.current.upload(new File(['evidence'], 'note.txt'), { caseId }))
  assert.ok(end.phase === 'ready' && end.file.caseId === caseId)
  await waitFor(() => assert.equal(result.current.state, 'done'))
})

test('U3: without an argument the calls go to /api/uploads of the app', async () => {
  await using gate = await openGate(room.world.origin)
  const asked: string[] = []
  const original = globalThis.fetch
  globalThis.fetch = (input, init) => {
    asked.push(String(input))
    return original(`${gate.origin}/api/v1/uploads/none`, { ...init, method: 'GET', body: null })
  }
  const { result } = renderHook(() => useUploadFile())
  const end = await act(async () => result.current.upload(await photo(9)))
  globalThis.fetch = original
  assert.deepEqual([end.phase, asked], ['error', ['/api/uploads/initiate']])
})
