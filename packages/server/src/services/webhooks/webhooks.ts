import {
  type PageOf,
  Problem,
  WEBHOOK_SECRET_OVERLAP_SECONDS,
  type Webhook,
  type WebhookCreate,
  type WebhookCreated,
  type WebhookDelivery,
  type WebhookDeliveryDetail,
  type WebhookDeliveryQuery,
  type WebhookUpdate,
} from '@holdfast/api'
import type { Caller } from '../../core/actor.ts'
import { toIso, toIsoOrNull } from '../../core/clock.ts'
import { newId } from '../../core/ids.ts'
import type { Tables } from '../../db/store.ts'
import type { DeliveryRow } from '../../db/webhook-deliveries.ts'
import type { EndpointRow } from '../../db/webhooks.ts'
import { existing, requireVersion, toldBy } from '../caller.ts'
import { fromCursor, type PageRequest, rowsFor, toPage } from '../pages.ts'
import type { DeliverDeps, WebhookSender } from './deliver.ts'
import { sendTo } from './events.ts'
import { deliverWebhookJob } from './job-kinds.ts'
import { newEndpointSecret, openSecrets, sealSecrets } from './secrets.ts'

/** Each READY file is told to each of them. */
const MAX_ENDPOINTS = 20

const toWebhook = (row: EndpointRow): Webhook => ({
  id: row.id,
  url: row.url,
  description: row.description,
  eventTypes: [...row.eventTypes],
  enabled: row.enabled,
  disabledReason: row.disabledReason,
  failingSince: toIsoOrNull(row.failingSince),
  previousSecretUntil: toIsoOrNull(row.previousUntil),
  createdBy: row.createdBy,
  createdAt: toIso(row.createdAt),
  version: row.version,
})

const toDelivery = (row: DeliveryRow): WebhookDelivery => ({
  id: row.id,
  webhookId: row.endpointId,
  eventType: row.eventType,
  fileId: row.fileId,
  status: row.status,
  attempts: row.attempts,
  responseStatus: row.responseStatus,
  durationMs: row.durationMs,
  error: row.error,
  nextAttemptAt: toIsoOrNull(row.nextAttemptAt),
  createdAt: toIso(row.createdAt),
  finishedAt: toIsoOrNull(row.finishedAt),
})

type Deps = Pick<DeliverDeps, 'store' | 'clock' | 'credentials'> & { readonly sender: Pick<WebhookSender, 'refuse'> }

/** What the log says of an endpoint: its host alone, since the rest of a URL can hold a secret. */
const told = (row: EndpointRow) => ({ kind: 'webhook', name: new URL(row.url).host, webhookId: row.id })

function requireUrl(deps: Deps, url: string): void {
  const refusal = deps.sender.refuse(url)
  if (refusal !== null) throw new Problem('VALIDATION_ERROR', undefined, { errors: [{ field: 'url', message: refusal }] })
}

const getEndpoint = async (tables: Pick<Tables, 'webhookEndpoints'>, caller: Caller, id: string): Promise<EndpointRow> =>
  existing(await tables.webhookEndpoints.find(caller.tenantId, id), 'webhook')

async function getDelivery(tables: Pick<Tables, 'webhookDeliveries'>, caller: Caller, place: DeliveryPlace): Promise<DeliveryRow> {
  const row = await tables.webhookDeliveries.find(caller.tenantId, place.deliveryId)
  return existing(row?.endpointId === place.webhookId ? row : null, 'delivery')
}

export type DeliveryPlace = { readonly webhookId: string; readonly deliveryId: string }

/** Endpoints that are told when files become READY, are rejected, fail or expire (O15), and what became of each message. */
export const webhookService = (deps: Deps) => ({
  /** Newest first. */
  async list(caller: Caller, page: PageRequest): Promise<PageOf<Webhook>> {
    const rows = await deps.store.read.webhookEndpoints.list(caller.tenantId, { limit: rowsFor(page), before: fromCursor(page.cursor) })
    return toPage(rows, page, toWebhook)
  },

  async get(caller: Caller, id: string): Promise<Webhook> {
    return toWebhook(await getEndpoint(deps.store.read, caller, id))
  },

  /** The answer holds the secret, for the only time. CONFLICT where there are too many already. */
  async create(caller: Caller, request: WebhookCreate): Promise<WebhookCreated> {
    requireUrl(deps, request.url)
    const place = { tenantId: caller.tenantId, id: newId() }
    const secret = newEndpointSecret()
    const sealed = sealSecrets(deps.credentials, { current: secret, previous: null }, place)
    const { url, description = '', eventTypes } = request
    const state = { enabled: true, disabledReason: null, secret: sealed, previousUntil: null, failingSince: null, version: 1 }
    const made = { createdBy: caller.actor.name, createdAt: deps.clock.now() }
    const row: EndpointRow = { ...place, url, description, eventTypes, ...state, ...made }
    await deps.store.transaction(async (tx) => {
      if ((await tx.webhookEndpoints.count(caller.tenantId)) >= MAX_ENDPOINTS)
        throw new Problem('CONFLICT', `There are ${MAX_ENDPOINTS} webhooks already. Delete one first.`)
      await tx.webhookEndpoints.insert(row)
      await tx.audit.append({ ...toldBy(caller), action: 'CREATE', details: { ...told(row), eventTypes } })
    })
    return { webhook: toWebhook(row), secret }
  },

  async update(caller: Caller, id: string, change: { expectedVersion: number | null; changes: WebhookUpdate }): Promise<Webhook> {
    const { changes } = change
    if (changes.url !== undefined) requireUrl(deps, changes.url)
    return deps.store.transaction(async (tx) => {
      const row = await getEndpoint(tx, caller, id)
      requireVersion(row, change.expectedVersion)
      const changed = (['url', 'description', 'eventTypes', 'enabled'] as const).filter(
        (field) => changes[field] !== undefined && String(changes[field]) !== String(row[field]),
      )
      if (changed.length === 0) return toWebhook(row)
      const afresh = changes.enabled === undefined ? {} : { disabledReason: null, failingSince: null }
      const next: EndpointRow = { ...row, ...changes, ...afresh, version: row.version + 1 }
      await tx.webhookEndpoints.update(next)
      await tx.audit.append({ ...toldBy(caller), action: 'UPDATE', details: { ...told(next), changed } })
      return toWebhook(next)
    })
  },

  /** What is still on its way to it is given up. */
  async remove(caller: Caller, id: string, expectedVersion: number | null): Promise<void> {
    await deps.store.transaction(async (tx) => {
      const row = await getEndpoint(tx, caller, id)
      requireVersion(row, expectedVersion)
      await tx.webhookEndpoints.remove(caller.tenantId, id, deps.clock.now())
      await tx.audit.append({ ...toldBy(caller), action: 'DELETE', details: told(row) })
    })
  },

  /** A new secret; for a day messages are signed with it and with the one of before, but never with a third. */
  async rotateSecret(caller: Caller, id: string): Promise<WebhookCreated> {
    const secret = newEndpointSecret()
    const webhook = await deps.store.transaction(async (tx) => {
      const row = await getEndpoint(tx, caller, id)
      const { current } = openSecrets(deps.credentials, row.secret as Uint8Array, row)
      const sealed = sealSecrets(deps.credentials, { current: secret, previous: current }, row)
      const previousUntil = deps.clock.now() + WEBHOOK_SECRET_OVERLAP_SECONDS * 1000
      const next = { ...row, secret: sealed, previousUntil, version: row.version + 1 }
      await tx.webhookEndpoints.update(next)
      await tx.audit.append({ ...toldBy(caller), action: 'UPDATE', details: { ...told(row), changed: ['secret'] } })
      return toWebhook(next)
    })
    return { webhook, secret }
  },

  /** Sends a `webhook.test` message. CONFLICT where it is disabled. */
  async test(caller: Caller, id: string): Promise<WebhookDelivery> {
    const at = deps.clock.now()
    return deps.store.transaction(async (tx) => {
      const row = await getEndpoint(tx, caller, id)
      requireEnabled(row)
      const payload = JSON.stringify({ type: 'webhook.test', timestamp: toIso(at), data: { webhookId: id, tenantId: caller.tenantId } })
      const deliveryId = await sendTo(tx, row, { type: 'webhook.test', payload, fileId: null, at })
      return toDelivery(await getDelivery(tx, caller, { webhookId: id, deliveryId }))
    })
  },

  /** Newest first; those of the last 30 days and those under way. */
  async deliveries(caller: Caller, id: string, query: WebhookDeliveryQuery): Promise<PageOf<WebhookDelivery>> {
    const row = await getEndpoint(deps.store.read, caller, id)
    const page = { limit: rowsFor(query), before: fromCursor(query.cursor) }
    return toPage(await deps.store.read.webhookDeliveries.list(row, { status: query.status }, page), query, toDelivery)
  },

  async delivery(caller: Caller, place: DeliveryPlace): Promise<WebhookDeliveryDetail> {
    const row = await getDelivery(deps.store.read, caller, place)
    const attempts = await deps.store.read.webhookDeliveries.attempts(row.id)
    return {
      delivery: toDelivery(row),
      payload: JSON.parse(row.payload),
      attempts: attempts.map((attempt) => ({ ...attempt, at: toIso(attempt.at) })),
    }
  },

  /** One more attempt, with the same id and payload. CONFLICT where it is still under way, or the webhook is disabled. */
  async redeliver(caller: Caller, place: DeliveryPlace): Promise<WebhookDelivery> {
    return deps.store.transaction(async (tx) => {
      requireEnabled(await getEndpoint(tx, caller, place.webhookId))
      const row = await getDelivery(tx, caller, place)
      const runAt = deps.clock.now()
      if (!(await tx.webhookDeliveries.reopen(row, runAt))) throw new Problem('CONFLICT', 'It is still under way.')
      await tx.jobs.enqueue(deliverWebhookJob(row, { number: row.attempts + 1, byHand: true, runAt }))
      return toDelivery(await getDelivery(tx, caller, place))
    })
  },
})
export type WebhookService = ReturnType<typeof webhookService>

function requireEnabled(row: EndpointRow): void {
  if (!row.enabled) throw new Problem('CONFLICT', 'The webhook is disabled. Enable it first.')
}
