import { SECURE_TIER_MAX_BYTES, type SystemInfo } from '@holdfast/api'
import type { Store } from '../db/store.ts'

export type SystemDeps = { readonly store: Store; readonly version: string; readonly publicUrl: string | null }

/** What the server says of itself. */
export const systemService = ({ store, version, publicUrl }: SystemDeps) => ({
  info: (): SystemInfo => ({ version, database: store.kind, publicUrl, secureTierMaxBytes: SECURE_TIER_MAX_BYTES }),

  /** Never rejects: what does not answer is not ready. */
  async readiness(): Promise<{ ready: boolean; checks: Record<string, boolean> }> {
    const database = await store.read.tenants.findFirst().then(
      () => true,
      () => false,
    )
    return { ready: database, checks: { database } }
  },
})
export type SystemService = ReturnType<typeof systemService>
