import type { HashState } from '@holdfast/api'
import type { Sql } from './database.ts'

/** What reading an object has shown. */
export type HashChange = {
  readonly hashState: HashState
  readonly sha256: string | null
  readonly diskSha256: string | null
  /** Null where the object is not the one that the digest tells of; then the time of the last success stays. */
  readonly verifiedAt: number | null
  readonly size: number
  readonly etag: string | null
  readonly modifiedAt: number | null
  readonly atRest: 'sse-kms' | 'sse-s3' | null
}

type Place = { readonly tenantId: string; readonly id: string }

export const fileHashTable = (sql: Sql) => ({
  /** Notes what is known of the digest of a file that is there. */
  async settle(file: Place, change: HashChange): Promise<void> {
    await sql
      .updateTable('files')
      .set((eb) => ({
        ...{ hash_state: change.hashState, sha256: change.sha256, disk_sha256: change.diskSha256, status_reason: null },
        ...{ size: change.size, object_size: change.size, object_etag: change.etag, object_modified_at: change.modifiedAt },
        ...(change.verifiedAt === null ? {} : { verified_at: change.verifiedAt }),
        ...(change.atRest === null ? {} : { at_rest: change.atRest }),
        version: eb('version', '+', 1),
      }))
      .where('tenant_id', '=', file.tenantId)
      .where('id', '=', file.id)
      .where('deleted_at', 'is', null)
      .execute()
  },

  /** Says in plain words why the digest of a file that is there could not be found out. */
  async explain(file: Place, reason: string): Promise<void> {
    await sql
      .updateTable('files')
      .set((eb) => ({ status_reason: reason, version: eb('version', '+', 1) }))
      .where('tenant_id', '=', file.tenantId)
      .where('id', '=', file.id)
      .where('status', '=', 'READY')
      .where('deleted_at', 'is', null)
      .execute()
  },
})
export type FileHashTable = ReturnType<typeof fileHashTable>
