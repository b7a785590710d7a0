import { randomUUID } from 'node:crypto'
import { type Part, Problem } from '@holdfast/api'
import type { Caller } from '../../core/actor.ts'
import { findPlannedPart, type PlannedPart, planOfUpload, type UploadPlan } from '../../core/upload-plan.ts'
import type { Tx } from '../../db/store.ts'
import type { UploadView } from '../../db/uploads.ts'
import type { StorageTarget } from '../../storage/target.ts'
import { toPart } from '../file-view.ts'
import type { IngestDeps } from './deps.ts'
import { driverWrite } from './driver-write.ts'
import { createPartWriter } from './part-writer.ts'
import { digestBody, type PartBody, type ReceivedPart, receivePart, requireDigest, requireSize } from './receive-part.ts'
import { expiryFrom, getUpload, openCipher, requireOwner, uploadClosed, uploadNotFound } from './session.ts'

export type PutPart = { readonly uploadId: string; readonly number: number; readonly body: PartBody }

type Attempt = {
  readonly upload: UploadView
  readonly plan: UploadPlan
  readonly part: PlannedPart
  readonly body: PartBody
  readonly signal: AbortSignal
  /** Names this attempt in the part's row: what is stored under the part is this attempt's alone while the row says so. */
  readonly claim: string
}

function plannedPart(upload: UploadView, number: number): { plan: UploadPlan; part: PlannedPart } {
  const plan = planOfUpload(upload)
  const part = findPlannedPart(plan, number)
  if (part) return { plan, part }
  throw new Problem('PART_OUT_OF_RANGE', `This upload has ${upload.partCount} parts; there is no part ${number}.`, {
    extra: { partCount: upload.partCount },
  })
}

const overtaken = (): Problem => new Problem('CONFLICT', 'The same part was sent again meanwhile. The later attempt counts.')

/** Throws unless the upload is open and the part is not another attempt's. */
async function requireTurn(deps: IngestDeps, { upload, part }: Attempt, claim: string | null): Promise<void> {
  const owner = await deps.store.read.uploads.partOwner({ uploadId: upload.id, number: part.number })
  if (owner?.status === 'open' && owner.claim === claim) return
  throw owner === null ? uploadNotFound() : owner.status === 'open' ? overtaken() : uploadClosed(owner)
}

/**
 * Before the first byte of the attempt can reach the target, an earlier receipt of the part is dropped durably: what a receipt stands for
 * is never overwritten. Where there is none, nothing has to be dropped and the claim costs no commit. Later calls only make sure that no
 * later attempt, here or at another instance, has taken the part over.
 */
function turnOf(deps: IngestDeps, attempt: Attempt, target: StorageTarget): () => Promise<string> {
  const { upload, part } = attempt
  const place = { uploadId: upload.id, number: part.number }
  let write = driverWrite(target, upload)
  let claim: string | null = null
  const claimPart = async (): Promise<void> => {
    await write.begin()
    try {
      await deps.store.transaction(async (tx) => {
        const now = deps.clock.now()
        if (!(await tx.uploads.touch(upload.id, now, expiryFrom(now)))) throw await closedNow(tx, upload)
        await write.keep(tx)
        await tx.uploads.claimPart(place, attempt.claim, part.plainLength)
      })
      claim = attempt.claim
    } finally {
      await write.settle()
    }
  }
  const begin = async (): Promise<void> => {
    const owner = await deps.store.read.uploads.partOwner(place)
    if (owner) write = driverWrite(target, { ...upload, writeId: owner.writeId })
    if (owner?.status !== 'open' || owner.claim !== null || owner.writeId === null) await claimPart()
  }
  let begun: Promise<void> | null = null
  return async () => {
    if (begun === null) {
      begun = begin()
      await begun
    } else {
      await begun
      await requireTurn(deps, attempt, claim)
    }
    return write.id
  }
}

async function closedNow(tables: Pick<Tx, 'uploads'>, upload: UploadView): Promise<Problem> {
  const now = await tables.uploads.find(upload.tenantId, upload.id)
  return now ? uploadClosed(now) : uploadNotFound()
}

/** Receives, seals, writes and flushes the part, then records its receipt: acknowledged means durable. */
async function storePart(deps: IngestDeps, attempt: Attempt): Promise<Part> {
  const { upload, plan, part, body, signal } = attempt
  const cipher = await openCipher(deps.keys, upload, upload.header)
  await using lease = await deps.targets.lease(upload.tenantId, upload.targetId)
  const { target } = lease
  const permit = turnOf(deps, attempt, target)
  const writer = createPartWriter({ target, key: upload.objectKey, memory: deps.memory, points: deps.points, signal, permit })
  const received = await receivePart({ plan, part, cipher, writer, digests: deps.digests, body, signal })
  await target.flushWrite(upload.objectKey, await permit(), { signal })
  deps.points.reach('upload.part.after-flush')
  return record(deps, attempt, received)
}

async function record(deps: IngestDeps, attempt: Attempt, received: ReceivedPart): Promise<Part> {
  const { upload, part, claim } = attempt
  const now = deps.clock.now()
  const stored = { ...received, size: part.plainLength, storedAt: now }
  await deps.store.transaction(async (tx) => {
    if (!(await tx.uploads.touch(upload.id, now, expiryFrom(now)))) throw await closedNow(tx, upload)
    if (!(await tx.uploads.storePart({ uploadId: upload.id, number: part.number }, claim, stored))) throw overtaken()
  })
  deps.points.reach('upload.part.after-receipt')
  return toPart({ number: part.number, ...stored })
}

/** The part as it is stored, where the sender declares the digest that it has already: the body is then checked and not written again. */
async function findSame(deps: IngestDeps, { upload, part, body, signal }: Attempt): Promise<Part | null> {
  if (body.sha256 === null) return null
  const stored = await deps.store.read.uploads.findPart({ uploadId: upload.id, number: part.number })
  if (stored?.sha256 !== Buffer.from(body.sha256).toString('hex')) return null
  requireDigest(body.sha256, await digestBody(body, { digests: deps.digests, signal }))
  return toPart(stored)
}

/**
 * Stores one part. Parts may come in any order, at once, twice and at any instance; of several attempts at one part the one acknowledged
 * last is what is stored. Where this rejects nothing of the attempt counts; the part is then either as it was before or not received.
 */
export async function putPart(deps: IngestDeps, caller: Caller, request: PutPart): Promise<Part> {
  const upload = await getUpload(deps.store, caller, request.uploadId)
  requireOwner(caller, upload)
  const { plan, part } = plannedPart(upload, request.number)
  if (upload.status !== 'open') throw uploadClosed(upload)
  requireSize(request.body.length, part)
  await using running = await deps.attempts.begin(upload.id, part.number)
  const attempt: Attempt = { upload, plan, part, body: request.body, signal: running.signal, claim: randomUUID() }
  return (await findSame(deps, attempt)) ?? (await storePart(deps, attempt))
}
