import { blobSource, createClient, startUpload, type UploadSource } from '../packages/client/src/index.ts'

// What runs in the page of the browser bench: one upload of the chosen file, and how smoothly the page ran meanwhile.

export type PageRequest = {
  readonly token: string
  readonly caseId: string
  readonly tier: 'secure' | 'direct'
  readonly lanes: number
  /** Digests that are known already: nothing is hashed in the browser. */
  readonly known: { readonly whole: string; readonly parts: readonly string[] } | null
}
/** `finalizingAt`: seconds after which the page said Finalizing. */
export type PageReport = { readonly seconds: number; readonly finalizingAt: number; readonly longestFrameMs: number }
export type BegunReport = { readonly seconds: number; readonly sentBytes: number; readonly phase: string; readonly cleanedUp: boolean }

const without = (source: UploadSource, known: NonNullable<PageRequest['known']>): UploadSource => ({
  ...source,
  put: source.put,
  async digest(pass) {
    for (const [index, sha256] of known.parts.entries()) pass.onPart(index + 1, sha256)
    return known.whole
  },
})

async function send(request: PageRequest): Promise<PageReport> {
  const file = document.querySelector('input')?.files?.[0]
  if (file === undefined) throw new Error('No file was chosen')
  const source = blobSource(file)
  let longestFrameMs = 0
  let last = performance.now()
  let running = true
  const frame = (now: number) => {
    longestFrameMs = Math.max(longestFrameMs, now - last)
    last = now
    if (running) requestAnimationFrame(frame)
  }
  requestAnimationFrame(frame)
  const startedAt = performance.now()
  const sinceStart = () => (performance.now() - startedAt) / 1000
  let finalizingAt = 0
  const run = startUpload({
    client: createClient({ baseUrl: '', token: request.token }),
    source: request.known === null ? source : without(source, request.known),
    destination: { caseId: request.caseId, tier: request.tier },
    untilReady: false,
    tuning: { lanes: request.lanes },
    onState({ phase }) {
      if (phase === 'completing' && finalizingAt === 0) finalizingAt = sinceStart()
    },
  })
  const final = await run.done
  running = false
  if (final.phase !== 'verifying') throw new Error(final.phase === 'error' ? final.error.message : final.phase)
  return { seconds: sinceStart(), finalizingAt, longestFrameMs }
}

/** Begins the upload, and cancels it once `bytes` of it are sent. */
async function begin(request: PageRequest & { readonly bytes: number }): Promise<BegunReport> {
  const file = document.querySelector('input')?.files?.[0]
  if (file === undefined) throw new Error('No file was chosen')
  const startedAt = performance.now()
  let sentBytes = 0
  const run = startUpload({
    client: createClient({ baseUrl: '', token: request.token }),
    source: blobSource(file),
    destination: { caseId: request.caseId, tier: request.tier },
    tuning: { lanes: request.lanes },
    onState(state) {
      if (state.phase !== 'uploading') return
      sentBytes = state.loaded
      if (sentBytes >= request.bytes) void run.cancel()
    },
  })
  const final = await run.done
  if (final.phase === 'error') throw new Error(final.error.message)
  const cleanedUp = final.phase === 'cancelled' && final.serverCleanedUp
  return { seconds: (performance.now() - startedAt) / 1000, sentBytes, phase: final.phase, cleanedUp }
}

Object.assign(globalThis, { send, begin })
