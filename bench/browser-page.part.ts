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
export type PageReport = { readonly seconds: number; readonly longestFrameMs: number }

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
  const run = startUpload({
    client: createClient({ baseUrl: '', token: request.token }),
    source: request.known === null ? source : without(source, request.known),
    destination: { caseId: request.caseId, tier: request.tier },
    untilReady: false,
    tuning: { lanes: request.lanes },
  })
  const final = await run.done
  running = false
  if (final.phase !== 'verifying') throw new Error(final.phase === 'error' ? final.error.message : final.phase)
  return { seconds: (performance.now() - startedAt) / 1000, longestFrameMs }
}

Object.assign(globalThis, { send })
