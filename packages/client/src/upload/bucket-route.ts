import type { PartUrl } from '@holdfast/api'
import { ApiProblem } from '../problem.ts'
import { type BucketAnswer, readBucketAnswer } from './bucket-answer.ts'
import { clocksDiffer, gone, signatureRefused } from './failures.ts'
import { createLaneWidth, type LaneWidth } from './lane-width.ts'
import { once } from './once.ts'
import { orAborted } from './or-aborted.ts'
import type { PartRoute, PartWork } from './part-route.ts'
import { createPartUrls, type PartUrlSource } from './part-urls.ts'
import { partSpan } from './plan.ts'
import { createReceiptBatch, type ReceiptBatch } from './receipt-batch.ts'
import type { RunContext } from './run.ts'
import { createSilence, inBrowser, putSigned, type Silence } from './signed-put.ts'
import { sleep } from './sleep.ts'

/** Parts straight into the bucket by signed requests; the server is told of each with its ETag and its SHA-256. */
export const bucketRoute = (context: RunContext, missing: readonly number[]): PartRoute => new BucketRoute(context, missing)

/** Refused with a fresh signature this often, a part is refused for good. */
const REFUSALS = 3

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
    const silence = createSilence(() => this.#anyStored)
    const attempt = () => this.#put(number, stop, silence)
    for (let refusals = 1; ; refusals += 1) {
      const answer = await persist(attempt, stop)
      if (answer.kind === 'stored') return answer.etag
      if (refusals === REFUSALS) throw answer.late ? clocksDiffer() : signatureRefused(answer.code)
      this.#urls.drop()
      await sleep(tuning.firstRetryMs * (refusals - 1), AbortSignal.any([signal, stop]))
    }
  }

  /** One attempt with a signed request of its own. */
  async #put(number: number, stop: AbortSignal, silence: Silence): Promise<BucketAnswer> {
    const { source, progress, tuning, signal } = this.#context
    const request = await this.#urls.take(number)
    let stored = false
    try {
      const answer = await putSigned(source, request, {
        ...{ span: partSpan(progress.session!, number), stallMs: tuning.stallMs, silence },
        signal: AbortSignal.any([signal, stop]),
        onProgress: (bytes) => progress.partSent(number, bytes),
      })
      const read = readBucketAnswer(answer, inBrowser())
      stored = read.kind === 'stored'
      if (stored) this.#wentThrough()
      return read
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 429) this.#width.pushedBack()
      throw error
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
