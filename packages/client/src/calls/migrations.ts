import type { Migration, MigrationCreate, MigrationPlan, Move, MoveQuery, PageOf } from '@holdfast/api'
import type { CallOptions, Http } from '../http.ts'

const at = (id: string): string => `/migrations/${encodeURIComponent(id)}`

export const migrationCalls = (http: Http) => ({
  list: (query: { limit?: number; cursor?: string } = {}, options?: CallOptions): Promise<PageOf<Migration>> =>
    http.json({ method: 'GET', path: '/migrations', query }, options),
  get: (id: string, options?: CallOptions): Promise<Migration> => http.json({ method: 'GET', path: at(id) }, options),
  moves: (id: string, query: MoveQuery = {}, options?: CallOptions): Promise<PageOf<Move>> =>
    http.json({ method: 'GET', path: `${at(id)}/moves`, query }, options),
  /** What a migration would move; nothing is changed. */
  plan: (between: MigrationCreate, options?: CallOptions): Promise<MigrationPlan> =>
    http.json({ method: 'POST', path: '/migrations/plan', body: between }, options),
  start: (between: MigrationCreate, options?: CallOptions): Promise<Migration> =>
    http.json({ method: 'POST', path: '/migrations', body: between, creates: true }, options),
  pause: (id: string, options?: CallOptions): Promise<Migration> =>
    http.json({ method: 'POST', path: `${at(id)}/pause`, body: {} }, options),
  resume: (id: string, options?: CallOptions): Promise<Migration> =>
    http.json({ method: 'POST', path: `${at(id)}/resume`, body: {} }, options),
  cancel: (id: string, options?: CallOptions): Promise<Migration> =>
    http.json({ method: 'POST', path: `${at(id)}/cancel`, body: {} }, options),
})

export type MigrationCalls = ReturnType<typeof migrationCalls>
