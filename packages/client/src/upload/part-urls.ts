import type { PartUrl } from '@holdfast/api'
import { UploadError } from './state.ts'

/** Asked for at once. */
const GROUP = 8
/** How long a signed request may wait for its turn, in milliseconds; far below the time for which it is signed. */
const HELD_MS = 60_000

/**
 * Signed requests, asked for in small groups shortly before they are sent. Each is given out once: a further attempt takes a fresh one.
 * They are bearer tokens, so they stay in memory alone, for as long as this lives.
 */
export interface PartUrlSource {
  /** @throws what `ask` throws, and UploadError `refused` where its answer lacks a request that can be sent. */
  take(number: number): Promise<PartUrl>
  /** Lets go of all that were not given out. */
  drop(): void
}

export type AskForUrls = (numbers: readonly number[]) => Promise<readonly PartUrl[]>

/** `missing`: the numbers that will be needed, in their order. */
export function createPartUrls(ask: AskForUrls, missing: readonly number[], now: () => number = Date.now): PartUrlSource {
  const held = new Map<number, { readonly part: PartUrl; readonly until: number }>()
  const asking = new Map<number, Promise<void>>()
  const given = new Set<number>()

  /** `number` and the next ones that nobody has asked for. */
  function group(number: number): number[] {
    const next = missing.slice(missing.indexOf(number) + 1, missing.indexOf(number) + GROUP)
    return [number, ...next.filter((other) => !given.has(other) && !asking.has(other) && !held.has(other))]
  }

  function begin(number: number): Promise<void> {
    const numbers = group(number)
    const answered = ask(numbers)
      .then((parts) => {
        const until = now() + HELD_MS
        for (const part of parts) if (isSendable(part)) held.set(part.number, { part, until })
        if (!held.has(number)) throw new UploadError('refused', `The server gave no request with which part ${number} can be sent`)
      })
      .finally(() => {
        for (const asked of numbers) asking.delete(asked)
      })
    for (const asked of numbers) asking.set(asked, answered)
    return answered
  }

  return {
    async take(number) {
      given.add(number)
      for (;;) {
        const found = held.get(number)
        held.delete(number)
        if (found !== undefined && found.until > now()) return found.part
        await (asking.get(number) ?? begin(number))
      }
    },
    drop: () => held.clear(),
  }
}

const isSendable = ({ url }: PartUrl): boolean => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
