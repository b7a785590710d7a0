import type { Connectivity } from './connectivity.ts'
import { platformConnectivity } from './connectivity.ts'
import { createPace, type Pace } from './pace.ts'
import { Progress } from './progress.ts'
import type { UploadSource } from './source.ts'
import { isFinal, UploadError, type UploadState } from './state.ts'
import { toUploadError } from './to-upload-error.ts'
import { defaultTuning, type UploadTuning } from './tuning.ts'

/** What the steps of one run share, whatever it makes of the file. */
export type RunCore<F> = {
  readonly source: UploadSource
  readonly tuning: UploadTuning
  readonly progress: Progress<F>
  readonly connectivity: Connectivity
  signal: AbortSignal
  persist: Pace['persist']
}

export type RunOptions<F> = {
  readonly source: UploadSource
  readonly tuning?: Partial<UploadTuning> | undefined
  readonly connectivity?: Connectivity | undefined
  readonly onState?: ((state: UploadState<F>) => void) | undefined
}

/** What a run does with its file. Both work on the context that the run was begun with. */
export type RunSteps<F> = {
  /** From the first call to the final state. `controller` stops everything. */
  readonly transfer: (controller: AbortController) => Promise<UploadState<F>>
  /** After a cancel: has the server drop what it has. Never rejects. */
  readonly settleCancel: () => Promise<UploadState<F>>
}

const CANCELLED = Symbol('cancelled')

export const createRunCore = <F>(options: RunOptions<F>, tuning: UploadTuning = defaultTuning): RunCore<F> => ({
  source: options.source,
  tuning: { ...tuning, ...options.tuning },
  progress: new Progress<F>(options.source.size, (state) => options.onState?.(state)),
  connectivity: options.connectivity ?? platformConnectivity(),
  signal: new AbortController().signal,
  persist: () => Promise.reject(new Error('The run has not begun')),
})

/** One attempt to get one file to where it is kept: runs, is cancelled or abandoned, and ends in one final state. */
export class Run<F> {
  readonly done: Promise<UploadState<F>>
  readonly #core: RunCore<F>
  readonly #steps: RunSteps<F>
  readonly #controller = new AbortController()
  #afterCancel: AbortController | null = null

  constructor(core: RunCore<F>, steps: RunSteps<F>) {
    this.#core = core
    this.#steps = steps
    this.#goUnder(this.#controller.signal)
    this.done = this.#finish()
  }

  readonly getState = (): UploadState<F> => this.#core.progress.state()

  readonly cancel = async (): Promise<void> => {
    if (isFinal(this.getState())) return
    if (!this.#controller.signal.aborted) this.#core.progress.enter('cancelling')
    this.#controller.abort(CANCELLED)
    await this.done
  }

  readonly abandon = (): void => {
    const reason = new UploadError('stopped', 'The upload was interrupted', { retryable: true })
    this.#controller.abort(reason)
    this.#afterCancel?.abort(reason)
  }

  /** From here on calls run until `signal` fires, under a pace of their own. */
  #goUnder(signal: AbortSignal): void {
    const { tuning, connectivity, progress } = this.#core
    const pace = createPace({ tuning, connectivity, signal, onChange: progress.changed })
    progress.follow(pace)
    this.#core.signal = signal
    this.#core.persist = (work, stop) => pace.persist(work, stop)
  }

  async #finish(): Promise<UploadState<F>> {
    const { progress } = this.#core
    const { signal } = this.#controller
    try {
      return progress.end(await this.#steps.transfer(this.#controller))
    } catch (error) {
      const reason: unknown = signal.aborted ? signal.reason : error
      if (reason !== CANCELLED) return progress.end({ phase: 'error', error: toUploadError(reason) })
    }
    this.#afterCancel = new AbortController()
    this.#goUnder(this.#afterCancel.signal)
    return progress.end(await this.#steps.settleCancel())
  }
}
