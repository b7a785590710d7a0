import type { PartUrl } from '@holdfast/api'
import { ApiProblem, NetworkProblem } from '../problem.ts'
import { type BucketAnswer, readBucketAnswer } from './bucket-answer.ts'
import { explainSilence } from './bucket-silence.ts'
import { clocksDiffer, gone, signatureRefused } from './failures.ts'
import { createLaneWidth, type LaneWidth } from './lane-width.ts'
import { once } from './once.ts'
import type { PartRoute, PartWork } from './part-route.ts'
import { createPartUrls, type PartUrlSource } from './part-urls.ts'
import { partSpan } from './plan.ts'
import { createReceiptBatch, type ReceiptBatch } from './receipt-batch.ts'
import type { RunContext } from './run.ts'
import { sleep } from './sleep.ts'

/** Parts straight into the bucket by signed requests; the server is told of each with its ETag and its SHA-256. */
export const bucketRoute = (context: RunContext, missing: readonly number[]): PartRoute => new BucketRoute(context, missing)

/** Refused with a fresh signature this often, a part is refused for good. */
const REFUSALS = 3
/** Failed this often before a byte went out or after the last one, while the bucket answers others: the browser holds request or answer back. */
const HELD_BACK = 3
const inBrowser = (): boolean => typeof XMLHttpRequest !== 'undefined'

class BucketRoute implements PartRoute {
  readonly #context: RunContext
  readonly #urls: PartUrlSource
  readonly #receipts: ReceiptBatch
  readonly #width: LaneWidth
  #anyStored = false

  constructor(context: RunContext, missing: readonly number[]) {
    const { client, persist, progress, tuning } = context
    const uploadId = progress.session!.id
    this.#context = context
    this.#urls = createPartUrls((numbers) => askFor(context, numbers), missing)
    this.#width = createLaneWidth(tuning.lanes, tuning.lanes + 1)
    this.#receipts = createReceiptBatch({
      keep: (parts) => persist(() => client.direct.keepReceipts(uploadId, { parts }, once(context))),
      passing: (parts) => client.direct.keepReceipts(uploadId, { parts }, { retries: 0, timeoutMs: tuning.callMs }),
      everyMs: tuning.receiptsMs,
    })
  }

  width(): number {
    return this.#width.now()
  }

  /** The part's own digest is waited for: so sending stays close to the reading, and one reading of the disk serves both. */
  async send({ number, digest, stop }: PartWork): Promise<void> {
    const { progress, signal } = this.#context
    const etag = await this.#store(number, stop)
    const sha256 = await orAborted(digest.part(number), AbortSignal.any([signal, stop]))
    this.#receipts.add({ number, etag, sha256 })
    const size = partSpan(progress.session!, number).length
    progress.partSettled(number, { number, size, sha256, storedAt: new Date().toISOString() })
  }

  settle(): Promise<void> {
    return this.#receipts.settle()
  }

  leave(): void {
    this.#urls.drop()
    this.#receipts.leave()
  }

  async #store(number: number, stop: AbortSignal): Promise<string> {
    const { persist, tuning, signal } = this.#context
    let silent = 0
    const attempt = () => this.#put(number, stop, () => ++silent)
    for (let refusals = 1; ; refusals += 1) {
      const answer = await persist(attempt, stop)
      if (answer.kind === 'stored') return answer.etag
      if (refusals === REFUSALS) throw answer.late ? clocksDiffer() : signatureRefused(answer.code)
      this.#urls.drop()
      await sleep(tuning.firstRetryMs * (refusals - 1), AbortSignal.any([signal, stop]))
    }
  }

  /** One attempt with a signed request of its own. `countSilent` counts those that no broken line explains. */
  async #put(number: number, stop: AbortSignal, countSilent: () => number): Promise<BucketAnswer> {
    const { source, progress, tuning, signal } = this.#context
    const { url, headers } = await this.#urls.take(number)
    let sent = 0
    let stored = false
    try {
      const answer = await source.put({
        ...partSpan(progress.session!, number),
        url,
        headers: sendable(headers),
        signal: AbortSignal.any([signal, stop]),
        stallMs: tuning.stallMs,
        onProgress: (bytes) => {
          sent = bytes
          progress.partSent(number, bytes)
        },
      })
      const read = readBucketAnswer(answer, inBrowser())
      stored = read.kind === 'stored'
      if (stored) this.#wentThrough()
      return read
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 429) this.#width.pushedBack()
      if (!(error instanceof NetworkProblem)) throw error
      const whole = sent === 0 || sent >= partSpan(progress.session!, number).length
      if (whole && !this.#anyStored && inBrowser() && countSilent() >= HELD_BACK) await explainSilence(url)
      throw new NetworkProblem(error.reason, error.cause, 'storage')
    } finally {
      if (!stored) progress.partSettled(number, null)
    }
  }

  #wentThrough(): void {
    this.#anyStored = true
    this.#width.wentThrough()
  }
}

async function askFor(context: RunContext, numbers: readonly number[]): Promise<readonly PartUrl[]> {
  const { client, progress } = context
  const answer = await client.direct.partUrls(progress.session!.id, numbers, once(context)).catch((error: unknown) => {
    throw error instanceof ApiProblem && error.status === 404 ? gone() : error
  })
  return answer.parts
}

/** Without those that a sender sets by itself, which browsers complain of. */
const sendable = (headers: PartUrl['headers']): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !['host', 'content-length'].includes(name.toLowerCase())))

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
