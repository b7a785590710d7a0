import {
  blobSource,
  createClient,
  createUploadQueue,
  type RememberedFile,
  startUpload,
  type UploadDestination,
  type UploadState,
  type UploadTuning,
} from '../../packages/client/src/index.ts'

// What runs in the page of the engine's journeys: the client alone, without the web app around it.

export type SendRequest = { readonly token: string; readonly destination: UploadDestination; readonly tuning?: Partial<UploadTuning> }
export type SendReport = {
  readonly phase: string
  readonly sha256: string | null
  readonly code: string | null
  readonly message: string | null
}

const reportOf = (state: UploadState): SendReport => ({
  phase: state.phase,
  sha256: state.phase === 'ready' ? state.file.sha256 : null,
  code: state.phase === 'error' ? state.error.code : null,
  message: state.phase === 'error' ? state.error.message : null,
})

async function send({ token, destination, tuning }: SendRequest): Promise<SendReport> {
  const file = document.querySelector('input')?.files?.[0]
  if (file === undefined) throw new Error('No file was chosen')
  return reportOf(await startUpload({ client: createClient({ baseUrl: '', token }), source: blobSource(file), destination, tuning }).done)
}

/** A file of this origin's own folder, under a handle like those that a person's choice gives. */
async function ownFile(bytes: number): Promise<RememberedFile> {
  const handle = await (await navigator.storage.getDirectory()).getFileHandle('disk.img', { create: true })
  const writer = await handle.createWritable()
  for (let at = 0; at < bytes; at += 65_536) await writer.write(crypto.getRandomValues(new Uint8Array(Math.min(65_536, bytes - at))))
  await writer.close()
  return handle
}

async function sha256OfOwnFile(): Promise<string> {
  const handle = await (await navigator.storage.getDirectory()).getFileHandle('disk.img')
  const digest = await crypto.subtle.digest('SHA-256', await (await handle.getFile()).arrayBuffer())
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Begins an upload from a handle and resolves when the first part has arrived. */
async function beginFromHandle({ token, destination, tuning, bytes }: SendRequest & { readonly bytes: number }): Promise<void> {
  const client = createClient({ baseUrl: '', token })
  const queue = createUploadQueue({ client, tuning })
  const handle = await ownFile(bytes)
  queue.add(await handle.getFile(), destination, { handle })
  for (;;) {
    const uploadId = queue.getState().rows[0]?.uploadId
    if (uploadId && (await client.uploads.get(uploadId)).receivedParts.length > 0) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** After a reload: goes on from the remembered handle. */
async function goOnFromHandle({ token, destination }: SendRequest): Promise<SendReport & { readonly compared: boolean }> {
  const queue = createUploadQueue({ client: createClient({ baseUrl: '', token }) })
  await queue.loadUnfinished({ caseId: destination.caseId })
  const [row] = queue.getState().rows
  if (row === undefined || !row.canReopen) throw new Error(`The browser does not remember the file: ${JSON.stringify(row)}`)
  let compared = false
  const { promise, resolve } = Promise.withResolvers<UploadState>()
  queue.subscribe(() => {
    const state = queue.getState().rows[0]?.state
    compared ||= state?.phase === 'verifying-local'
    if (state?.phase === 'ready' || state?.phase === 'error') resolve(state)
  })
  if (!(await queue.reopen(row.id))) throw new Error('The file could not be opened again')
  return { ...reportOf(await promise), compared }
}

export const engine = { send, beginFromHandle, goOnFromHandle, sha256OfOwnFile }
Object.assign(globalThis, { engine })
