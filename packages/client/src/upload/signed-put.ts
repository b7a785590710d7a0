import { NetworkProblem } from '../problem.ts'
import { explainSilence } from './bucket-silence.ts'
import type { PartAnswer, UploadSource } from './source.ts'

/** Failed this often before a byte went out or after the last one, while the storage answers others: the browser holds request or answer back. */
const HELD_BACK = 3
export const inBrowser = (): boolean => typeof XMLHttpRequest !== 'undefined'

/** Counts the attempts of one part that no broken line explains. */
export type Silence = { readonly isSuspicious: () => boolean }

/** `anyStored`: the storage has taken something from this page already, so nothing holds it back. */
export function createSilence(anyStored: () => boolean): Silence {
  let silent = 0
  return {
    isSuspicious() {
      if (anyStored() || !inBrowser()) return false
      silent += 1
      return silent >= HELD_BACK
    },
  }
}

type SignedRequest = { readonly url: string; readonly headers: Readonly<Record<string, string>> }
type Sending = {
  readonly span: { readonly offset: number; readonly length: number }
  readonly signal: AbortSignal
  readonly stallMs: number
  readonly silence: Silence
  readonly onProgress: (sent: number) => void
}

/**
 * One attempt with a request that whoever holds it may send: nothing that says who is signed in goes along.
 * @throws NetworkProblem without an answer; UploadError `storage-blocked` where the browser holds the request or its answer back.
 */
export async function putSigned(source: UploadSource, { url, headers }: SignedRequest, sending: Sending): Promise<PartAnswer> {
  const { span, signal, stallMs, silence } = sending
  let sent = 0
  const onProgress = (bytes: number): void => {
    sent = bytes
    sending.onProgress(bytes)
  }
  try {
    return await source.put({ ...span, url, headers: sendable(headers), signal, stallMs, onProgress })
  } catch (error) {
    if (!(error instanceof NetworkProblem)) throw error
    const whole = sent === 0 || sent >= span.length
    if (whole && isElsewhere(url) && silence.isSuspicious()) await explainSilence(url)
    throw new NetworkProblem(error.reason, error.cause, 'storage')
  }
}

/** The page's own origin is never held back from it. */
const isElsewhere = (url: string): boolean => new URL(url).origin !== globalThis.location?.origin

/** Without those that a sender sets by itself, which browsers complain of. */
const sendable = (headers: SignedRequest['headers']): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !['host', 'content-length'].includes(name.toLowerCase())))
