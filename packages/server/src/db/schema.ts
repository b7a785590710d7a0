import type {
  AssetScanStatus,
  HashState,
  ReconciliationKind,
  ReconciliationStatus,
  RetentionName,
  RoleName,
  StorageRole,
} from '@holdfast/api'
import type { ColumnType } from 'kysely'

// The tables, as Kysely sees them on both databases. Columns are snake_case; times are milliseconds since the epoch,
// sizes are bytes, both as 8-byte integers that arrive as JavaScript numbers; booleans are 0 or 1; JSON is text; ids are UUID text.

type Time = number
type Flag = 0 | 1
type Json = string
/** A column that is written and never read. */
type Unread<T> = ColumnType<never, T, T>

export interface Schema {
  meta: { key: string; value: string }
  tenants: { id: string; slug: string; name: string; created_at: Time }
  memberships: { tenant_id: string; user_id: string; role: RoleName; created_at: Time }
  /** `hash` is SHA-256 of the secret, hex; the secret itself is never stored. */
  api_tokens: {
    id: string
    tenant_id: string
    name: string
    role: RoleName
    /** Names of scopes; null: all that the role allows. */
    scopes: Json | null
    hash: string
    created_by: string
    created_at: Time
    expires_at: Time | null
    revoked_at: Time | null
    last_used_at: Time | null
  }
  tenant_keys: { tenant_id: string; key_id: string; wrapped: Uint8Array; created_at: Time }
  /** Keys of cases and of owners; destroyed_at set and wrapped null once shredded. */
  entity_keys: {
    id: string
    tenant_id: string
    entity_type: 'case' | 'owner'
    entity_id: string
    wrapped: Uint8Array | null
    created_at: Time
    destroyed_at: Time | null
  }
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
  cases: {
    id: string
    tenant_id: string
    number: string
    title: string
    description: string
    created_by: string
    created_at: Time
    deleted_at: Time | null
    version: number
  }
  items: {
    id: string
    tenant_id: string
    case_id: string
    label: string
    title: string
    created_by: string
    created_at: Time
    deleted_at: Time | null
    version: number
  }
  files: {
    id: string
    tenant_id: string
    case_id: string | null
    item_id: string | null
    tier: 'secure' | 'direct' | 'object'
    name: string
    content_type: string
    size: number
    status: string
    status_reason: string | null
    target_id: string
    object_key: string
    object_size: number
    container: 'floe' | null
    entity_key_id: string | null
    wrapped_key: Uint8Array | null
    sha256: string | null
    declared_sha256: string | null
    verified_at: Time | null
    uploaded_by: string
    created_at: Time
    ready_at: Time | null
    deleted_at: Time | null
    /** When the object was seen to be gone from its target, after deletion. */
    sync_target_id: string | null
    purged_at: Time | null
    version: number
    hash_state: HashState
    /** What the object was found to hold where that is not `sha256`. */
    disk_sha256: string | null
    at_rest: 'sse-kms' | 'sse-s3' | null
    object_etag: string | null
    object_modified_at: Time | null
    /** Found on the storage by Sync, put there by others. */
    discovered: Flag
    /** When Sync saw the object gone of a file that a hold keeps visible. */
    missing_at: Time | null
    /** What an app calls the record that its object belongs to; null for files of cases, as is all of this. */
    owner_type: string | null
    owner_id: string | null
    object_class: string | null
    /** Its class has one current object an owner. */
    replaceable: Flag
    is_current: Flag
    retention: RetentionName | null
    expires_at: Time | null
    /** What validation found against it, JSON. */
    validation: Json | null
    /** The verdict of the malware scanner, JSON. */
    malware: Json | null
    superseded_by: string | null
  }
  uploads: {
    id: string
    tenant_id: string
    file_id: string
    actor_id: string
    status: 'open' | 'completing' | 'completed' | 'aborted'
    size: number
    part_size: number
    part_count: number
    write_id: string | null
    /** The container's header, fixed at initiate so that any instance can seal any part. Holds no secret. */
    header: Uint8Array
    created_at: Time
    touched_at: Time
    expires_at: Time
    /** `presigned`: parts go straight to the bucket. */
    delivery: 'server' | 'presigned'
    /** The object class as it was when the upload began, JSON; null for files of cases. */
    policy: Json | null
    /** The type that the sender declared and that its URL is bound to. */
    content_type: string | null
    url_expires_at: Time | null
    /** What the sender declared at completion, hex; SHA-256 is the file's. */
    declared_md5: string | null
  }
  /** Object classes that a tenant made itself, beside the built-in ones. */
  object_classes: {
    id: string
    tenant_id: string
    name: string
    description: string
    content_types: Json
    max_bytes: number
    retention: RetentionName
    replaceable: Flag
    tier: 'object' | 'secure'
    malware: 'reject' | 'keep'
    created_by: string
    created_at: Time
    version: number
  }
  /**
   * One client part. `claim` names the attempt that may write it; while that one is writing, the rest is null. Afterwards `receipts` are
   * the driver's, JSON (one client part is one or more driver parts), and `seals` is SHA-256 over IV and tag of each of its segments, hex.
   */
  upload_parts: {
    upload_id: string
    number: number
    claim: string
    size: number
    sha256: string | null
    seals: string | null
    receipts: Json | null
    stored_at: Time | null
    /** When the attempt of `claim` began to write. */
    claimed_at: Time | null
  }
  idempotency_keys: {
    tenant_id: string
    key: string
    route: string
    request_hash: string
    status: number | null
    body: Json | null
    created_at: Time
  }
  jobs: {
    id: string
    kind: string
    tenant_id: string | null
    payload: Json
    unique_key: string | null
    status: 'queued' | 'running' | 'done' | 'dead' | 'cancelled'
    run_at: Time
    attempts: number
    max_attempts: number
    lease_owner: string | null
    lease_until: Time | null
    cancel_requested: Flag
    progress: Json | null
    error: string | null
    created_at: Time
    finished_at: Time | null
  }
  /** When each recurring job is due next; whoever moves `next_at` on enqueues it. */
  job_schedules: { name: string; next_at: Time; last_at: Time | null }
  /** `leaf_index` and `leaf_hash` are null until the sequencer has taken the entry into the tree. */
  audit_entries: {
    id: string
    leaf_index: number | null
    leaf_hash: Uint8Array | null
    tenant_id: string
    at: Time
    action: string
    result: 'ok' | 'denied' | 'failed'
    actor_kind: string
    actor_id: string
    actor_name: string
    request_id: string | null
    case_id: string | null
    item_id: string | null
    file_id: string | null
    details: Json
    /** 16 bytes each for actor, subject and details; zeros once that part is redacted (docs/spec/audit.md). */
    salt: Uint8Array
    /** Null, or which parts were erased, their commitments, and the entry that tells of it. */
    redaction: Json | null
  }
  /** Hashes of complete subtrees: level 0 are leaves, (level, idx) covers leaves idx·2^level … (idx+1)·2^level − 1. */
  audit_nodes: { level: number; idx: number; hash: Uint8Array }
  audit_checkpoints: { size: number; root: Uint8Array; note: string; at: Time }

  // better-auth's tables. Its times and booleans differ by database: they are written as ISO 8601 text and 0 or 1, which both take,
  // and never read here.
  user: { id: string; name: string; email: string; emailVerified: Unread<Flag>; createdAt: Unread<string>; updatedAt: Unread<string> }
  session: { id: string; userId: string; token: string }
  account: {
    id: string
    userId: string
    accountId: string
    providerId: string
    password: string | null
    createdAt: Unread<string>
    updatedAt: Unread<string>
  }
  verification: { id: string; identifier: string; value: string }

  holdfast_migrations: { position: number; name: string; checksum: string; version: string; applied_at: Time }
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
  /** Legal holds: of a file, of all of a case, or of all of an owner. In force until `released_at`. */
  holds: {
    id: string
    tenant_id: string
    scope: 'file' | 'case' | 'owner'
    file_id: string | null
    case_id: string | null
    owner_type: string | null
    owner_id: string | null
    subject: string
    reason: string
    placed_by_id: string
    placed_by: string
    placed_at: Time
    released_by_id: string | null
    released_by: string | null
    released_at: Time | null
    release_reason: string | null
    lock_state: 'none' | 'pending' | 'set' | 'lifted' | 'failed'
    locked_objects: number
    failed_objects: number
    lock_error: string | null
  }
  webhook_endpoints: {
    id: string
    tenant_id: string
    url: string
    description: string
    event_types: Json
    enabled: Flag
    disabled_reason: string | null
    secret: Uint8Array | null
    previous_until: Time | null
    failing_since: Time | null
    created_by: string
    created_at: Time
    deleted_at: Time | null
    version: number
  }
  /** `payload` is the exact text that is signed. */
  webhook_deliveries: {
    id: string
    tenant_id: string
    endpoint_id: string
    event_type: string
    file_id: string | null
    payload: string
    status: 'pending' | 'delivered' | 'failed'
    attempts: number
    response_status: number | null
    duration_ms: number | null
    error: string | null
    next_attempt_at: Time | null
    created_at: Time
    finished_at: Time | null
  }
  webhook_attempts: {
    delivery_id: string
    number: number
    at: Time
    by_hand: Flag
    response_status: number | null
    duration_ms: number
    error: string | null
  }
  /** What the evidence contract says of a file of the tier `object`, which has the same id. */
  evidence_assets: {
    id: string
    tenant_id: string
    app: string
    company_id: string | null
    kind: string
    scan_status: AssetScanStatus
    /** Where its object was received. */
    target_id: string
    quarantine_key: string
    final_key: string
    /** When its object was switched to `final_key`. */
    promoted_at: Time | null
    /** When what lay at `quarantine_key` was seen to be gone, after promotion. */
    quarantine_purged_at: Time | null
    archived_at: Time | null
  }
  /** `request_hash` is SHA-256 of who asked for what, hex: the same idempotency key stands for the same request alone. */
  evidence_intents: {
    id: string
    tenant_id: string
    asset_id: string
    idempotency_key: string | null
    request_hash: string
    created_at: Time
    cancelled_at: Time | null
  }
  evidence_links: {
    id: string
    tenant_id: string
    asset_id: string
    app: string
    company_id: string | null
    source_type: string
    source_id: string
    kind: string
    created_by: string
    created_at: Time
  }
}

/** Unique constraints, named alike on both databases: the table, then its columns. `DatabaseConflict.constraint` is one of these. */
export type UniqueConstraint =
  | 'tenants_slug'
  | 'memberships_tenant_id_user_id'
  | 'api_tokens_hash'
  | 'idempotency_keys_tenant_id_key_route'
  | 'tenant_keys_tenant_id'
  | 'entity_keys_tenant_id_entity_type_entity_id'
  | 'role_bindings_tenant_id_role'
  | 'targets_tenant_id_location'
  | 'cases_tenant_id_number'
  | 'items_case_id_label'
  | 'files_tenant_id_object_key'
  | 'files_target_id_object_key'
  | 'files_sole_current'
  | 'object_classes_tenant_id_name'
  | 'uploads_tenant_id_file_id'
  | 'upload_parts_upload_id_number'
  | 'jobs_unique_key'
  | 'evidence_assets_tenant_id_id'
  | 'evidence_assets_tenant_id_quarantine_key'
  | 'evidence_assets_tenant_id_final_key'
  | 'evidence_intents_tenant_id_idempotency_key'
  | 'evidence_intents_asset_id'
  | 'evidence_links_sole'
  | 'migrations_from_target_id'
  | 'moves_file_id'
  | 'audit_entries_leaf_index'
  | 'audit_nodes_level_idx'
  | 'audit_checkpoints_size'
  | 'user_email'
  | `${keyof Schema}_id`
