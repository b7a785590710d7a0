/** What the platform knows about its own connection. It only ever explains a failure: nothing is held back because of it. */
export interface Connectivity {
  /** False only where the platform is sure that there is no network. */
  online(): boolean
  /** Calls `listener` once when the network comes back; returns the unsubscribe function. */
  onOnline(listener: () => void): () => void
}

/** The browser's view, or always online where the platform has none (Node). */
export function platformConnectivity(): Connectivity {
  const events: Partial<EventTarget> = globalThis as Partial<EventTarget>
  return {
    online: () => typeof navigator === 'undefined' || navigator.onLine !== false,
    onOnline(listener) {
      events.addEventListener?.('online', listener, { once: true })
      return () => events.removeEventListener?.('online', listener)
    },
  }
}
