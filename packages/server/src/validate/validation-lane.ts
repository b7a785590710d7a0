import type { Clock } from '../core/clock.ts'
import { endingWith } from '../core/ending-with.ts'
import { notValidated } from './reasons.ts'
import type { FromValidationWorker } from './validation-messages.ts'
import { type MemoryLimits, type ProcessEnd, startValidationProcess, type ValidationProcess } from './validation-process.ts'
import type { ValidationRequest, ValidationResult } from './validator.ts'

export type LaneOptions = MemoryLimits & { readonly clock: Clock; readonly deadline: number }

/** One process and the files that wait for it. */
export interface ValidationLane extends AsyncDisposable {
  /** Files that are judged or wait. */
  readonly waiting: number
  validate(request: ValidationRequest): Promise<ValidationResult>
}

/** How a turn ended: with a verdict, after which the process takes the next file, or with a process that is of no more use. */
type Outcome = { readonly result: ValidationResult; readonly process: 'usable' | 'crashed' | 'late' }

const broken = (why: string, process: 'crashed' | 'late' = 'crashed'): Outcome => ({
  result: { ok: false, detectedType: null, reasons: [notValidated(why)] },
  process,
})

type Turn = {
  readonly worker: ValidationProcess
  readonly request: ValidationRequest
  readonly options: LaneOptions
  readonly done: PromiseWithResolvers<Outcome>
}

/** What the end of the process says of the file that it was judging. */
function concludeTurn(done: Turn['done'], end: ProcessEnd): void {
  if (end === 'stopped') done.reject(new Error('The process that validates files was stopped from outside'))
  else done.resolve(broken(end === 'out-of-memory' ? 'checking it needs more memory than there is for one file' : 'its check broke off'))
}

/** Ends the turn once the process has worked for the rest of its time; the time that the source takes is not counted. */
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
    if (message.kind === 'result') return done.resolve({ result: message.result, process: 'usable' })
    watch.pause()
    reading += 1
    readFor(turn, message).then((bytes) => {
      reading -= 1
      if (reading === 0) watch.run()
      worker.send({ kind: 'bytes', read: message.read, bytes })
    }, done.reject)
  }
  const onAbort = () => done.reject(request.signal.reason)
  worker.listen({ onMessage, onEnd: (end) => concludeTurn(done, end) })
  request.signal.addEventListener('abort', onAbort)
  watch.run()
  return () => {
    watch.pause()
    worker.listen(null)
    request.signal.removeEventListener('abort', onAbort)
  }
}

async function takeTurn(turn: Turn): Promise<Outcome> {
  const { worker, request, done } = turn
  worker.hold(true)
  const stop = listen(turn)
  const { source, declaredType, fileName } = request
  worker.send({ kind: 'validate', size: source.size, declaredType, fileName })
  try {
    return await done.promise
  } finally {
    stop()
    worker.hold(false)
  }
}

export function createValidationLane(options: LaneOptions): ValidationLane {
  let worker: ValidationProcess | null = null
  let last: Promise<unknown> = Promise.resolve()
  let waiting = 0

  const open = (): ValidationProcess => {
    const opened = startValidationProcess(options)
    opened.ended.then(() => {
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
      isUsable = outcome.process === 'usable'
      return outcome
    } finally {
      if (!isUsable) {
        worker = null
        await own.kill()
      }
    }
  }

  const judge = async (request: ValidationRequest): Promise<ValidationResult> => {
    const hasServed = worker !== null
    const outcome = await attempt(request)
    // What broke the process may be left from a file before: only a fresh one tells.
    return outcome.process === 'crashed' && hasServed ? (await attempt(request)).result : outcome.result
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
      // Who waits in the queue does not wait for others.
      return endingWith(request.signal, turn)
    },
    async [Symbol.asyncDispose]() {
      await worker?.kill()
    },
  }
}
