import type { Webhook, WebhookDelivery } from '@holdfast/api'
import type { Client } from '@holdfast/client'
import { queryOptions } from '@tanstack/react-query'
import { keys } from '../../app/query-keys.ts'
import { pagedQuery } from '../../ui/paged-query.ts'

const whilePending = 2_000
const otherwise = 15_000

export const webhooksQuery = (client: Client) =>
  pagedQuery<Webhook>([keys.webhooks, 'list'], (asked, options) => client.webhooks.list(asked, options))

export const webhookQuery = (client: Client, id: string) =>
  queryOptions({
    queryKey: [keys.webhooks, 'one', id],
    queryFn: ({ signal }) => client.webhooks.get(id, { signal }),
    refetchInterval: otherwise,
  })

/** A message that waits for its next attempt in hours need not be asked for every moment. */
const isSoon = ({ status, nextAttemptAt }: WebhookDelivery): boolean =>
  status === 'pending' && (nextAttemptAt === null || Date.parse(nextAttemptAt) - Date.now() < 10_000)

export const deliveriesQuery = (client: Client, id: string, status: WebhookDelivery['status'] | undefined) =>
  pagedQuery<WebhookDelivery>(
    [keys.webhooks, 'deliveries', id, status ?? ''],
    (asked, options) => client.webhooks.deliveries(id, { ...asked, ...(status ? { status } : {}) }, options),
    { every: (rows) => (rows.some(isSoon) ? whilePending : otherwise) },
  )

export const deliveryQuery = (client: Client, id: string, deliveryId: string) =>
  queryOptions({
    queryKey: [keys.webhooks, 'delivery', id, deliveryId],
    queryFn: ({ signal }) => client.webhooks.delivery(id, deliveryId, { signal }),
    refetchInterval: (query) => (query.state.data && isSoon(query.state.data.delivery) ? whilePending : false),
  })
