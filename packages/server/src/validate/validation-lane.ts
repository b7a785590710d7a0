import { Worker } from 'node:worker_threads'
import type { Clock } from '../core/clock.ts'
import { notValidated } from './reasons.ts'
import type { FromValidationWorker, ToValidationWorker } from './validation-messages.ts'
import type { ValidationRequest, ValidationResult } from './validator.ts'

export type LaneOptions = { readonly clock: Clock; readonly deadline: number; readonly heapMb: number }

/** One thread and the files that wait for it. */
export interface ValidationLane extends AsyncDisposable {
  /** Files that are judged or wait. */
  readonly waiting: number
  validate(request: ValidationRequest): Promise<ValidationResult>
}

const YOUNG_MB = 16
const STACK_MB = 4

/** How a turn ended: with a verdict, after which the thread takes the next file, or with a thread that is of no more use. */
type Outcome = { readonly result: ValidationResult; readonly thread: 'usable' | 'crashed' | 'late' }

const broken = (why: string, thread: 'crashed' | 'late' = 'crashed'): Outcome => ({
  result: { ok: false, detectedType: null, reasons: [notValidated(why)] },
  thread,
})

/** The error of a thread as a person reads it. */
const crashed = (error: Error & { code?: string }): Outcome =>
  broken(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'checking it needs more memory than there is for one file' : 'its check broke off')

type Turn = {
  readonly worker: Worker
  readonly request: ValidationRequest
  readonly options: LaneOptions
  readonly done: PromiseWithResolvers<Outcome>
}

/** Ends the turn once the thread has worked for the rest of its time; the time that the source takes is not counted. */
function startWatch({ options: { clock, deadline }, done }: Turn) {
  let left = deadline
  let running: { readonly since: number; readonly stop: AbortController } | null = null
  return {
    run() {
      const stop = new AbortController()
      running = { since: clock.now(), stop }
      clock.sleep(Math.max(left, 0), stop.signal).then(
        () => done.resolve(broken(`checking it takes longer than ${Math.ceil(deadline / 1000)} seconds`, 'late')),
        () => {},
      )
    },
    pause() {
      if (!running) return
      left -= clock.now() - running.since
      running.stop.abort()
      running = null
    },
  }
}

async function readFor({ request }: Turn, message: { readonly offset: number; readonly length: number }): Promise<Uint8Array> {
  const { offset, length } = message
  const bytes = await request.source.read(offset, length, { signal: request.signal })
  if (bytes.byteLength !== length) throw new RangeError(`the source gave ${bytes.byteLength} bytes instead of ${length}`)
  return bytes
}

function listen(turn: Turn): () => void {
  const { worker, request, done } = turn
  const watch = startWatch(turn)
  let reading = 0
  const onMessage = (message: FromValidationWorker) => {
    if (message.kind === 'result') return done.resolve({ result: message.result, thread: 'usable' })
    watch.pause()
    reading += 1
    readFor(turn, message).then((bytes) => {
      reading -= 1
      if (reading === 0) watch.run()
      worker.postMessage({ kind: 'bytes', read: message.read, bytes } satisfies ToValidationWorker)
    }, done.reject)
  }
  const onError = (error: Error) => done.resolve(crashed(error))
  const onExit = () => done.resolve(broken('its check broke off'))
  const onAbort = () => done.reject(request.signal.reason)
  worker.on('message', onMessage).on('error', onError).on('exit', onExit)
  request.signal.addEventListener('abort', onAbort)
  watch.run()
  return () => {
    watch.pause()
    worker.off('message', onMessage).off('error', onError).off('exit', onExit)
    request.signal.removeEventListener('abort', onAbort)
  }
}

function startWorker({ heapMb }: LaneOptions): Worker {
  const resourceLimits = { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: YOUNG_MB, stackSizeMb: STACK_MB }
  const url = new URL('./validation-worker.ts', import.meta.url)
  // What parsers print about a file would be bytes of that file in the server's log.
  const worker = new Worker(url, { name: 'validation', resourceLimits, env: {}, stdout: true, stderr: true })
  worker.stdout.resume()
  worker.stderr.resume()
  worker.on('error', () => {})
  worker.unref()
  return worker
}

async function takeTurn(turn: Turn): Promise<Outcome> {
  const { worker, request, done } = turn
  worker.ref()
  const stop = listen(turn)
  const { source, declaredType, fileName } = request
  worker.postMessage({ kind: 'validate', size: source.size, declaredType, fileName } satisfies ToValidationWorker)
  try {
    return await done.promise
  } finally {
    stop()
    worker.unref()
  }
}

/** `turn`, or the reason of the signal where that fires first: who waits in the queue does not wait for others. */
function unlessAborted<T>(turn: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const onAbort = () => reject(signal.reason)
  signal.addEventListener('abort', onAbort)
  turn.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  return promise
}

export function createValidationLane(options: LaneOptions): ValidationLane {
  let worker: Worker | null = null
  let last: Promise<unknown> = Promise.resolve()
  let waiting = 0

  const open = (): Worker => {
    const opened = startWorker(options)
    opened.once('exit', () => {
      if (worker === opened) worker = null
    })
    return opened
  }

  const attempt = async (request: ValidationRequest): Promise<Outcome> => {
    request.signal.throwIfAborted()
    worker ??= open()
    const own = worker
    let isUsable = false
    try {
      const outcome = await takeTurn({ worker: own, request, options, done: Promise.withResolvers() })
      isUsable = outcome.thread === 'usable'
      return outcome
    } finally {
      if (!isUsable) {
        worker = null
        await own.terminate()
      }
    }
  }

  const judge = async (request: ValidationRequest): Promise<ValidationResult> => {
    const hasServed = worker !== null
    const outcome = await attempt(request)
    // What broke the thread may be left from a file before: only a fresh one tells.
    return outcome.thread === 'crashed' && hasServed ? (await attempt(request)).result : outcome.result
  }

  return {
    get waiting() {
      return waiting
    },
    validate(request) {
      waiting += 1
      const turn = last
        .then(() => judge(request))
        .finally(() => {
          waiting -= 1
        })
      last = turn.catch(() => {})
      return unlessAborted(turn, request.signal)
    },
    async [Symbol.asyncDispose]() {
      await worker?.terminate()
    },
  }
}
