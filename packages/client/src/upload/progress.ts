import type { Part, File as StoredFile, UploadSession } from '@holdfast/api'
import type { DigestTask } from './digest-task.ts'
import type { Pace } from './pace.ts'
import { createSpeedMeter } from './speed.ts'
import type { UploadState } from './state.ts'

/** The step a run is at; what people see also depends on pauses. */
export type Stage = 'queued' | 'verifying-local' | 'uploading' | 'hashing' | 'completing' | 'verifying' | 'cancelling'

/** What one run knows: the server's plan and receipts, bytes under way, and the state that follows from them. */
export interface Progress {
  state(): UploadState
  session(): UploadSession | null
  receipts(): ReadonlyMap<number, Part>
  /** Takes the server's word for what it has. */
  learn(session: UploadSession): void
  /** Drops the session, to begin another. */
  forget(): void
  /** Once a run is being cancelled it stays so, until its file turns out to be stored all the same. */
  enter(stage: Stage): void
  enterVerifying(file: StoredFile, tooLateToCancel: boolean): void
  follow(pace: Pace): void
  followDigest(digest: DigestTask, compareBytes: number): void
  partSent(number: number, bytes: number): void
  /** The attempt is over, with a receipt or without. */
  partSettled(number: number, receipt: Part | null): void
  /** A receipt turned out to be of other bytes. */
  partRefused(number: number): void
  end(state: UploadState): UploadState
  changed(): void
}

export function createProgress(total: number, onState: (state: UploadState) => void): Progress {
  let stage: Stage = 'queued'
  let session: UploadSession | null = null
  let pace: Pace | null = null
  let digest: DigestTask | null = null
  let compareBytes = 0
  let verifying: { file: StoredFile; tooLateToCancel: boolean } | null = null
  let ended: UploadState | null = null
  let receivedBytes = 0
  const receipts = new Map<number, Part>()
  const underWay = new Map<number, number>()
  const speed = createSpeedMeter()

  function loaded(): number {
    let bytes = receivedBytes
    for (const sent of underWay.values()) bytes += sent
    return Math.min(bytes, total)
  }

  function uploading(): UploadState {
    const bytesPerSecond = speed.bytesPerSecond()
    const secondsLeft = bytesPerSecond === null || bytesPerSecond < 1 ? null : Math.ceil((total - loaded()) / bytesPerSecond)
    return { phase: 'uploading', loaded: loaded(), total, bytesPerSecond, secondsLeft }
  }

  function state(): UploadState {
    if (ended !== null) return ended
    if (stage === 'cancelling') return { phase: 'cancelling' }
    const pause = pace?.pause() ?? null
    const begun = stage !== 'queued' && (stage !== 'uploading' || loaded() > 0)
    if (pause !== null && pause.reason === 'busy' && !begun) return { phase: 'queued', until: pause.until }
    if (pause !== null) return { phase: 'waiting', reason: pause.reason, until: pause.until, loaded: loaded(), total }
    if (verifying !== null) return { phase: 'verifying', ...verifying }
    if (stage === 'verifying-local')
      return { phase: stage, loaded: Math.min(digest?.hashedBytes() ?? 0, compareBytes), total: compareBytes }
    if (stage === 'hashing') return { phase: stage, loaded: digest?.hashedBytes() ?? 0, total }
    if (stage === 'completing') return { phase: stage }
    return stage === 'uploading' ? uploading() : { phase: 'queued', until: null }
  }

  const changed = (): void => {
    if (ended === null) onState(state())
  }
  const keep = (receipt: Part) => {
    receivedBytes += receipt.size - (receipts.get(receipt.number)?.size ?? 0)
    receipts.set(receipt.number, receipt)
  }
  const clear = () => {
    receipts.clear()
    receivedBytes = 0
  }

  return {
    state,
    session: () => session,
    receipts: () => receipts,
    learn(known) {
      session = known
      clear()
      for (const part of known.receivedParts) keep({ ...part, sha256: part.sha256.toLowerCase() })
      changed()
    },
    forget() {
      session = null
      if (stage !== 'cancelling') stage = 'queued'
      clear()
    },
    enter(next) {
      if (stage === 'cancelling') return
      stage = next
      changed()
    },
    enterVerifying(file, tooLateToCancel) {
      if (stage === 'cancelling' && !tooLateToCancel) return
      stage = 'verifying'
      verifying = { file, tooLateToCancel }
      changed()
    },
    follow(next) {
      pace = next
    },
    followDigest(next, bytes) {
      digest = next
      compareBytes = bytes
    },
    partSent(number, bytes) {
      speed.add(Math.max(0, bytes - (underWay.get(number) ?? 0)))
      underWay.set(number, bytes)
      changed()
    },
    partSettled(number, receipt) {
      underWay.delete(number)
      if (receipt !== null) keep(receipt)
      changed()
    },
    partRefused(number) {
      receivedBytes -= receipts.get(number)?.size ?? 0
      receipts.delete(number)
    },
    end(final) {
      ended = final
      onState(final)
      return final
    },
    changed,
  }
}
