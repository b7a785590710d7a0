import { deliverKey } from '../webhooks/job-kinds.ts'
import type { CheckDeps } from './check-store.ts'
import type { CheckNotes } from './report.ts'

const PAGE = 200

/** A message that is under way has the job of its next attempt. */
export async function checkWebhooks({ store }: CheckDeps, notes: CheckNotes): Promise<void> {
  for (let after = ''; ; ) {
    const page = await store.read.webhookDeliveries.pagePending(after, PAGE)
    for (const { tenantId, id, attempts } of page) {
      if (await store.read.jobs.isActive(deliverKey(id, attempts + 1))) continue
      const now = await store.read.webhookDeliveries.find(tenantId, id)
      if (now?.status === 'pending' && now.attempts === attempts)
        notes.find('job-lost', id, 'a webhook is to be delivered, and no job does it')
    }
    const last = page.at(-1)
    if (!last) return
    after = last.id
  }
}
