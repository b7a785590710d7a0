import { randomUUID } from 'node:crypto'
import { type Part, Problem } from '@holdfast/api'
import type { Caller } from '../../core/actor.ts'
import { findPlannedPart, type PlannedPart } from '../../core/upload-plan.ts'
import { toPart } from '../file-view.ts'
import type { IngestDeps } from './deps.ts'
import { takeDirectSlot } from './direct-slots.ts'
import type { OpenSession, OpenSessions } from './open-sessions.ts'
import { closedNow, createPartTurn, overtaken } from './part-turn.ts'
import { createPartWriter } from './part-writer.ts'
import { digestBody, type PartBody, type ReceivedPart, receivePart, requireDigest, requireSize } from './receive-part.ts'
import { expiryFrom, uploadClosed, uploadNotFound } from './session.ts'

export type PutPart = { readonly uploadId: string; readonly number: number; readonly body: PartBody }

type Attempt = {
  readonly session: OpenSession
  readonly part: PlannedPart
  readonly body: PartBody
  readonly signal: AbortSignal
  /** Names this attempt in the part's row: what is stored under the part is this attempt's alone while the row says so. */
  readonly claim: string
  /** Called when all bytes of the part are in, which is before they are durable. */
  readonly taken: () => void
}

function plannedPart({ upload, plan }: OpenSession, number: number): PlannedPart {
  const part = findPlannedPart(plan, number)
  if (part) return part
  throw new Problem('PART_OUT_OF_RANGE', `This upload has ${upload.partCount} parts; there is no part ${number}.`, {
    extra: { partCount: upload.partCount },
  })
}

/** The parts of a presigned upload go straight to the bucket. */
export const sentToBucket = (): Problem =>
  new Problem('CONFLICT', 'The parts of this upload go straight to the bucket: ask for signed requests at part-urls, and report receipts.')

async function requireOpen(deps: IngestDeps, { upload }: OpenSession, number: number): Promise<void> {
  if (upload.delivery === 'presigned') throw sentToBucket()
  const now = await deps.store.read.uploads.partOwner({ uploadId: upload.id, number })
  if (!now) throw uploadNotFound()
  if (now.status !== 'open') throw uploadClosed(now)
}

/** Receives, seals, writes and flushes the part, then records its receipt: acknowledged means durable. */
async function storePart(deps: IngestDeps, attempt: Attempt): Promise<Part> {
  const { session, part, body, signal, claim, taken } = attempt
  const { upload } = session
  await using lease = await deps.targets.lease(upload.tenantId, upload.targetId)
  const { target } = lease
  await using turn = createPartTurn(deps, { upload, number: part.number, size: part.plainLength, claim, target })
  if (upload.tier === 'direct') await takeDirectSlot(deps, turn)
  const { memory, points, digests } = deps
  const writer = createPartWriter({ target, key: upload.objectKey, memory, points, signal, permit: () => turn.permit() })
  const received = await receivePart({ part, pieces: session.pieces(part), writer, digests, body, signal, taken })
  await target.flushWrite(upload.objectKey, turn.writeId, { signal })
  points.reach('upload.part.after-flush')
  return await record(deps, attempt, received)
}

async function record(deps: IngestDeps, attempt: Attempt, received: ReceivedPart): Promise<Part> {
  const { session, part, claim } = attempt
  const { upload } = session
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
async function findSame(deps: IngestDeps, { session, part, body, signal }: Attempt): Promise<Part | null> {
  if (body.sha256 === null) return null
  const stored = await deps.store.read.uploads.findPart({ uploadId: session.upload.id, number: part.number })
  if (stored?.sha256 !== Buffer.from(body.sha256).toString('hex')) return null
  requireDigest(body.sha256, await digestBody(body, { digests: deps.digests, signal }))
  return toPart(stored)
}

/** One part of an upload that is known to be open, from a body that holds it and perhaps more behind it. */
export async function takePart(
  deps: IngestDeps,
  session: OpenSession,
  given: { part: PlannedPart; body: PartBody; taken: () => void },
): Promise<Part> {
  await using running = await deps.attempts.begin(session.upload.id, given.part.number)
  const attempt: Attempt = { ...given, session, signal: running.signal, claim: randomUUID() }
  return (await findSame(deps, attempt)) ?? (await storePart(deps, attempt))
}

/**
 * Stores one part. Parts may come in any order, at once, twice and at any instance; of several attempts at one part the one acknowledged
 * last is what is stored. Where this rejects nothing of the attempt counts; the part is then either as it was before or not received.
 */
export async function putPart(deps: IngestDeps & { sessions: OpenSessions }, caller: Caller, request: PutPart): Promise<Part> {
  const session = await deps.sessions.get(caller, request.uploadId)
  const part = plannedPart(session, request.number)
  await requireOpen(deps, session, part.number)
  requireSize(request.body.length, part)
  return takePart(deps, session, { part, body: request.body, taken: () => {} })
}
