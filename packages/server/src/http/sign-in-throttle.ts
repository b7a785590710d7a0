import { hash } from 'node:crypto'
import { Problem } from '@holdfast/api'
import type { Clock } from '../core/clock.ts'
import { networkOf } from '../core/ip-address.ts'

type Failures = { count: number; until: number; forgetAt: number }
/** After `free` failures in a row each further one doubles the wait, from one second up to `longest` milliseconds. */
type Rule = { readonly free: number; readonly longest: number }

const rules = {
  /** One guesser at one account: soon slowed to a crawl. */
  pair: { free: 5, longest: 15 * 60_000 },
  /** Many guessers at one account. Bounded low, or anybody could keep its owner out. */
  account: { free: 30, longest: 60_000 },
  /** One guesser at many accounts; of IPv6 a network counts as one. */
  address: { free: 20, longest: 15 * 60_000 },
} as const satisfies Record<string, Rule>

const remembered = 3600_000
const mostKeys = 20_000

/** An attempt that was let through. It counts as failed until `succeeded` is called, so that parallel guesses count at once. */
export type Attempt = { succeeded(): void }

export interface SignInThrottle {
  /** Throws RATE_LIMIT_EXCEEDED with the seconds to wait where too many attempts have failed. */
  begin(email: string, address: string): Attempt
}

/**
 * Slows down guessing of passwords, by account and by address. It lives in this process: a restart forgets, and n instances
 * allow n times as much, which is still nothing to a password of 10 characters.
 */
export function createSignInThrottle(clock: Clock): SignInThrottle {
  const failures = new Map<string, Failures>()
  return {
    begin(email, from) {
      const address = networkOf(from)
      const now = clock.now()
      const account = hash('sha256', email.trim().toLowerCase())
      const keys = { pair: `pair ${address} ${account}`, account: `account ${account}`, address: `address ${address}` }
      const waits = Object.values(keys).map((key) => (failures.get(key)?.until ?? 0) - now)
      const wait = Math.max(...waits)
      if (wait > 0) {
        const seconds = Math.ceil(wait / 1000)
        throw new Problem('RATE_LIMIT_EXCEEDED', `Too many failed sign-ins. Try again in ${seconds} s.`, { retryAfterSeconds: seconds })
      }
      for (const [name, key] of Object.entries(keys)) count(failures, key, { rule: rules[name as keyof typeof rules], now })
      return {
        succeeded() {
          failures.delete(keys.pair)
          failures.delete(keys.account)
          // No more than this attempt is forgiven: who owns one account could wash away guesses at others by it.
          const ofAddress = failures.get(keys.address)
          if (ofAddress) failures.set(keys.address, { ...ofAddress, count: ofAddress.count - 1, until: now })
        },
      }
    },
  }
}

function count(failures: Map<string, Failures>, key: string, { rule, now }: { rule: Rule; now: number }): void {
  const before = failures.get(key)
  const next = (before && before.forgetAt > now ? before.count : 0) + 1
  const wait = next <= rule.free ? 0 : Math.min(rule.longest, 1000 * 2 ** Math.min(next - rule.free - 1, 20))
  failures.delete(key)
  failures.set(key, { count: next, until: now + wait, forgetAt: now + remembered })
  for (const oldest of failures.keys()) {
    if (failures.size <= mostKeys) break
    failures.delete(oldest)
  }
}
