import type { File as StoredFile } from '@holdfast/api'
import { ApiProblem } from '../problem.ts'
import type { DigestTask } from './digest-task.ts'
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
      return await persist(() => client.uploads.complete(uploadId, { sha256 }, { ...once(context), timeoutMs: tuning.completeMs }))
    } catch (error) {
      if (round === ROUNDS || !(error instanceof ApiProblem && error.code === 'PARTS_MISSING')) throw error
      progress.learn(await persist(() => client.uploads.get(uploadId, once(context))))
    }
    await sendMissing(context, digest)
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

/** Asks until the server has proven the stored object. @throws UploadError `rejected` with the server's reason. */
export async function untilProven(context: RunContext, accepted: StoredFile, tooLateToCancel: boolean): Promise<UploadState> {
  const { progress, persist, client, signal, tuning } = context
  const since = Date.now()
  let wait = tuning.pollMs.first
  for (let file = accepted; ; ) {
    if (file.status === 'READY') return { phase: 'ready', file, tooLateToCancel }
    if (['REJECTED', 'FAILED', 'DAMAGED', 'DELETED'].includes(file.status))
      throw new UploadError('rejected', file.statusReason ?? endings[file.status] ?? file.status)
    progress.enterVerifying(file, tooLateToCancel)
    await sleep(wait, signal)
    wait = Math.min(wait * 2, Date.now() - since > MINUTE_MS ? tuning.pollMs.slow : tuning.pollMs.steady)
    file = await persist(() => client.files.get(accepted.id, once(context)))
  }
}

const endings: Readonly<Record<string, string>> = {
  REJECTED: 'The file did not pass validation',
  FAILED: 'The stored bytes are not those that were sent; send the file again',
  DAMAGED: 'The stored bytes are damaged; send the file again',
  DELETED: 'The file was deleted meanwhile',
}
