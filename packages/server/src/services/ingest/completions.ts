import { Problem } from '@holdfast/api'
import type { Clock } from '../../core/clock.ts'
import type { Store } from '../../db/store.ts'
import type { UploadView } from '../../db/uploads.ts'

/** How long a request waits for a completion, in milliseconds: shorter than clients and proxies wait for an answer. */
export const COMPLETION_WAIT = 20_000
/** While a completion runs, the row of its upload is touched this often. */
const BEAT = 3000
/** A row that nobody has touched for this long is not being completed anywhere. */
const SILENCE = 10_000
/** Between two looks at the row while another instance is at it. */
export const LOOK_AGAIN = 500

type Which = Pick<UploadView, 'tenantId' | 'id'>

/** The completions of this process. A target may take minutes for one, so each is run once, and goes on whoever waits for it. */
export interface Completions {
  /**
   * Begins `work`, or joins what runs for this upload already; rejects as that does. Where another instance is at it (`mine` false),
   * waits until that one has ended or fallen silent, and begins then. Touches the row meanwhile.
   */
  join(upload: Which, how: { mine: boolean; work: (signal: AbortSignal) => Promise<void> }): Promise<void>
  /** Breaks off all of them; resolves when none runs. Each is taken up again by its client, or by the sweep. */
  stop(): Promise<void>
}

type Deps = {
  readonly store: Store
  readonly clock: Clock
  /** No other process is on this data: what is not running here is not running. */
  readonly alone: boolean
}

const stopping = (): Problem => new Problem('TARGET_UNAVAILABLE', 'The server is being stopped. Complete the upload again in a moment.')

/** Resolves once no other instance completes this upload. By the rows alone, so that clocks which differ do no harm. */
async function untilNobodyElse({ store, clock }: Deps, { tenantId, id }: Which, signal: AbortSignal): Promise<void> {
  let touchedAt: number | null = null
  for (let silentSince = clock.now(); clock.now() - silentSince < SILENCE; ) {
    const now = await store.read.uploads.find(tenantId, id)
    if (now?.status !== 'completing') return
    if (now.touchedAt !== touchedAt) silentSince = clock.now()
    touchedAt = now.touchedAt
    await clock.sleep(LOOK_AGAIN, signal)
  }
}

/** Touches the row until `over` fires. A beat that fails is made up for by the next one. */
async function beat({ store, clock }: Deps, upload: Which, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await clock.sleep(BEAT, over).catch(() => {})
    if (over.aborted) return
    await store.transaction((tx) => tx.uploads.move(upload, 'completing', 'completing', clock.now())).catch(() => {})
  }
}

export function createCompletions(deps: Deps): Completions {
  const running = new Map<string, Promise<void>>()
  const ending = new AbortController()
  const { signal } = ending

  async function runAlone(upload: Which, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const over = new AbortController()
    const beating = beat(deps, upload, over.signal)
    try {
      await work(signal)
    } finally {
      over.abort()
      await beating
    }
  }

  async function run(upload: Which, { mine, work }: Parameters<Completions['join']>[1]): Promise<void> {
    try {
      if (!mine && !deps.alone) await untilNobodyElse(deps, upload, signal)
      await runAlone(upload, work)
    } finally {
      running.delete(upload.id)
    }
  }

  return {
    async join(upload, how) {
      signal.throwIfAborted()
      const completion = running.get(upload.id) ?? run(upload, how)
      running.set(upload.id, completion)
      await completion
    },
    async stop() {
      ending.abort(stopping())
      await Promise.allSettled(running.values())
    },
  }
}
