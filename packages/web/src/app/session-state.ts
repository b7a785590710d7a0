/**
 * Whether the session that this page started with still holds. It ends when any call is answered 401; the page
 * then stays as it is and asks to sign in again, so that typed text and running uploads are kept.
 */
export type SessionState = {
  readonly ended: () => boolean
  readonly subscribe: (listener: () => void) => () => void
  readonly end: () => void
  readonly resume: () => void
}

export function createSessionState(): SessionState {
  const listeners = new Set<() => void>()
  let hasEnded = false
  const set = (value: boolean) => {
    if (hasEnded === value) return
    hasEnded = value
    for (const listener of [...listeners]) listener()
  }
  return {
    ended: () => hasEnded,
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    end: () => set(true),
    resume: () => set(false),
  }
}
