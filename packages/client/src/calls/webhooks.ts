import type {
  PageOf,
  Webhook,
  WebhookCreate,
  WebhookCreated,
  WebhookDelivery,
  WebhookDeliveryDetail,
  WebhookDeliveryQuery,
  WebhookUpdate,
} from '@holdfast/api'
import type { CallOptions, Http } from '../http.ts'

const at = (id: string): string => `/webhooks/${encodeURIComponent(id)}`
const delivery = (id: string, deliveryId: string): string => `${at(id)}/deliveries/${encodeURIComponent(deliveryId)}`

export const webhookCalls = (http: Http) => ({
  list: (query: { limit?: number; cursor?: string } = {}, options?: CallOptions): Promise<PageOf<Webhook>> =>
    http.json({ method: 'GET', path: '/webhooks', query }, options),
  get: (id: string, options?: CallOptions): Promise<Webhook> => http.json({ method: 'GET', path: at(id) }, options),
  /** The answer holds the secret, this once. */
  create: (webhook: WebhookCreate, options?: CallOptions): Promise<WebhookCreated> =>
    http.json({ method: 'POST', path: '/webhooks', body: webhook, creates: true }, options),
  update: (id: string, changes: WebhookUpdate, options?: CallOptions): Promise<Webhook> =>
    http.json({ method: 'PATCH', path: at(id), body: changes }, options),
  remove: (id: string, options?: CallOptions): Promise<void> => http.json({ method: 'DELETE', path: at(id) }, options),
  /** The answer holds the new secret, this once; the one of before counts for 24 hours more. */
  rotateSecret: (id: string, options?: CallOptions): Promise<WebhookCreated> =>
    http.json({ method: 'POST', path: `${at(id)}/rotate-secret`, body: {} }, options),
  test: (id: string, options?: CallOptions): Promise<WebhookDelivery> =>
    http.json({ method: 'POST', path: `${at(id)}/test`, body: {} }, options),
  deliveries: (id: string, query: WebhookDeliveryQuery = {}, options?: CallOptions): Promise<PageOf<WebhookDelivery>> =>
    http.json({ method: 'GET', path: `${at(id)}/deliveries`, query }, options),
  delivery: (id: string, deliveryId: string, options?: CallOptions): Promise<WebhookDeliveryDetail> =>
    http.json({ method: 'GET', path: delivery(id, deliveryId) }, options),
  redeliver: (id: string, deliveryId: string, options?: CallOptions): Promise<WebhookDelivery> =>
    http.json({ method: 'POST', path: `${delivery(id, deliveryId)}/redeliver`, body: {} }, options),
})

export type WebhookCalls = ReturnType<typeof webhookCalls>
