import assert from 'node:assert/strict'
import type { StoredObject } from '@holdfast/api'
import {
  blobSource,
  createClient,
  type ObjectPlace,
  type ObjectRequest,
  objectEndpoints,
  phaseMayBecome,
  startObjectUpload,
  type UploadState,
} from '@holdfast/client'
import sharp from 'sharp'
import { type FileWorld, type FileWorldOptions, openFileWorld } from '../../server/test/file-world.ts'
import { type Gate, openGate } from './gate.ts'

export const tuning = {
  ...{ firstRetryMs: 5, longestRetryMs: 40, giveUpAfterMs: 2000, stallMs: 4000, callMs: 4000, completeMs: 4000 },
  pollMs: { first: 2, steady: 5, slow: 5 },
}
export const place: ObjectPlace = { objectClass: 'USER_PROFILE_PHOTO', ownerEntityType: 'User', ownerEntityId: 'usr_123' }

/** A picture that no other has the bytes of. */
export const picture = async (seed = 1): Promise<Uint8Array<ArrayBuffer>> => {
  const background = { r: seed % 256, g: 90, b: 140 }
  return new Uint8Array(
    await sharp({ create: { width: 64, height: 64, channels: 3, background } })
      .png()
      .toBuffer(),
  )
}
export const photo = (bytes: Uint8Array<ArrayBuffer>, name = 'photo.png', type = 'image/png') =>
  blobSource(new Blob([bytes], { type }), name)

/** A real server with a gate before it, through which everything goes, the bytes too. */
export async function openRoom(options: FileWorldOptions = {}): Promise<{ world: FileWorld; gate: Gate } & AsyncDisposable> {
  const world = await openFileWorld(options)
  const gate = await openGate(world.origin)
  return {
    ...{ world, gate },
    async [Symbol.asyncDispose]() {
      await gate[Symbol.asyncDispose]()
      await world[Symbol.asyncDispose]()
    },
  }
}

/** Starts a run through the gate and holds every state that it passes through to the table of phases. */
export function send(
  { world, gate }: { world: FileWorld; gate: Gate },
  given: Partial<ObjectRequest<ObjectPlace>> & Pick<ObjectRequest, 'file'>,
) {
  const states: UploadState<StoredObject>[] = []
  const client = createClient({ baseUrl: gate.origin, token: world.api.token })
  const run = startObjectUpload<ObjectPlace>({
    ...{ place, tuning, ...objectEndpoints(client), ...given },
    onState(state) {
      const before = states.at(-1)?.phase ?? 'queued'
      assert.ok(state.phase === before || phaseMayBecome[before].includes(state.phase), `${before} → ${state.phase}`)
      states.push(state)
      given.onState?.(state)
    },
  })
  return { run, states, client, phases: () => [...new Set(states.map(({ phase }) => phase))] }
}

export const assertReady = (final: UploadState<StoredObject>): StoredObject => {
  assert.equal(final.phase, 'ready', final.phase === 'error' ? String(final.error) : '')
  assert.ok(final.phase === 'ready')
  return final.file
}
