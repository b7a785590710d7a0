import { bucketOrigins } from '../../core/bucket-origins.ts'
import type { Store } from '../../db/store.ts'

const mostTargets = 1000

/** Which buckets the browsers of a tenant talk to. */
export const bucketOriginService = ({ store }: { store: Store }) => ({
  /** Of every S3 target: parts go to the one that Direct is bound to, downloads come from those that it was bound to before, too. */
  async list({ tenantId }: { readonly tenantId: string }): Promise<string[]> {
    const targets = await store.read.targets.list(tenantId, { limit: mostTargets, after: null })
    return [...new Set(targets.filter((target) => target.kind === 's3').flatMap((target) => bucketOrigins(target.place)))]
  },
})
export type BucketOriginService = ReturnType<typeof bucketOriginService>
