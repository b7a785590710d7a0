import { createHmac } from 'node:crypto'
import { Problem } from '@holdfast/api'
import type { Caller } from '../core/actor.ts'
import type { Clock } from '../core/clock.ts'
import type { IdempotencyPlace, IdempotencyRow } from '../db/idempotency.ts'
import type { Store } from '../db/store.ts'

const kept = 24 * 3600 * 1000
/** After this long without an answer the first request is taken for dead (its server was killed), and the key is free again. */
const abandoned = 120_000
const pollInterval = 100
const longestWait = 10_000

export type KeyedRequest = {
  readonly key: string
  /** Method and route pattern. */
  readonly route: string
  /** All of the request that makes it this one: path and body. */
  readonly content: string
}
export type KeptAnswer = { readonly status: number; readonly body: string | null }

/** The right to run the request, and the duty to say how it ended: `keep` its answer, or `forget` it so that it can be tried again. */
export type Turn = { keep(answer: KeptAnswer): Promise<void>; forget(): Promise<void> }

export type IdempotencyDeps = {
  readonly store: Store
  readonly clock: Clock
  /** Keys the hash of requests: they may hold passwords, of which a plain hash could be guessed at. */
  readonly hashKey: Uint8Array
}

/**
 * Idempotency-Key: for 24 hours the same key with the same request by the same caller gets the first answer again and has no
 * second effect. Another request under the key is a CONFLICT. A request that comes while the first one runs waits for its answer
 * for up to 10 s, then gets CONFLICT with Retry-After. Only successes are kept; what failed may be tried again under its key.
 * Where a server is killed after the effect and before the answer is kept, the key is free again after two minutes.
 */
export const idempotencyService = ({ store, clock, hashKey }: IdempotencyDeps) => ({
  async begin(caller: Caller, request: KeyedRequest, signal?: AbortSignal): Promise<{ turn: Turn } | { answer: KeptAnswer }> {
    const place = { tenantId: caller.tenantId, route: request.route, key: request.key }
    const requestHash = createHmac('sha256', hashKey)
      .update(JSON.stringify([caller.actor.kind, caller.actor.id, request.content]))
      .digest('hex')
    const giveUpAt = clock.now() + longestWait
    for (;;) {
      const found = await takeOrFind(store, place, { requestHash, at: clock.now() })
      if (found === null) return { turn: turnAt(store, place) }
      if (found.requestHash !== requestHash) {
        throw new Problem('CONFLICT', 'This Idempotency-Key was used for another request. Use a new key for a new request.')
      }
      if (found.status !== null) return { answer: { status: found.status, body: found.body } }
      if (clock.now() >= giveUpAt) {
        throw new Problem('CONFLICT', 'The first request with this Idempotency-Key is still being answered. Try again soon.', {
          retryAfterSeconds: 2,
        })
      }
      await clock.sleep(pollInterval, signal)
    }
  },
})
export type IdempotencyService = ReturnType<typeof idempotencyService>

/** Null: the key was free and is now taken by this request. */
function takeOrFind(store: Store, place: IdempotencyPlace, request: { requestHash: string; at: number }): Promise<IdempotencyRow | null> {
  return store.transaction(async (tx) => {
    await tx.idempotency.dropOlderThan(request.at - kept)
    const found = await tx.idempotency.find(place)
    if (found && !(found.status === null && found.createdAt <= request.at - abandoned)) return found
    if (found) await tx.idempotency.drop(place)
    await tx.idempotency.take(place, request)
    return null
  })
}

const turnAt = (store: Store, place: IdempotencyPlace): Turn => ({
  keep: (answer) => store.transaction((tx) => tx.idempotency.settle(place, answer)),
  forget: () => store.transaction((tx) => tx.idempotency.drop(place)),
})
