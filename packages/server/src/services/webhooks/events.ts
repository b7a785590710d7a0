import type { WebhookEventType } from '@holdfast/api'
import { toIso } from '../../core/clock.ts'
import { newId } from '../../core/ids.ts'
import type { FileRow } from '../../db/file-rows.ts'
import type { Tx } from '../../db/store.ts'
import type { EndpointRow } from '../../db/webhooks.ts'
import { deliverWebhookJob } from './job-kinds.ts'

export type WebhookEvent = {
  readonly type: WebhookEventType
  /** As it is after the change that the event tells of. */
  readonly file: FileRow
  readonly at: number
}

/** docs/spec/webhooks.md. No key, no URL, no name: who may see those asks the API. */
function payloadOf({ type, file, at }: WebhookEvent): string {
  const data = {
    id: file.id,
    tenantId: file.tenantId,
    tier: file.tier,
    status: file.status,
    objectClass: file.objectClass,
    ownerEntityType: file.ownerType,
    ownerEntityId: file.ownerId,
    isCurrent: file.objectClass === null ? null : file.isCurrent,
    caseId: file.caseId,
    itemId: file.itemId,
    contentType: file.contentType,
    size: file.size,
    sha256: file.sha256,
    reasons: (file.validation ?? []).map(({ code }) => code),
  }
  return JSON.stringify({ type, timestamp: toIso(at), data })
}

type Message = { readonly type: string; readonly payload: string; readonly fileId: string | null; readonly at: number }

/** Puts a message on its way to an endpoint; answers the id of the delivery. */
export async function sendTo(tx: Tx, endpoint: EndpointRow, message: Message): Promise<string> {
  const { type: eventType, payload, fileId, at } = message
  const delivery = { id: newId(), tenantId: endpoint.tenantId, endpointId: endpoint.id, eventType, payload, fileId }
  await tx.webhookDeliveries.insert({ ...delivery, nextAttemptAt: at, createdAt: at })
  await tx.jobs.enqueue(deliverWebhookJob(delivery, { number: 1, byHand: false, runAt: at }))
  return delivery.id
}

/**
 * Tells every endpoint of the tenant that wants to hear of it, once `tx` has committed: for the transaction that makes the file READY,
 * REJECTED or FAILED, or deletes it since it has expired. Takes one read where there is no endpoint.
 */
export async function webhookEvents(tx: Tx, event: WebhookEvent): Promise<void> {
  await tellEndpoints(tx, await tx.webhookEndpoints.wanting(event.file.tenantId, event.type), event)
}

/** As `webhookEvents`, for many events of one type and tenant: `endpoints` are those that want to hear of them. */
export async function tellEndpoints(tx: Tx, endpoints: readonly EndpointRow[], event: WebhookEvent): Promise<void> {
  if (endpoints.length === 0) return
  const message = { type: event.type, payload: payloadOf(event), fileId: event.file.id, at: event.at }
  for (const endpoint of endpoints) await sendTo(tx, endpoint, message)
}
