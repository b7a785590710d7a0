import { bucketRoute } from './bucket-route.ts'
import type { DigestTask } from './digest-task.ts'
import { gone } from './failures.ts'
import type { PartRoute } from './part-route.ts'
import { missingParts } from './plan.ts'
import type { RunContext } from './run.ts'
import { serverRoute } from './server-route.ts'

/** Sends what is missing, several parts at once. @throws the first failure, when no part is in flight any more. */
export async function sendMissing(context: RunContext, digest: DigestTask): Promise<void> {
  const session = context.progress.session
  if (session === null) throw gone()
  const missing = missingParts(session, context.progress.receipts)
  if (missing.length === 0) return
  context.progress.enter('uploading')
  const route = session.delivery === 'presigned' ? bucketRoute(context, missing) : serverRoute(context)
  try {
    await sendAll(context, { route, missing, digest })
    await route.settle()
  } finally {
    route.leave()
  }
}

type Sending = { readonly route: PartRoute; readonly missing: readonly number[]; readonly digest: DigestTask }

async function sendAll({ signal }: RunContext, { route, missing, digest }: Sending): Promise<void> {
  const stop = new AbortController()
  const inFlight = new Set<Promise<void>>()
  for (const number of missing) {
    while (inFlight.size >= route.width()) await Promise.race(inFlight)
    if (signal.aborted || stop.signal.aborted) break
    const sending = route
      .send({ number, digest, stop: stop.signal })
      .catch((error: unknown) => stop.abort(error))
      .finally(() => inFlight.delete(sending))
    inFlight.add(sending)
  }
  await Promise.all(inFlight)
  signal.throwIfAborted()
  stop.signal.throwIfAborted()
}
