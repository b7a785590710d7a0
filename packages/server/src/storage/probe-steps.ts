import type { TestStep } from '@holdfast/api'
import type { Clock } from '../core/clock.ts'
import { StorageError, type StorageFault, type StorageTarget } from './target.ts'

/** One thing that Test connection does. What `run` answers is shown beside the step, null for nothing. */
export type ProbeStep = { readonly name: string; run(signal: AbortSignal): Promise<string | null> }

export type ProbeContext = { readonly kind: StorageTarget['kind']; readonly clock: Clock; readonly signal?: AbortSignal }

/** A step that takes longer has failed. */
const STEP_MILLISECONDS = 30_000

const remedies: Record<StorageTarget['kind'], Partial<Record<StorageFault, string>>> = {
  local: {
    'not-found': 'Make the folder, or correct the path.',
    denied: 'Give the user that the server runs as permission to read, write and delete in the folder, and mount its disk read-write.',
    full: 'Free space on the disk, or use a folder on another one.',
    unavailable: 'Check that the disk is mounted and answers; the system log tells of disk errors.',
  },
  s3: {
    'not-found': 'Make the bucket, or correct its name and region.',
    denied: 'Grant the access key the actions of the IAM policy shown in the form.',
    full: 'Raise the quota of the bucket or of the account.',
    unavailable: 'Check the endpoint and the network between it and this server.',
  },
  sftp: {
    'not-found': 'Make the folder on the server, or correct the path.',
    denied: 'Check user and password or key, and that the user may write in the folder.',
    full: 'Free space on the server.',
    unavailable: 'Check host and port, and that the SSH server is running and reachable.',
  },
  smb: {
    'not-found': 'Make the share or the folder on the server, or correct its name.',
    denied: 'Check domain, user and password, and that the user may write to the share.',
    full: 'Free space on the share.',
    unavailable: 'Check host and port, and that the server is running and reachable.',
  },
  memory: {},
}

/** What to do about a failed step. */
export const remedyFor = (kind: StorageTarget['kind'], error: unknown): string =>
  (error instanceof StorageError ? (error.remedy ?? remedies[kind][error.fault]) : undefined) ??
  'Look into the log of the server for what lies behind it.'

const detailOf = (error: unknown): string => (error instanceof StorageError ? error.message : 'It failed for a reason that the log tells')

/** Runs `work` until it ends, the signal fires or time is up; a call that hangs for good does not hold up the answer. */
async function withDeadline<T>(context: ProbeContext, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const end = new AbortController()
  const signal = context.signal ? AbortSignal.any([context.signal, end.signal]) : end.signal
  const timeUp = context.clock.sleep(STEP_MILLISECONDS, signal).then(() => {
    throw new StorageError('unavailable', `No answer within ${STEP_MILLISECONDS / 1000} seconds`)
  })
  timeUp.catch(() => {})
  try {
    return await Promise.race([work(signal), timeUp])
  } finally {
    end.abort(new StorageError('unavailable', 'The step was given up'))
  }
}

/** Runs one step and says how it went; rejects only with the reason of the context's signal. */
export async function runStep(step: ProbeStep, context: ProbeContext): Promise<TestStep> {
  context.signal?.throwIfAborted()
  const startedAt = performance.now()
  const took = (): number => Math.round((performance.now() - startedAt) * 10) / 10
  try {
    const detail = await withDeadline(context, (signal) => step.run(signal))
    return { name: step.name, ok: true, milliseconds: took(), detail, remedy: null }
  } catch (error) {
    context.signal?.throwIfAborted()
    return { name: step.name, ok: false, milliseconds: took(), detail: detailOf(error), remedy: remedyFor(context.kind, error) }
  }
}

/** Runs steps in turn up to the first that fails. */
export async function runSteps(steps: readonly ProbeStep[], context: ProbeContext): Promise<TestStep[]> {
  const done: TestStep[] = []
  for (const step of steps) {
    done.push(await runStep(step, context))
    if (done.at(-1)?.ok === false) break
  }
  return done
}
