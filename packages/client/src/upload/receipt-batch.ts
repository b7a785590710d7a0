import type { PartReceipts } from '@holdfast/api'

type Receipt = PartReceipts['parts'][number]

/** As many as one call takes. */
const MOST = 100

/** Receipts on their way to the server: a few seconds of them in one call, so that a page that goes away loses little. */
export interface ReceiptBatch {
  add(receipt: Receipt): void
  /** Resolves when the server has them all. @throws what keeping them throws. */
  settle(): Promise<void>
  /** Stops. What the server does not have is told once more, without waiting for an answer. */
  leave(): void
}

export type ReceiptKeeper = {
  /** Keeps trying; `passing` is told once and its outcome is nobody's. */
  readonly keep: (parts: Receipt[]) => Promise<unknown>
  readonly passing: (parts: Receipt[]) => Promise<unknown>
  readonly everyMs: number
}

export function createReceiptBatch({ keep, passing, everyMs }: ReceiptKeeper): ReceiptBatch {
  const waiting: Receipt[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  let telling: Promise<void> | null = null
  let left = false
  const page: Partial<EventTarget> = globalThis as Partial<EventTarget>

  function tell(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const parts = waiting.slice(0, MOST)
    telling ??= keep(parts).then(
      () => {
        telling = null
        waiting.splice(0, parts.length)
        tellSoon()
      },
      (error: unknown) => {
        telling = null
        throw error
      },
    )
    return telling
  }

  /** What fails here is met again when the batch settles. */
  const tellInPassing = () => void tell().catch(() => {})
  function tellSoon(): void {
    if (left || waiting.length === 0 || telling !== null) return
    if (waiting.length >= MOST) tellInPassing()
    else timer ??= setTimeout(tellInPassing, everyMs)
  }
  const tellLast = () => {
    for (let at = 0; at < waiting.length; at += MOST) passing(waiting.slice(at, at + MOST)).catch(() => {})
  }
  page.addEventListener?.('pagehide', tellLast)

  return {
    add(receipt) {
      waiting.push(receipt)
      tellSoon()
    },
    async settle() {
      while (waiting.length > 0 || telling !== null) await tell()
    },
    leave() {
      left = true
      clearTimeout(timer)
      page.removeEventListener?.('pagehide', tellLast)
      tellLast()
    },
  }
}
