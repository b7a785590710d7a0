/** Which uploads this browser's windows are sending at the moment, so that another window does not call them interrupted. */
export interface UploadClaims {
  /** Says that this window sends the upload, until the returned function is called or the window is gone. */
  claim(uploadId: string): () => void
  /** Uploads that any window of this browser sends now. */
  claimed(): Promise<ReadonlySet<string>>
}

const PREFIX = 'holdfast-upload-'

const none: UploadClaims = { claim: () => () => {}, claimed: async () => new Set() }

/** By Web Locks, which end with their window. Without them (Node, pages over plain HTTP) nothing is known of other windows. */
export function windowClaims(locks: LockManager | undefined = globalThis.navigator?.locks): UploadClaims {
  if (locks === undefined) return none
  return {
    claim(uploadId) {
      const { promise, resolve } = Promise.withResolvers<void>()
      void locks.request(`${PREFIX}${uploadId}`, { mode: 'shared' }, () => promise).catch(() => {})
      return resolve
    },
    async claimed() {
      const { held = [] } = await locks.query()
      return new Set(held.flatMap(({ name }) => (name?.startsWith(PREFIX) ? [name.slice(PREFIX.length)] : [])))
    },
  }
}
