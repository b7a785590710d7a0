import type { AccessService } from '../services/access.ts'
import type { AuditService } from '../services/audit.ts'
import type { CaseService } from '../services/cases.ts'
import type { BucketOriginService } from '../services/direct/bucket-origins.ts'
import type { DirectStateService } from '../services/direct/direct-state.ts'
import type { SyncService } from '../services/direct/sync/syncs.ts'
import type { DownloadService } from '../services/downloads.ts'
import type { EvidenceService } from '../services/evidence.ts'
import type { FileService } from '../services/files.ts'
import type { HoldService } from '../services/holds/holds.ts'
import type { IdempotencyService } from '../services/idempotency.ts'
import type { ItemService } from '../services/items.ts'
import type { JobService } from '../services/jobs.ts'
import type { MemberService } from '../services/members.ts'
import type { MigrationService } from '../services/moves/migrations.ts'
import type { ObjectClassService } from '../services/objects/classes.ts'
import type { ObjectService } from '../services/objects.ts'
import type { ReconciliationService } from '../services/reconcile/reconciliations.ts'
import type { RoleService } from '../services/roles.ts'
import type { SetupService } from '../services/setup.ts'
import type { SystemService } from '../services/system.ts'
import type { TargetService } from '../services/targets.ts'
import type { TokenService } from '../services/tokens.ts'
import type { UploadService } from '../services/uploads.ts'
import type { WebhookService } from '../services/webhooks/webhooks.ts'
import type { Sessions } from './sessions.ts'

/** What the routes call; `app.ts` puts it together. */
export type Services = {
  readonly access: AccessService
  readonly setup: SetupService
  readonly members: MemberService
  readonly tokens: TokenService
  readonly cases: CaseService
  readonly items: ItemService
  readonly uploads: UploadService
  readonly files: FileService
  readonly objects: ObjectService
  readonly objectClasses: ObjectClassService
  readonly evidence: EvidenceService
  readonly downloads: DownloadService
  readonly holds: HoldService
  readonly direct: DirectStateService
  readonly webhooks: WebhookService
  readonly targets: TargetService
  readonly roles: RoleService
  readonly bucketOrigins: BucketOriginService
  readonly jobs: JobService
  readonly migrations: MigrationService
  readonly syncs: SyncService
  readonly reconciliations: ReconciliationService
  readonly audit: AuditService
  readonly idempotency: IdempotencyService
  readonly system: SystemService
  readonly sessions: Sessions
}
