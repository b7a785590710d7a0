import type { File as StoredFile, StoredObject } from '@holdfast/api'
import { ApiProblem } from '../problem.ts'
import type { DigestTask } from './digest-task.ts'
import type { RunCore } from './lifetime.ts'
import { once } from './once.ts'
import type { RunContext } from './run.ts'
import { sendMissing } from './send.ts'
import { sleep } from './sleep.ts'
import { UploadError, type UploadState } from './state.ts'

const ROUNDS = 4

/** Declares the file whole, once its digest is known and every receipt is of the bytes that were read. */
export async function completeUpload(context: RunContext, digest: DigestTask): Promise<StoredFile> {
  const { progress, persist, client, tuning } = context
  for (let round = 1; ; round += 1) {
    if (!digest.finished()) progress.enter('hashing')
    const sha256 = await digest.whole
    await resendChanged(context, digest)
    progress.enter('completing')
    const uploadId = progress.session!.id
    try {
      return await untilWhole(context, () =>
        client.uploads.complete(uploadId, { sha256 }, { ...once(context), timeoutMs: tuning.completeMs }),
      )
    } catch (error) {
      if (round === ROUNDS || !(error instanceof ApiProblem && error.code === 'PARTS_MISSING')) throw error
      progress.learn(await persist(() => client.uploads.get(uploadId, once(context))))
    }
    await sendMissing(context, digest)
  }
}

/** A storage may put parts together for minutes: until then each answer, a while after its question, says that it is still at it. */
async function untilWhole({ persist, tuning, signal }: RunContext, complete: () => Promise<StoredFile>): Promise<StoredFile> {
  for (;;) {
    const file = await persist(complete)
    if (file.status !== 'PENDING_UPLOAD') return file
    await sleep(tuning.pollMs.first, signal)
  }
}

/** Parts sent before the reading had reached them are compared now, and sent again where they differ. */
async function resendChanged(context: RunContext, digest: DigestTask): Promise<void> {
  const { progress } = context
  const differing = [...progress.receipts.values()].filter(({ number, sha256 }) => digest.knownPart(number) !== sha256)
  for (const { number } of differing) progress.partRefused(number)
  if (differing.length > 0) await sendMissing(context, digest)
}

const MINUTE_MS = 60_000

/** What the server says of a file that it judges: one of a case, or an object. */
type Judged = Pick<StoredFile, 'status' | 'statusReason'> & { readonly validation?: StoredObject['validation'] }
type Asking<F> = { readonly ask: () => Promise<F>; readonly tooLateToCancel: boolean }

/** Asks until the server has judged the stored file. @throws UploadError `rejected` with the server's reasons. */
export async function untilJudged<F extends Judged>(
  { progress, persist, signal, tuning }: RunCore<F>,
  accepted: F,
  { ask, tooLateToCancel }: Asking<F>,
): Promise<UploadState<F>> {
  const since = Date.now()
  let wait = tuning.pollMs.first
  for (let file = accepted; ; ) {
    if (file.status === 'READY') return { phase: 'ready', file, tooLateToCancel }
    if (Object.hasOwn(endings, file.status)) throw rejected(file)
    progress.enterVerifying(file, tooLateToCancel)
    await sleep(wait, signal)
    wait = Math.min(wait * 2, Date.now() - since > MINUTE_MS ? tuning.pollMs.slow : tuning.pollMs.steady)
    file = await persist(ask)
  }
}

/** Asks until the server has proven the stored file of a case. */
export const untilProven = (context: RunContext, accepted: StoredFile, tooLateToCancel: boolean): Promise<UploadState> =>
  untilJudged(context, accepted, { ask: () => context.client.files.get(accepted.id, once(context)), tooLateToCancel })

const rejected = ({ status, statusReason, validation }: Judged): UploadError =>
  new UploadError('rejected', statusReason ?? endings[status] ?? status, { reasons: validation ?? [] })

const endings: Readonly<Record<string, string>> = {
  REJECTED: 'The file did not pass validation',
  FAILED: 'The stored bytes are not those that were sent; send the file again',
  DAMAGED: 'The stored bytes are damaged; send the file again',
  DELETED: 'The file was deleted meanwhile',
}
