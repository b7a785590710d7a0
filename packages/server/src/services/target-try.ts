import { isDeepStrictEqual } from 'node:util'
import { Problem, type S3Policy, type S3PolicyQuery, type TargetTestResult, type TargetTry } from '@holdfast/api'
import type { Caller } from '../core/actor.ts'
import { corsRules, s3Policy } from '../core/s3-policy.ts'
import { targetLocation } from '../core/target-location.ts'
import type { Tx } from '../db/store.ts'
import type { TargetRow } from '../db/targets.ts'
import { toldBy } from './caller.ts'
import { waitingForTargets } from './moves/job-kinds.ts'
import type { OpenAddress, TargetDeps } from './target-deps.ts'
import { openCredentials, requireGoodAddress } from './target-save.ts'
import { getTarget } from './target-view.ts'

export type TestRequest = { readonly signal?: AbortSignal | undefined; readonly origin?: string | null | undefined }

const originOf = (deps: TargetDeps, request: TestRequest): string | null => request.origin ?? deps.publicUrl

/** Does the round trip now, and notes on the target how it went and what it can do (T6, T7, T12). */
export async function testTarget(deps: TargetDeps, caller: Caller, id: string, request: TestRequest): Promise<TargetTestResult> {
  const row = await getTarget(deps.store.read, caller.tenantId, id)
  const test = await deps.backends.test(row, { signal: request.signal, origin: originOf(deps, request) })
  await deps.store.transaction(async (tx) => {
    await tx.targets.noteTest(id, { at: deps.clock.now(), ok: test.ok })
    if (test.ok) await tx.jobs.hurry(caller.tenantId, waitingForTargets)
    await keepCapabilities(tx, caller, { id, test })
    await tx.audit.append({
      ...toldBy(caller),
      ...outcome(test),
      action: 'TARGET_TESTED',
      details: { ...told(test), targetId: id, name: row.name },
    })
  })
  return test
}

const outcome = (test: TargetTestResult) => ({ result: test.ok ? ('ok' as const) : ('failed' as const) })
const told = (test: TargetTestResult) => ({ ok: test.ok, failedStep: test.steps.find((step) => !step.ok)?.name ?? null })

async function keepCapabilities(tx: Tx, caller: Caller, { id, test }: { id: string; test: TargetTestResult }): Promise<void> {
  const row = await tx.targets.find(caller.tenantId, id)
  if (test.capabilities === null || row === null) return
  const same = isDeepStrictEqual({ ...row.capabilities, at: '' }, { ...test.capabilities, at: '' })
  await tx.targets.keepCapabilities(id, { capabilities: test.capabilities, version: same ? row.version : row.version + 1 })
}

/** Kept secrets go to the storage that they were given for, and to no other. */
function addressWithKept(deps: TargetDeps, row: TargetRow, { kind, place }: TargetTry): OpenAddress {
  if (row.kind !== kind || targetLocation(kind, place) !== row.location || !isDeepStrictEqual(row.place.hostKey, place.hostKey)) {
    const message = 'are needed: this is another place than the one that the kept ones are for'
    throw new Problem('VALIDATION_ERROR', undefined, { errors: [{ field: 'credentials', message }] })
  }
  return { kind, place, credentials: openCredentials(deps, row) }
}

/** The same for fields that are not saved; nothing of them is kept (T5). */
export async function tryTarget(deps: TargetDeps, caller: Caller, fields: TargetTry, request: TestRequest): Promise<TargetTestResult> {
  const row = fields.targetId === undefined ? null : await getTarget(deps.store.read, caller.tenantId, fields.targetId)
  const { kind, place } = fields
  const given: OpenAddress = { kind, place, credentials: fields.credentials ?? null }
  const errors = deps.backends.check(given).filter(({ field }) => field.startsWith('place'))
  if (errors.length > 0) throw new Problem('VALIDATION_ERROR', undefined, { errors })
  const address = row && fields.credentials === undefined ? addressWithKept(deps, row, fields) : given
  await requireGoodAddress(deps, address, request.signal)
  const test = await deps.backends.tryOut(address, { signal: request.signal, origin: originOf(deps, request) })
  const details = {
    ...told(test),
    targetId: row?.id ?? null,
    name: row?.name ?? null,
    targetKind: kind,
    location: targetLocation(kind, place),
  }
  await deps.store.transaction(async (tx) => {
    await tx.audit.append({ ...toldBy(caller), ...outcome(test), action: 'TARGET_TESTED', details })
  })
  return test
}

/** What the administrator of a bucket has to allow, ready to copy (T11). */
export function describeS3Policy(deps: Pick<TargetDeps, 'publicUrl'>, query: S3PolicyQuery): S3Policy {
  const { bucket, prefix = '', region = '', kmsKeyId = '' } = query
  const origin = query.origin ?? deps.publicUrl
  const place = { bucket, prefix: prefix.replace(/^\/+|\/+$/g, ''), region, kmsKeyId: kmsKeyId === '' ? null : kmsKeyId }
  return { policy: s3Policy(place), cors: origin === null ? null : corsRules(origin), origin }
}
