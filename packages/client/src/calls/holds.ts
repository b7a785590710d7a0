import type { Hold, HoldCreate, HoldQuery, PageOf } from '@holdfast/api'
import type { CallOptions, Http } from '../http.ts'

const at = (id: string): string => `/holds/${encodeURIComponent(id)}`

export const holdCalls = (http: Http) => ({
  list: (query: HoldQuery = {}, options?: CallOptions): Promise<PageOf<Hold>> =>
    http.json({ method: 'GET', path: '/holds', query }, options),
  get: (id: string, options?: CallOptions): Promise<Hold> => http.json({ method: 'GET', path: at(id) }, options),
  /** Exactly one of fileId, caseId, or ownerEntityType with ownerEntityId. */
  place: (hold: HoldCreate, options?: CallOptions): Promise<Hold> =>
    http.json({ method: 'POST', path: '/holds', body: hold, creates: true }, options),
  release: (id: string, reason: string, options?: CallOptions): Promise<Hold> =>
    http.json({ method: 'POST', path: `${at(id)}/release`, body: { reason } }, options),
})

export type HoldCalls = ReturnType<typeof holdCalls>
