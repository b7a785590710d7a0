import assert from 'node:assert/strict'
import {
  blobSource,
  createClient,
  phaseMayBecome,
  startUpload,
  type UploadRequest,
  type UploadSource,
  type UploadState,
} from '@holdfast/client'
import { caseId, type Fault, type Operation, type ProtocolServer, sha256 } from './protocol-server.ts'

export const tuning = {
  firstRetryMs: 5,
  longestRetryMs: 40,
  giveUpAfterMs: 2000,
  stallMs: 400,
  callMs: 400,
  completeMs: 400,
  receiptsMs: 10,
  pollMs: { first: 2, steady: 5, slow: 5 },
}

/** Starts a run and holds every state it passes through to the table of phases. */
export function upload(server: ProtocolServer, source: UploadSource, options: Partial<UploadRequest> = {}) {
  const states: UploadState[] = []
  const client = createClient({ baseUrl: server.url, token: server.world.settings.token })
  const run = startUpload({
    client,
    source,
    destination: { caseId },
    tuning,
    ...options,
    onState(state) {
      const before = states.at(-1)?.phase ?? 'queued'
      assert.ok(state.phase === before || phaseMayBecome[before].includes(state.phase), `${before} → ${state.phase}`)
      if ('loaded' in state) assert.ok(state.loaded >= 0 && state.loaded <= state.total, `${state.loaded} of ${state.total}`)
      states.push(state)
      options.onState?.(state)
    },
  })
  return { run, states, phases: () => [...new Set(states.map((state) => state.phase))] }
}

export const named = (bytes: Uint8Array<ArrayBuffer>, name = 'disk.img') => blobSource(new Blob([bytes]), name)

export function assertStored(server: ProtocolServer, final: UploadState, bytes: Uint8Array): void {
  assert.equal(final.phase, 'ready', final.phase === 'error' ? String(final.error) : '')
  if (final.phase !== 'ready') return
  assert.equal(final.file.sha256, sha256(bytes))
  assert.ok(server.world.files.get(final.file.id)?.bytes.equals(bytes))
}

export const puts = (server: ProtocolServer) => server.world.requests.filter(({ operation }) => operation === 'put').length

export function plant(server: ProtocolServer, on: Operation, fault: Fault, times = 1): void {
  server.world.faults.push({ on, fault, times })
}

/** An upload on the server of which parts 1 and 3 have arrived. */
export async function halfUploaded(server: ProtocolServer, bytes: Uint8Array, name = 'disk.img') {
  const client = createClient({ baseUrl: server.url, token: 'hf_test' })
  const session = await client.uploads.create({ caseId, name, size: bytes.length })
  for (const number of [1, 3]) {
    const body = bytes.subarray((number - 1) * 65_536, number * 65_536) as Uint8Array<ArrayBuffer>
    const answer = await fetch(client.uploads.partUrl(session.id, number), { method: 'PUT', body, headers: client.http.authorization() })
    assert.equal(answer.status, 200)
  }
  return session.id
}
