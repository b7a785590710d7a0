import type { Part, File as StoredFile, UploadSession } from '@holdfast/api'
import type { DigestTask } from './digest-task.ts'
import type { Pace } from './pace.ts'
import { createSpeedMeter } from './speed.ts'
import type { UploadState } from './state.ts'

/** The step a run is at; what people see also depends on pauses. */
export type Stage = 'queued' | 'verifying-local' | 'uploading' | 'hashing' | 'completing' | 'verifying' | 'cancelling'

/**
 * What one run knows: the server's plan and receipts, bytes under way, and the state that follows from them. What goes out whole, without
 * a plan, counts as one part.
 */
export class Progress<F = StoredFile> {
  readonly #total: number
  readonly #onState: (state: UploadState<F>) => void
  readonly #receipts = new Map<number, Part>()
  readonly #underWay = new Map<number, number>()
  readonly #speed = createSpeedMeter()
  #receivedBytes = 0
  #stage: Stage = 'queued'
  #session: UploadSession | null = null
  #pace: Pace | null = null
  #digest: { readonly task: DigestTask; readonly compareBytes: number } | null = null
  #verifying: { readonly file: F; readonly tooLateToCancel: boolean } | null = null
  #ended: UploadState<F> | null = null

  constructor(total: number, onState: (state: UploadState<F>) => void) {
    this.#total = total
    this.#onState = onState
  }

  get session(): UploadSession | null {
    return this.#session
  }

  get receipts(): ReadonlyMap<number, Part> {
    return this.#receipts
  }

  /** Takes the server's word for what it has. */
  learn(session: UploadSession): void {
    this.#session = session
    this.#clear()
    for (const part of session.receivedParts) this.#keep({ ...part, sha256: part.sha256.toLowerCase() })
    this.changed()
  }

  /** Drops the session, to begin another. */
  forget(): void {
    this.#session = null
    if (this.#stage !== 'cancelling') this.#stage = 'queued'
    this.#clear()
  }

  /** Once a run is being cancelled it stays so, until its file turns out to be stored all the same. */
  enter(stage: Stage): void {
    if (this.#stage === 'cancelling') return
    this.#stage = stage
    this.changed()
  }

  enterVerifying(file: F, tooLateToCancel: boolean): void {
    if (this.#stage === 'cancelling' && !tooLateToCancel) return
    this.#stage = 'verifying'
    this.#verifying = { file, tooLateToCancel }
    this.changed()
  }

  follow(pace: Pace): void {
    this.#pace = pace
  }

  /** `compareBytes` is how far the reading has to come before the parts that the server has are compared. */
  followDigest(task: DigestTask, compareBytes: number): void {
    this.#digest = { task, compareBytes }
  }

  partSent(number: number, bytes: number): void {
    this.#speed.add(Math.max(0, bytes - (this.#underWay.get(number) ?? 0)))
    this.#underWay.set(number, bytes)
    this.changed()
  }

  /** The attempt is over, with a receipt or without. */
  partSettled(number: number, receipt: Part | null): void {
    this.#underWay.delete(number)
    if (receipt !== null) this.#keep(receipt)
    this.changed()
  }

  /** A receipt turned out to be of other bytes. */
  partRefused(number: number): void {
    this.#receivedBytes -= this.#receipts.get(number)?.size ?? 0
    this.#receipts.delete(number)
  }

  /** Nothing changes any more after this. */
  end(final: UploadState<F>): UploadState<F> {
    this.#ended = final
    this.#onState(final)
    return final
  }

  readonly changed = (): void => {
    if (this.#ended === null) this.#onState(this.state())
  }

  state(): UploadState<F> {
    if (this.#ended !== null) return this.#ended
    if (this.#stage === 'cancelling') return { phase: 'cancelling' }
    return this.#paused() ?? this.#working()
  }

  #paused(): UploadState<F> | null {
    const pause = this.#pace?.pause() ?? null
    if (pause === null) return null
    const begun = this.#stage !== 'queued' && (this.#stage !== 'uploading' || this.#loaded() > 0)
    if (pause.reason === 'busy' && !begun) return { phase: 'queued', until: pause.until }
    return { phase: 'waiting', reason: pause.reason, until: pause.until, loaded: this.#loaded(), total: this.#total }
  }

  #working(): UploadState<F> {
    const hashed = this.#digest?.task.hashedBytes() ?? 0
    if (this.#verifying !== null) return { phase: 'verifying', ...this.#verifying }
    if (this.#stage === 'verifying-local') {
      const total = this.#digest?.compareBytes ?? 0
      return { phase: 'verifying-local', loaded: Math.min(hashed, total), total }
    }
    if (this.#stage === 'hashing') return { phase: 'hashing', loaded: hashed, total: this.#total }
    if (this.#stage === 'completing') return { phase: 'completing' }
    return this.#stage === 'uploading' ? this.#uploading() : { phase: 'queued', until: null }
  }

  #uploading(): UploadState<F> {
    const loaded = this.#loaded()
    const bytesPerSecond = this.#speed.bytesPerSecond()
    const moves = bytesPerSecond !== null && bytesPerSecond >= 1
    const secondsLeft = moves ? Math.ceil((this.#total - loaded) / bytesPerSecond) : null
    return { phase: 'uploading', loaded, total: this.#total, bytesPerSecond, secondsLeft }
  }

  #loaded(): number {
    let bytes = this.#receivedBytes
    for (const sent of this.#underWay.values()) bytes += sent
    return Math.min(bytes, this.#total)
  }

  #keep(receipt: Part): void {
    this.#receivedBytes += receipt.size - (this.#receipts.get(receipt.number)?.size ?? 0)
    this.#receipts.set(receipt.number, receipt)
  }

  #clear(): void {
    this.#receipts.clear()
    this.#receivedBytes = 0
  }
}
