import { type AuditCalls, auditCalls } from './calls/audit.ts'
import { type CaseCalls, caseCalls, type ItemCalls, itemCalls } from './calls/cases.ts'
import { type DirectCalls, directCalls, type SyncCalls, syncCalls } from './calls/direct.ts'
import { type EvidenceCalls, evidenceCalls } from './calls/evidence.ts'
import { type FileCalls, fileCalls } from './calls/files.ts'
import { type HoldCalls, holdCalls } from './calls/holds.ts'
import { type JobCalls, jobCalls } from './calls/jobs.ts'
import { type MigrationCalls, migrationCalls } from './calls/migrations.ts'
import { type ObjectCalls, type ObjectClassCalls, objectCalls, objectClassCalls } from './calls/objects.ts'
import {
  type AuthCalls,
  authCalls,
  type MeCalls,
  type MemberCalls,
  meCalls,
  memberCalls,
  type SetupCalls,
  setupCalls,
  type TokenCalls,
  tokenCalls,
} from './calls/people.ts'
import { type ReconciliationCalls, reconciliationCalls } from './calls/reconciliations.ts'
import { type RoleCalls, roleCalls, type TargetCalls, targetCalls } from './calls/storage.ts'
import { type UploadCalls, uploadCalls } from './calls/uploads.ts'
import { type WebhookCalls, webhookCalls } from './calls/webhooks.ts'
import { type ClientOptions, createHttp, type Http } from './http.ts'

/**
 * Typed calls for every route. Each takes `CallOptions` last and throws ApiProblem (the server said no),
 * NetworkProblem (no answer) or the signal's reason. Calls that are safe to repeat are repeated on network failures.
 */
export interface Client {
  readonly http: Http
  readonly me: MeCalls
  readonly auth: AuthCalls
  readonly setup: SetupCalls
  readonly members: MemberCalls
  readonly tokens: TokenCalls
  readonly cases: CaseCalls
  readonly items: ItemCalls
  readonly files: FileCalls
  readonly uploads: UploadCalls
  readonly objects: ObjectCalls
  readonly objectClasses: ObjectClassCalls
  readonly targets: TargetCalls
  readonly roles: RoleCalls
  readonly audit: AuditCalls
  readonly jobs: JobCalls
  readonly migrations: MigrationCalls
  readonly direct: DirectCalls
  readonly syncs: SyncCalls
  readonly reconciliations: ReconciliationCalls
  readonly holds: HoldCalls
  readonly webhooks: WebhookCalls
  readonly evidence: EvidenceCalls
}

/** Works in browsers and in Node. Holds no connection and no timer; nothing to close. */
export function createClient(options: ClientOptions): Client {
  const http = createHttp(options)
  return {
    http,
    me: meCalls(http),
    auth: authCalls(http),
    setup: setupCalls(http),
    members: memberCalls(http),
    tokens: tokenCalls(http),
    cases: caseCalls(http),
    items: itemCalls(http),
    files: fileCalls(http),
    uploads: uploadCalls(http),
    objects: objectCalls(http),
    objectClasses: objectClassCalls(http),
    targets: targetCalls(http),
    roles: roleCalls(http),
    audit: auditCalls(http),
    jobs: jobCalls(http),
    migrations: migrationCalls(http),
    direct: directCalls(http),
    syncs: syncCalls(http),
    reconciliations: reconciliationCalls(http),
    holds: holdCalls(http),
    webhooks: webhookCalls(http),
    evidence: evidenceCalls(http),
  }
}
