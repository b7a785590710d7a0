import {
  Page,
  Uuid,
  Webhook,
  WebhookCreate,
  WebhookCreated,
  WebhookDelivery,
  WebhookDeliveryDetail,
  WebhookDeliveryQuery,
  WebhookUpdate,
} from '@holdfast/api'
import { Type } from 'typebox'
import { answers, NoContent } from '../answers.ts'
import type { HttpApp } from '../app-types.ts'
import { expectedVersion, tagged } from '../conditions.ts'
import type { Services } from '../services.ts'
import { IdempotencyKey, IdParams, IfMatch, ListQuery } from './parameters.ts'

const tags = ['Webhooks']
const DeliveryParams = Type.Object({ id: Uuid, deliveryId: Uuid }, { additionalProperties: false })
const read = { permission: 'webhook.read' as const }
const write = { permission: 'webhook.write' as const }

export function registerWebhookRoutes(app: HttpApp, services: Services): void {
  registerEndpoints(app, services)
  registerSecretsAndDeliveries(app, services)
}

function registerEndpoints(app: HttpApp, { webhooks }: Services): void {
  const list = { summary: 'List webhooks, newest first', tags, querystring: ListQuery, response: answers({ 200: Page(Webhook) }) }
  app.get('/api/v1/webhooks', { config: read, schema: list }, (request) => webhooks.list(request.caller, request.query))

  const create = {
    summary: 'Make a webhook',
    description: 'The secret is in this answer alone. It is not kept in the open, so a repetition with the same Idempotency-Key gets 409.',
    tags,
    headers: IdempotencyKey,
    body: WebhookCreate,
    response: answers({ 201: WebhookCreated }, ['CONFLICT']),
  }
  app.post('/api/v1/webhooks', { config: { ...write, idempotent: 'once' }, schema: create }, async (request, reply) => {
    const made = await webhooks.create(request.caller, request.body)
    return reply.code(201).header('location', `/api/v1/webhooks/${made.webhook.id}`).send(made)
  })

  const get = { summary: 'Get a webhook', tags, params: IdParams, response: answers({ 200: Webhook }, ['NOT_FOUND']) }
  app.get('/api/v1/webhooks/:id', { config: read, schema: get }, async (request, reply) =>
    tagged(reply, await webhooks.get(request.caller, request.params.id)),
  )

  const update = {
    summary: 'Change a webhook, or enable it again',
    tags,
    params: IdParams,
    headers: IfMatch,
    body: WebhookUpdate,
    response: answers({ 200: Webhook }, ['NOT_FOUND', 'PRECONDITION_FAILED']),
  }
  app.patch('/api/v1/webhooks/:id', { config: write, schema: update }, async (request, reply) => {
    const change = { expectedVersion: expectedVersion(request), changes: request.body }
    return tagged(reply, await webhooks.update(request.caller, request.params.id, change))
  })

  const gone = answers({ 204: NoContent }, ['NOT_FOUND', 'PRECONDITION_FAILED'])
  const remove = { summary: 'Delete a webhook', tags, params: IdParams, headers: IfMatch, response: gone }
  app.delete('/api/v1/webhooks/:id', { config: write, schema: remove }, async (request, reply) => {
    await webhooks.remove(request.caller, request.params.id, expectedVersion(request))
    return reply.code(204).send()
  })
}

function registerSecretsAndDeliveries(app: HttpApp, { webhooks }: Services): void {
  const rotate = {
    summary: 'Give a webhook a new secret',
    description: 'For 24 hours messages are signed with the new secret and with the one of before.',
    tags,
    params: IdParams,
    response: answers({ 200: WebhookCreated }, ['NOT_FOUND']),
  }
  app.post('/api/v1/webhooks/:id/rotate-secret', { config: write, schema: rotate }, (request) =>
    webhooks.rotateSecret(request.caller, request.params.id),
  )

  const queued = answers({ 202: WebhookDelivery }, ['NOT_FOUND', 'CONFLICT'])
  const test = { summary: 'Send a test message to a webhook', tags, params: IdParams, response: queued }
  app.post('/api/v1/webhooks/:id/test', { config: write, schema: test }, async (request, reply) =>
    reply.code(202).send(await webhooks.test(request.caller, request.params.id)),
  )

  const list = {
    summary: 'List the deliveries of a webhook, newest first',
    tags,
    params: IdParams,
    querystring: WebhookDeliveryQuery,
    response: answers({ 200: Page(WebhookDelivery) }, ['NOT_FOUND']),
  }
  app.get('/api/v1/webhooks/:id/deliveries', { config: read, schema: list }, (request) =>
    webhooks.deliveries(request.caller, request.params.id, request.query),
  )

  const one = answers({ 200: WebhookDeliveryDetail }, ['NOT_FOUND'])
  const get = { summary: 'Get a delivery with its attempts', tags, params: DeliveryParams, response: one }
  app.get('/api/v1/webhooks/:id/deliveries/:deliveryId', { config: read, schema: get }, (request) =>
    webhooks.delivery(request.caller, { webhookId: request.params.id, deliveryId: request.params.deliveryId }),
  )

  const again = { summary: 'Deliver a message once more', tags, params: DeliveryParams, response: queued }
  app.post('/api/v1/webhooks/:id/deliveries/:deliveryId/redeliver', { config: write, schema: again }, async (request, reply) => {
    const place = { webhookId: request.params.id, deliveryId: request.params.deliveryId }
    return reply.code(202).send(await webhooks.redeliver(request.caller, place))
  })
}
