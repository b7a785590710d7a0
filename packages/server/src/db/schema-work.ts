import type { Flag, Json, Time } from './schema-columns.ts'

/** What is done beside requests and what is told of it: jobs, the audit log and webhooks. */
export interface WorkTables {
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
}
