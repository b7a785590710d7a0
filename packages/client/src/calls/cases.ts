import type { Case, CaseCreate, CaseQuery, CaseUpdate, Item, ItemCreate, ItemUpdate, PageOf } from '@holdfast/api'
import type { CallOptions, Http } from '../http.ts'
import { everyItem } from '../pages.ts'
import type { PageQuery } from './people.ts'

const casePath = (caseId: string) => `/cases/${encodeURIComponent(caseId)}`
const itemPath = (place: ItemPlace) => `${casePath(place.caseId)}/items/${encodeURIComponent(place.itemId)}`

export type ItemPlace = { readonly caseId: string; readonly itemId: string }

export const caseCalls = (http: Http) => {
  const list = (query: CaseQuery = {}, options?: CallOptions): Promise<PageOf<Case>> =>
    http.json({ method: 'GET', path: '/cases', query }, options)
  return {
    list,
    every: (query: Omit<CaseQuery, 'cursor'> = {}, options?: CallOptions) =>
      everyItem<Case>((cursor) => list({ ...query, ...(cursor ? { cursor } : {}) }, options)),
    get: (caseId: string, options?: CallOptions): Promise<Case> => http.json({ method: 'GET', path: casePath(caseId) }, options),
    /** The case with exactly this number, or null. */
    findByNumber: async (number: string, options?: CallOptions): Promise<Case | null> => {
      const { items } = await list({ number, limit: 1 }, options)
      return items.find((found) => found.number === number) ?? null
    },
    create: (request: CaseCreate, options?: CallOptions): Promise<Case> =>
      http.json({ method: 'POST', path: '/cases', body: request, creates: true }, options),
    update: (caseId: string, changes: CaseUpdate, options?: CallOptions): Promise<Case> =>
      http.json({ method: 'PATCH', path: casePath(caseId), body: changes }, options),
    /** Removes the case with all its items and files. */
    remove: (caseId: string, options?: CallOptions): Promise<void> => http.json({ method: 'DELETE', path: casePath(caseId) }, options),
  }
}

export const itemCalls = (http: Http) => {
  const list = (caseId: string, query: PageQuery = {}, options?: CallOptions): Promise<PageOf<Item>> =>
    http.json({ method: 'GET', path: `${casePath(caseId)}/items`, query }, options)
  return {
    list,
    every: (caseId: string, options?: CallOptions) => everyItem<Item>((cursor) => list(caseId, { cursor }, options)),
    get: (place: ItemPlace, options?: CallOptions): Promise<Item> => http.json({ method: 'GET', path: itemPath(place) }, options),
    create: (caseId: string, request: ItemCreate, options?: CallOptions): Promise<Item> =>
      http.json({ method: 'POST', path: `${casePath(caseId)}/items`, body: request, creates: true }, options),
    update: (place: ItemPlace, changes: ItemUpdate, options?: CallOptions): Promise<Item> =>
      http.json({ method: 'PATCH', path: itemPath(place), body: changes }, options),
    remove: (place: ItemPlace, options?: CallOptions): Promise<void> => http.json({ method: 'DELETE', path: itemPath(place) }, options),
  }
}

export type CaseCalls = ReturnType<typeof caseCalls>
export type ItemCalls = ReturnType<typeof itemCalls>
