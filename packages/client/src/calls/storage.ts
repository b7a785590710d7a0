import type { PageOf, RoleBinding, StorageRole, Target, TargetTest, TargetUpdate } from '@holdfast/api'
import type { CallOptions, Http } from '../http.ts'
import type { PageQuery } from './people.ts'

const targetPath = (targetId: string) => `/targets/${encodeURIComponent(targetId)}`

export const targetCalls = (http: Http) => ({
  list: (query: PageQuery = {}, options?: CallOptions): Promise<PageOf<Target>> =>
    http.json({ method: 'GET', path: '/targets', query }, options),
  get: (targetId: string, options?: CallOptions): Promise<Target> => http.json({ method: 'GET', path: targetPath(targetId) }, options),
  update: (targetId: string, changes: TargetUpdate, options?: CallOptions): Promise<Target> =>
    http.json({ method: 'PATCH', path: targetPath(targetId), body: changes }, options),
  remove: (targetId: string, options?: CallOptions): Promise<void> => http.json({ method: 'DELETE', path: targetPath(targetId) }, options),
  /** Does the real round trip; may take as long as the target does. */
  test: (targetId: string, options?: CallOptions): Promise<TargetTest> =>
    http.json({ method: 'POST', path: `${targetPath(targetId)}/test`, body: {} }, { timeoutMs: 120_000, ...options }),
})

export const roleCalls = (http: Http) => ({
  list: (options?: CallOptions): Promise<{ items: RoleBinding[] }> => http.json({ method: 'GET', path: '/roles' }, options),
  /** Binds the role to a target, or unbinds it with null. New uploads only. */
  bind: (role: StorageRole, targetId: string | null, options?: CallOptions): Promise<RoleBinding> =>
    http.json({ method: 'PUT', path: `/roles/${role}`, body: { targetId } }, options),
})

export type TargetCalls = ReturnType<typeof targetCalls>
export type RoleCalls = ReturnType<typeof roleCalls>
