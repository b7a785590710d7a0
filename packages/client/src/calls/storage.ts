import type {
  PageOf,
  RoleBinding,
  S3Policy,
  S3PolicyQuery,
  StorageRole,
  Target,
  TargetCreate,
  TargetTestResult,
  TargetTry,
  TargetUpdate,
} from '@holdfast/api'
import type { CallOptions, Http } from '../http.ts'
import { everyItem } from '../pages.ts'
import type { PageQuery } from './people.ts'

const targetPath = (targetId: string) => `/targets/${encodeURIComponent(targetId)}`
/** A test waits for a target step by step. */
const testTimeout = { timeoutMs: 300_000 }

/** `removed`: those that were deleted and still have files. */
export type TargetListQuery = PageQuery & { readonly removed?: boolean }

export const targetCalls = (http: Http) => {
  const list = (query: TargetListQuery = {}, options?: CallOptions): Promise<PageOf<Target>> =>
    http.json({ method: 'GET', path: '/targets', query }, options)
  return {
    list,
    every: (query: Omit<TargetListQuery, 'cursor'> = {}, options?: CallOptions) =>
      everyItem<Target>((cursor) => list({ ...query, ...(cursor ? { cursor } : {}) }, options)),
    get: (targetId: string, options?: CallOptions): Promise<Target> => http.json({ method: 'GET', path: targetPath(targetId) }, options),
    /** Makes a target, or takes a deleted one at the same place back with its files. */
    create: (target: TargetCreate, options?: CallOptions): Promise<Target> =>
      http.json({ method: 'POST', path: '/targets', body: target, creates: true }, options),
    update: (targetId: string, changes: TargetUpdate, options?: CallOptions): Promise<Target> =>
      http.json({ method: 'PATCH', path: targetPath(targetId), body: changes }, options),
    /** `confirm` repeats the name of the target, which is asked for while files are stored there. */
    remove: (targetId: string, options: CallOptions & { confirm?: string } = {}): Promise<void> => {
      const { confirm, ...call } = options
      return http.json({ method: 'DELETE', path: targetPath(targetId), query: { confirm } }, call)
    },
    /** Does the real round trip; may take as long as the target does. */
    test: (targetId: string, options?: CallOptions): Promise<TargetTestResult> =>
      http.json({ method: 'POST', path: `${targetPath(targetId)}/test`, body: {} }, { ...testTimeout, ...options }),
    /** The same with fields that are not saved; nothing of them is kept. */
    tryOut: (fields: TargetTry, options?: CallOptions): Promise<TargetTestResult> =>
      http.json({ method: 'POST', path: '/targets/test', body: fields }, { ...testTimeout, ...options }),
    /** The IAM policy and the CORS rules that an S3 target needs, to copy. */
    s3Policy: (query: S3PolicyQuery, options?: CallOptions): Promise<S3Policy> =>
      http.json({ method: 'GET', path: '/targets/s3-policy', query }, options),
  }
}

export const roleCalls = (http: Http) => ({
  list: (options?: CallOptions): Promise<{ items: RoleBinding[] }> => http.json({ method: 'GET', path: '/roles' }, options),
  /** Binds the role to a target, or unbinds it with null. New uploads only. `staged` as in `RoleBind`. */
  bind: (role: StorageRole, targetId: string | null, options: CallOptions & { staged?: boolean } = {}): Promise<RoleBinding> => {
    const { staged, ...call } = options
    return http.json({ method: 'PUT', path: `/roles/${role}`, body: { targetId, ...(staged === undefined ? {} : { staged }) } }, call)
  },
})

export type TargetCalls = ReturnType<typeof targetCalls>
export type RoleCalls = ReturnType<typeof roleCalls>
