import { WEBHOOK_FAILING_SECONDS, webhookRetrySeconds } from '@holdfast/api'
import { systemActor } from '../../core/actor.ts'
import type { Clock } from '../../core/clock.ts'
import type { CrashPoints } from '../../core/crash-point.ts'
import type { Store, Tx } from '../../db/store.ts'
import type { AttemptRow, DeliveryRow } from '../../db/webhook-deliveries.ts'
import type { EndpointRow } from '../../db/webhooks.ts'
import type { CredentialSealer } from '../../keys/sealed-credentials.ts'
import { deliverWebhookJob } from './job-kinds.ts'
import { openSecrets, signatureOf } from './secrets.ts'

/** How a request to an endpoint went. `error` is null where the endpoint took it. */
export type SendOutcome = { readonly status: number | null; readonly error: string | null }

/** Sends one POST and reads no more of the answer than its status. Follows no redirect; refuses addresses of this host. */
export interface WebhookSender {
  /** Null where a URL can be sent to, as far as it can be told without looking its host up; else why not. */
  refuse(url: string): string | null
  send(request: { url: string; headers: Record<string, string>; body: string }, signal: AbortSignal): Promise<SendOutcome>
}

export type DeliverDeps = {
  readonly store: Store
  readonly clock: Clock
  readonly points: CrashPoints
  readonly credentials: CredentialSealer
  readonly sender: WebhookSender
}

/** The answer of an endpoint that is gone for good (Standard Webhooks). */
const GONE = 410

type Place = { readonly tenantId: string; readonly deliveryId: string; readonly attempt: number; readonly byHand: boolean }

/**
 * Makes one attempt at a delivery, notes it, and queues the next one by the schedule where it failed. A crash in between repeats the
 * attempt: receivers see the same `webhook-id` twice. Does nothing where the attempt was made before.
 */
export async function deliverWebhook(deps: DeliverDeps, place: Place, signal: AbortSignal): Promise<void> {
  const delivery = await deps.store.read.webhookDeliveries.find(place.tenantId, place.deliveryId)
  if (delivery?.status !== 'pending' || delivery.attempts !== place.attempt - 1) return
  const endpoint = await deps.store.read.webhookEndpoints.find(delivery.tenantId, delivery.endpointId)
  if (!endpoint?.enabled || endpoint.secret === null) {
    const error = endpoint ? 'The endpoint is disabled' : 'The endpoint was deleted'
    return deps.store.transaction((tx) => tx.webhookDeliveries.giveUp(delivery, { error, at: deps.clock.now() }))
  }
  const at = deps.clock.now()
  const outcome = await deps.sender.send(requestOf(deps, { delivery, endpoint, at }), signal)
  const durationMs = Math.max(0, deps.clock.now() - at)
  deps.points.reach('webhook.after-send')
  const attempt = { number: place.attempt, at, byHand: place.byHand, responseStatus: outcome.status, durationMs, error: outcome.error }
  await deps.store.transaction((tx) => note(deps, tx, { delivery, attempt }))
  deps.points.reach('webhook.after-note')
}

type Sending = { readonly delivery: DeliveryRow; readonly endpoint: EndpointRow; readonly at: number }

function requestOf({ credentials }: DeliverDeps, { delivery, endpoint, at }: Sending) {
  const secrets = openSecrets(credentials, endpoint.secret as Uint8Array, endpoint)
  const withPrevious = secrets.previous !== null && endpoint.previousUntil !== null && at < endpoint.previousUntil
  const { id, payload: body } = delivery
  const timestampSeconds = Math.floor(at / 1000)
  const keys = withPrevious ? [secrets.current, secrets.previous as string] : [secrets.current]
  const signature = signatureOf({ id, timestampSeconds, body }, keys)
  const signed = { 'webhook-id': id, 'webhook-timestamp': String(timestampSeconds), 'webhook-signature': signature }
  return { url: endpoint.url, headers: { 'content-type': 'application/json', ...signed }, body }
}

type Noted = { readonly delivery: DeliveryRow; readonly attempt: AttemptRow }

async function note({ clock }: DeliverDeps, tx: Tx, { delivery, attempt }: Noted): Promise<void> {
  const now = clock.now()
  const wait = webhookRetrySeconds[attempt.number]
  const tryAgain = attempt.error !== null && !attempt.byHand && wait !== undefined && attempt.responseStatus !== GONE
  const nextAttemptAt = tryAgain ? now + wait * 1000 : null
  const status = attempt.error === null ? 'delivered' : tryAgain ? 'pending' : 'failed'
  const settled = await tx.webhookDeliveries.settle(delivery, attempt, { status, nextAttemptAt, finishedAt: tryAgain ? null : now })
  if (!settled) return
  const next = { number: attempt.number + 1, byHand: false }
  if (nextAttemptAt !== null) await tx.jobs.enqueue(deliverWebhookJob(delivery, { ...next, runAt: nextAttemptAt }))
  const endpoint = await tx.webhookEndpoints.find(delivery.tenantId, delivery.endpointId)
  if (endpoint) await judge(tx, endpoint, { attempt, now })
}

/** Remembers since when an endpoint fails, and disables one that failed for days or is gone. A success forgets it. */
async function judge(tx: Tx, endpoint: EndpointRow, { attempt, now }: { attempt: AttemptRow; now: number }): Promise<void> {
  if (attempt.error === null) {
    if (endpoint.failingSince !== null) await tx.webhookEndpoints.update({ ...endpoint, failingSince: null })
    return
  }
  const failingSince = endpoint.failingSince ?? attempt.at
  const tooLong = now - failingSince >= WEBHOOK_FAILING_SECONDS * 1000
  if (!endpoint.enabled || (!tooLong && attempt.responseStatus !== GONE)) {
    if (endpoint.failingSince === null) await tx.webhookEndpoints.update({ ...endpoint, failingSince })
    return
  }
  const days = Math.floor((now - failingSince) / 86_400_000)
  const reason =
    attempt.responseStatus === GONE ? 'It answered 410 Gone' : `Every attempt failed for ${days} days; the latest: ${attempt.error}`
  const disabled = { enabled: false, disabledReason: reason, failingSince, version: endpoint.version + 1 }
  await tx.webhookEndpoints.update({ ...endpoint, ...disabled })
  const details = { webhookId: endpoint.id, host: new URL(endpoint.url).host, reason }
  const by = { tenantId: endpoint.tenantId, actor: systemActor, requestId: null }
  await tx.audit.append({ ...by, action: 'WEBHOOK_DISABLED', result: 'failed', details })
}

const AT_ONCE = 500
const KEPT_MILLISECONDS = 30 * 86_400_000

/** Forgets deliveries that ended long ago, some at a time. */
export async function purgeDeliveries({ store, clock }: Pick<DeliverDeps, 'store' | 'clock'>, signal: AbortSignal): Promise<void> {
  const before = clock.now() - KEPT_MILLISECONDS
  for (let purged = AT_ONCE; purged === AT_ONCE; ) {
    signal.throwIfAborted()
    purged = await store.transaction((tx) => tx.webhookDeliveries.purge(before, AT_ONCE))
  }
}
