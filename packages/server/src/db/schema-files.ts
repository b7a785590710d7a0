import type { AssetScanStatus, HashState, RetentionName } from '@holdfast/api'
import type { Flag, Json, Time } from './schema-columns.ts'

/** What is stored, how it arrives and how long it stays. */
export interface FileTables {
  cases: {
    id: string
    tenant_id: string
    number: string
    /** In lower case; null where another case had it in another spelling before such were refused. */
    folded_number: string | null
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
    /** Where the object goes from where it was staged; null once it is there. */
    sync_target_id: string | null
    /** When the object was seen to be gone from its target, after deletion. */
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
