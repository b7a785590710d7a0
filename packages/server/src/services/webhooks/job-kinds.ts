import type { NewJob } from '../../db/job-queue.ts'

/** One attempt to deliver one message to one endpoint. */
export const DELIVER_WEBHOOK = 'deliver-webhook'
/** Forgets deliveries that ended long ago. */
export const PURGE_WEBHOOKS = 'purge-webhooks'

type Delivery = { readonly tenantId: string; readonly id: string }

/** Number the attempts of a delivery, so that each has one job. */
export const deliverKey = (deliveryId: string, attempt: number): string => `${DELIVER_WEBHOOK}:${deliveryId}:${attempt}`

export const deliverWebhookJob = (delivery: Delivery, attempt: { number: number; byHand: boolean; runAt: number }): NewJob => ({
  kind: DELIVER_WEBHOOK,
  tenantId: delivery.tenantId,
  payload: { deliveryId: delivery.id, attempt: attempt.number, byHand: attempt.byHand },
  uniqueKey: deliverKey(delivery.id, attempt.number),
  runAt: attempt.runAt,
})
