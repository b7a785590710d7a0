import type { ReconciliationKind, ReconciliationStatus, StorageRole } from '@holdfast/api'
import type { Flag, Json, Time } from './schema-columns.ts'

/** Where objects lie, how they move, and how what lies there is compared with what is recorded. */
export interface StorageTables {
  targets: {
    id: string
    tenant_id: string
    name: string
    kind: 'local' | 's3' | 'smb' | 'sftp'
    place: Json
    credentials: Uint8Array | null
    builtin: Flag
    quota_bytes: number | null
    used_bytes: number
    reserved_bytes: number
    last_test_at: Time | null
    last_test_ok: Flag | null
    last_pass_at: Time | null
    created_at: Time
    removed_at: Time | null
    version: number
    /** The storage itself in one spelling; null for the built-in one. */
    location: string | null
    capabilities: Json | null
  }
  role_bindings: { tenant_id: string; role: StorageRole; target_id: string; bound_at: Time; staged: Flag }
  migrations: {
    id: string
    tenant_id: string
    from_target_id: string
    to_target_id: string
    status: 'running' | 'paused' | 'done' | 'cancelled'
    files_total: number
    bytes_total: number
    created_by: string
    created_at: Time
    finished_at: Time | null
    version: number
  }
  moves: {
    id: string
    tenant_id: string
    migration_id: string | null
    file_id: string
    object_key: string
    from_target_id: string
    to_target_id: string
    bytes: number
    status: 'copying' | 'moved' | 'failed' | 'skipped'
    write_id: string | null
    copied_bytes: number
    receipts: Json
    sha256: string | null
    error: string | null
    created_at: Time
    finished_at: Time | null
    purged_at: Time | null
    /** The copy is being put under its key, where nothing lay before. */
    committing: Flag
  }
  /** Reconciliations of one scope with what is on its storage (D13). `report` is JSON: counts and examples. */
  syncs: {
    id: string
    tenant_id: string
    case_id: string
    item_id: string | null
    target_id: string
    mode: 'preview' | 'apply'
    status: 'running' | 'done' | 'stopped' | 'failed' | 'cancelled'
    allow_removals: Flag
    report: Json
    error: string | null
    started_by: string
    created_at: Time
    finished_at: Time | null
  }
  /** What a Sync that runs has found in its scope so far. */
  sync_objects: {
    sync_id: string
    object_key: string
    name: string
    size: number
    modified_at: Time
    etag: string | null
  }
  /** Comparisons of what lies at a target with the records of it, as their reports. */
  reconciliations: {
    id: string
    tenant_id: string
    target_id: string
    status: ReconciliationStatus
    report: Json
    error: string | null
    started_by: string
    created_at: Time
    reported_at: Time | null
    finished_at: Time | null
  }
  /** What a reconciliation has found, and what became of it. */
  reconciliation_findings: {
    id: string
    reconciliation_id: string
    kind: ReconciliationKind
    object_key: string
    file_id: string | null
    file_name: string | null
    size: number
    modified_at: Time | null
    reason: string
    outcome: 'removed' | 'kept' | null
    outcome_reason: string | null
  }
}
