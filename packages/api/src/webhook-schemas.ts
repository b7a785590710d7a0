import { type Static, Type } from 'typebox'
import { PageQuery } from './page-schemas.ts'
import { closed, Nullable, OneOf, Time, Uuid } from './shapes.ts'

// ── webhooks ─────────────────────────────────────────────────────────────────────────────────────
/** What an endpoint can be told of; `docs/spec/webhooks.md` has the payloads. `webhook.test` goes to whoever asked for it. */
export const webhookEventTypes = ['upload.ready', 'upload.rejected', 'upload.failed', 'upload.expired'] as const
export const deliveryStatuses = ['pending', 'delivered', 'failed'] as const

/** The wait before each attempt, in seconds: the schedule of the Standard Webhooks specification. */
export const webhookRetrySeconds = [0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400] as const
/** After a rotation messages are signed with both secrets for so long. */
export const WEBHOOK_SECRET_OVERLAP_SECONDS = 86_400
/** An endpoint that fails for so long, without one success, is disabled. */
export const WEBHOOK_FAILING_SECONDS = 5 * 86_400

const Url = Type.String({ minLength: 1, maxLength: 2048, description: 'http or https; redirects are not followed' })
const EventTypes = Type.Array(OneOf(webhookEventTypes), { minItems: 1, maxItems: webhookEventTypes.length, uniqueItems: true })
const Description = Type.String({ maxLength: 500 })

export const Webhook = Type.Object(
  {
    id: Uuid,
    url: Type.String(),
    description: Type.String(),
    eventTypes: Type.Array(OneOf(webhookEventTypes)),
    enabled: Type.Boolean(),
    disabledReason: Nullable(Type.String({ description: 'Why it was disabled, where nobody did it by hand' })),
    failingSince: Nullable(Time),
    previousSecretUntil: Nullable(Time),
    createdBy: Type.String(),
    createdAt: Time,
    version: Type.Integer(),
  },
  closed,
)
export const WebhookCreate = Type.Object({ url: Url, description: Type.Optional(Description), eventTypes: EventTypes }, closed)
export const WebhookUpdate = Type.Object(
  {
    url: Type.Optional(Url),
    description: Type.Optional(Description),
    eventTypes: Type.Optional(EventTypes),
    enabled: Type.Optional(Type.Boolean({ description: 'true also ends a disabling after failures' })),
  },
  closed,
)
const Secret = Type.String({ description: 'whsec_… of Standard Webhooks; in this answer alone' })
export const WebhookCreated = Type.Object({ webhook: Webhook, secret: Secret }, closed)
export const WebhookDelivery = Type.Object(
  {
    id: Uuid,
    webhookId: Uuid,
    eventType: Type.String(),
    fileId: Nullable(Uuid),
    status: OneOf(deliveryStatuses),
    attempts: Type.Integer(),
    responseStatus: Nullable(Type.Integer({ description: 'Of the latest attempt' })),
    durationMs: Nullable(Type.Integer()),
    error: Nullable(Type.String()),
    nextAttemptAt: Nullable(Time),
    createdAt: Time,
    finishedAt: Nullable(Time),
  },
  closed,
)
export const WebhookAttempt = Type.Object(
  {
    number: Type.Integer(),
    at: Time,
    byHand: Type.Boolean(),
    responseStatus: Nullable(Type.Integer()),
    durationMs: Type.Integer(),
    error: Nullable(Type.String()),
  },
  closed,
)
export const WebhookDeliveryDetail = Type.Object(
  { delivery: WebhookDelivery, payload: Type.Record(Type.String(), Type.Unknown()), attempts: Type.Array(WebhookAttempt) },
  closed,
)
export const WebhookDeliveryQuery = Type.Object({ ...PageQuery, status: Type.Optional(OneOf(deliveryStatuses)) }, closed)

export type WebhookEventType = (typeof webhookEventTypes)[number]
export type Webhook = Static<typeof Webhook>
export type WebhookCreate = Static<typeof WebhookCreate>
export type WebhookUpdate = Static<typeof WebhookUpdate>
export type WebhookCreated = Static<typeof WebhookCreated>
export type WebhookDelivery = Static<typeof WebhookDelivery>
export type WebhookAttempt = Static<typeof WebhookAttempt>
export type WebhookDeliveryDetail = Static<typeof WebhookDeliveryDetail>
export type WebhookDeliveryQuery = Static<typeof WebhookDeliveryQuery>
