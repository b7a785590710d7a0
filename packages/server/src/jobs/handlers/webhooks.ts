import { type DeliverDeps, deliverWebhook, purgeDeliveries } from '../../services/webhooks/deliver.ts'
import { DELIVER_WEBHOOK, PURGE_WEBHOOKS } from '../../services/webhooks/job-kinds.ts'
import { GiveUp, type JobHandler } from '../job-handler.ts'
import type { Schedule } from '../schedule.ts'

/** Tells endpoints of webhooks. They are others' servers and may be slow, so these have a worker of their own. */
export const deliverWebhookHandler = (deps: DeliverDeps): JobHandler => ({
  kind: DELIVER_WEBHOOK,
  async handle({ tenantId, payload }, { signal }) {
    const { deliveryId, attempt, byHand } = payload
    if (tenantId === null || typeof deliveryId !== 'string' || typeof attempt !== 'number') throw new GiveUp('The job names no delivery')
    await deliverWebhook(deps, { tenantId, deliveryId, attempt, byHand: byHand === true }, signal)
  },
})

export const purgeWebhooksHandler = (deps: Pick<DeliverDeps, 'store' | 'clock'>): JobHandler => ({
  kind: PURGE_WEBHOOKS,
  handle: (_job, { signal }) => purgeDeliveries(deps, signal),
})

const HOUR = 3_600_000
export const purgeWebhooksSchedule: Schedule = {
  name: PURGE_WEBHOOKS,
  kind: PURGE_WEBHOOKS,
  everyMilliseconds: 24 * HOUR,
  offsetMilliseconds: 5 * HOUR,
  maxAttempts: 3,
}
