import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Clock } from './core/clock.ts'
import { checkpointFile } from './db/audit-checkpoint-file.ts'
import type { HttpApp } from './http/app-types.ts'
import { createLogger } from './http/request-log.ts'
import { createHttpServer } from './http/server.ts'
import type { Services } from './http/services.ts'
import { createSessions, passwords } from './http/sessions.ts'
import { bothWorkers } from './jobs/both-workers.ts'
import { directHandlers, sweepSyncsSchedule } from './jobs/handlers/direct.ts'
import { evidenceHandlers, sweepQuarantineSchedule } from './jobs/handlers/evidence.ts'
import { expireFilesHandler, expireFilesSchedule } from './jobs/handlers/expire-files.ts'
import { holdHandlers, sweepHoldsSchedule } from './jobs/handlers/holds.ts'
import { moveHandlers, sweepMovesSchedule } from './jobs/handlers/moves.ts'
import { purgeJobsHandler, purgeJobsSchedule } from './jobs/handlers/purge-jobs.ts'
import { purgeObjectHandler } from './jobs/handlers/purge-object.ts'
import { reconcileHandlers, sweepReconciliationsSchedule } from './jobs/handlers/reconcile.ts'
import { scanObjectHandler } from './jobs/handlers/scan-object.ts'
import { sweepSchedules, sweepTargetsHandler, sweepUploadsHandler } from './jobs/handlers/sweep.ts'
import { verifyFileHandler } from './jobs/handlers/verify-file.ts'
import { deliverWebhookHandler, purgeWebhooksHandler, purgeWebhooksSchedule } from './jobs/handlers/webhooks.ts'
import type { JobHandler } from './jobs/job-handler.ts'
import { createWorker, type Worker } from './jobs/worker.ts'
import type { Instance } from './open-instance.ts'
import { accessService } from './services/access.ts'
import { auditService } from './services/audit.ts'
import { caseService } from './services/cases.ts'
import { deriveSecret } from './services/derived-secrets.ts'
import { bucketOriginService } from './services/direct/bucket-origins.ts'
import { directStateService } from './services/direct/direct-state.ts'
import { hashCancelled, verifyCancelled } from './services/direct/hash-cancel.ts'
import { HASH_FILE } from './services/direct/job-kinds.ts'
import { SYNC_SCOPE } from './services/direct/sync/job-kinds.ts'
import { syncCancelled, syncService } from './services/direct/sync/syncs.ts'
import { downloadService } from './services/downloads.ts'
import { evidenceContract } from './services/evidence/promote.ts'
import { evidenceService } from './services/evidence.ts'
import { fileService } from './services/files.ts'
import { holdService } from './services/holds/holds.ts'
import { idempotencyService } from './services/idempotency.ts'
import { createCompletions } from './services/ingest/completions.ts'
import { defaultIngestLimits, type IngestDeps } from './services/ingest/deps.ts'
import { createDigestPool } from './services/ingest/digest-pool.ts'
import { VERIFY_FILE } from './services/ingest/job-kinds.ts'
import { createPartAttempts } from './services/ingest/part-attempts.ts'
import { createPartMemory } from './services/ingest/part-memory.ts'
import { itemService } from './services/items.ts'
import { jobService, type OnCancel } from './services/jobs.ts'
import { memberService } from './services/members.ts'
import { migrationService } from './services/moves/migrations.ts'
import { objectClassService } from './services/objects/classes.ts'
import { type ConfiguredTarget, configuredTarget } from './services/objects/configured-target.ts'
import type { ObjectDeps } from './services/objects/deps.ts'
import { objectService } from './services/objects.ts'
import { RECONCILE_TARGET } from './services/reconcile/job-kinds.ts'
import { reconciliationCancelled, reconciliationService } from './services/reconcile/reconciliations.ts'
import { roleService } from './services/roles.ts'
import { createKnownEnds, type SealedReaderDeps } from './services/sealed/sealed-object.ts'
import { createSegmentMemory } from './services/sealed/segment-memory.ts'
import { mintSetupCode, setupService } from './services/setup.ts'
import { systemService } from './services/system.ts'
import type { OpenAddress, TargetDeps } from './services/target-deps.ts'
import { targetService } from './services/targets.ts'
import { tokenService } from './services/tokens.ts'
import { uploadService } from './services/uploads.ts'
import type { WebhookSender } from './services/webhooks/deliver.ts'
import { webhookService } from './services/webhooks/webhooks.ts'
import { createTargetBackends } from './target-backends.ts'
import { createClamdScanner } from './validate/clamd.ts'
import { type MalwareScanner, noMalwareScanner } from './validate/malware.ts'
import { createValidator, type Validator } from './validate/validator.ts'
import { version } from './version.ts'
import { createWebhookSender } from './webhook-sender.ts'

export type AppOptions = {
  readonly logger?: Logger
  /** The built web app; null serves the API alone. */
  readonly webRoot?: string | null
  /** No other server or worker is on this data (the folder is locked). */
  readonly alone?: boolean
}

/** A server that can be listened with, and its worker. */
export interface App extends AsyncDisposable {
  readonly http: HttpApp
  readonly worker: Worker
  readonly services: Services
  readonly logger: Logger
  /** To be printed to whoever started the server; null once somebody can sign in. */
  readonly setupCode: string | null
}

/** Buffers of 8 MiB for all uploads together, as long as no more parts arrive at once. */
const PART_BUFFERS = 6
/** Buffers of downloads and verifications that are kept, 2 MiB each. */
const KEPT_WINDOWS = 16
const KNOWN_ENDS = 10_000
const DOWNLOADS_AT_ONCE = 32

/** What moves bytes, made once for all services and jobs of the process. */
type Engines = {
  readonly ingest: IngestDeps
  readonly reader: SealedReaderDeps
  readonly targets: TargetDeps
  readonly objects: ObjectDeps
  readonly configured: ConfiguredTarget
  readonly validator: Validator
  readonly scanner: MalwareScanner
  readonly sender: WebhookSender
}

type EngineOptions = { readonly logger: Logger; readonly alone: boolean }

function createEngines(instance: Instance, resources: AsyncDisposableStack, { logger, alone }: EngineOptions): Engines {
  const { config, secrets, store, clock, credentials, keys, targets, points } = instance
  const { directUploadsPerUser, directPartsAtOnce } = config
  const limits = { ...defaultIngestLimits, directUploadsPerUser, directPartsAtOnce }
  const digests = resources.use(createDigestPool(Math.max(1, Math.min(4, availableParallelism() - 1))))
  const attempts = createPartAttempts(defaultIngestLimits.partsAtOnce)
  const memory = createPartMemory(PART_BUFFERS)
  const completions = createCompletions({ store, clock, alone })
  const ingest = { store, clock, keys, targets, digests, memory, attempts, completions, points, limits }
  const reader = { keys, memory: createSegmentMemory(KEPT_WINDOWS), ends: createKnownEnds(KNOWN_ENDS) }
  const targetDeps = { store, clock, credentials, backends: createTargetBackends(instance), publicUrl: config.publicUrl }
  const onUntested = (err: unknown): void => logger.warn({ err }, 'The bucket of the configuration could not be tested')
  const configured = configuredTarget({ ...targetDeps, address: config.objects.s3 as OpenAddress | null, onUntested })
  const urlSecret = deriveSecret(secrets.credentialKey, 'object-urls')
  return {
    ...{ ingest, reader, configured, targets: targetDeps },
    objects: { ingest, reader, settings: config.objects, urlSecret, ensureTarget: configured.ensure },
    validator: resources.use(createValidator({ clock })),
    scanner: config.clamd ? createClamdScanner({ address: config.clamd }) : noMalwareScanner,
    sender: createWebhookSender({ allowLocal: config.allowLocalWebhooks }, `Holdfast/${version}`),
  }
}

function createServices(instance: Instance, engines: Engines, parts: { logger: Logger; setupCode: SetupCodePair | null }): Services {
  const { config, secrets, store, clock, keys, credentials, targets, database, sequencer } = instance
  const files = fileService({ store, clock })
  const downloads = downloadService({ store, clock, targets, downloadsAtOnce: DOWNLOADS_AT_ONCE, ...engines.reader })
  const secret = (purpose: 'sessions' | 'idempotency') => deriveSecret(secrets.credentialKey, purpose)
  return {
    access: accessService({ store }),
    setup: setupService({ store, clock, passwords, keys, code: parts.setupCode?.code ?? null }),
    members: memberService({ store, clock, passwords }),
    tokens: tokenService({ store, clock }),
    cases: caseService({ store, clock, files }),
    items: itemService({ store, clock, files }),
    files,
    uploads: uploadService(engines.ingest),
    downloads,
    objects: objectService({ ...engines.objects, files, downloads }),
    evidence: evidenceService({ ...engines.objects, files, downloads }),
    objectClasses: objectClassService({ store, clock, settings: config.objects }),
    holds: holdService({ store, clock }),
    direct: directStateService({ store }),
    webhooks: webhookService({ store, clock, credentials, sender: engines.sender }),
    targets: targetService(engines.targets),
    roles: roleService({ store, clock }),
    bucketOrigins: bucketOriginService({ store }),
    jobs: jobService({ store, onCancel: jobsOnCancel(clock) }),
    syncs: syncService({ store, clock }),
    reconciliations: reconciliationService({ store, clock }),
    migrations: migrationService({ store, clock }),
    audit: auditService({ store, sequencer, clock, kept: checkpointFile(config.dataDir) }),
    idempotency: idempotencyService({ store, clock, hashKey: secret('idempotency') }),
    system: systemService({ store, version, publicUrl: config.publicUrl }),
    sessions: createSessions({ database, secret: secret('sessions'), publicUrl: config.publicUrl, logger: parts.logger }),
  }
}

/** Tasks that somebody waits for tell in the log that they were cancelled, whichever way. */
const jobsOnCancel = (clock: Clock): OnCancel => ({
  [HASH_FILE]: hashCancelled,
  [VERIFY_FILE]: (tx, caller, job) => verifyCancelled(tx, caller, { job, at: clock.now() }),
  [SYNC_SCOPE]: (tx, caller, job) => syncCancelled(tx, caller, { job, at: clock.now() }),
  [RECONCILE_TARGET]: (tx, caller, job) => reconciliationCancelled(tx, caller, { job, at: clock.now() }),
})

function createHandlers(instance: Instance, engines: Engines, logger: Logger): JobHandler[] {
  const { store, clock, targets, points } = instance
  const { ingest, reader, objects, validator, scanner } = engines
  const { directVerifyMaxBytes } = instance.config
  return [
    verifyFileHandler({ store, clock, targets, points, digests: ingest.digests, ...reader, directVerifyMaxBytes }),
    purgeObjectHandler({ store, clock, targets, points }),
    scanObjectHandler({ ...objects, validator, scanner, contracts: { evidence: evidenceContract(objects) } }),
    ...evidenceHandlers({ store, clock, targets, points }),
    sweepUploadsHandler({ ingest, objects, logger }),
    sweepTargetsHandler({ ingest, logger }),
    purgeJobsHandler({ store, clock }),
    ...directHandlers({ store, clock, targets, points, digests: ingest.digests }),
    ...reconcileHandlers({ store, clock, targets, points }),
    purgeWebhooksHandler({ store, clock }),
    expireFilesHandler({ store, clock, points }),
    ...holdHandlers({ store, targets }),
    ...moveHandlers({ store, clock, targets, points, oldObjectKept: instance.config.movedObjectKeptSeconds * 1000 }),
  ]
}

/** Others' servers, which may be slow: they keep no job of files waiting. */
const WEBHOOKS_AT_ONCE = 8

function createWebhookWorker(instance: Instance, { sender }: Engines, logger: Logger): Worker {
  const { store, clock, points, credentials } = instance
  const handlers = [deliverWebhookHandler({ store, clock, points, credentials, sender })]
  return createWorker({ ...{ store, clock, points, logger, handlers }, concurrency: WEBHOOKS_AT_ONCE })
}

const EXEMPT_ROLE =
  'The role that Holdfast connects to PostgreSQL with is exempt from row-level security, so the database does not keep tenants apart. ' +
  'Use one that is no superuser and has no BYPASSRLS'

type SetupCodePair = ReturnType<typeof mintSetupCode>

/** Puts a server together on an open instance. It owns neither the instance nor a port; disposing stops its worker and requests. */
export async function createApp(instance: Instance, options: AppOptions = {}): Promise<App> {
  const { config, store, clock, points, sequencer } = instance
  const logger = options.logger ?? createLogger()
  await using opened = new AsyncDisposableStack()
  if (store.kind === 'postgres' && !instance.database.holdsTenantsApart) logger.warn(EXEMPT_ROLE)
  const setupCode = (await store.read.memberships.any()) ? null : mintSetupCode()
  const alone = options.alone ?? false
  const engines = createEngines(instance, opened, { logger, alone })
  const services = createServices(instance, engines, { logger, setupCode })
  const jobs = createWorker({
    ...{ store, clock, points, logger, alone },
    handlers: createHandlers(instance, engines, logger),
    schedules: [
      ...sweepSchedules,
      sweepMovesSchedule,
      sweepHoldsSchedule,
      sweepSyncsSchedule,
      sweepReconciliationsSchedule,
      sweepQuarantineSchedule,
      purgeJobsSchedule,
      purgeWebhooksSchedule,
      expireFilesSchedule,
    ],
  })
  const worker = bothWorkers(jobs, createWebhookWorker(instance, engines, logger))
  opened.defer(() => worker.stop())
  const http = await createHttpServer({
    ...{ services, logger, clock },
    config: { publicUrl: config.publicUrl, trustProxy: config.trustedProxies ?? false, webRoot: options.webRoot ?? null, version },
  })
  opened.defer(() => http.close())
  opened.defer(() => engines.ingest.completions.stop())
  engines.configured.ensureAll().catch((err: unknown) => logger.error({ err }, 'The bucket of the configuration could not be bound'))
  sequencer.start((err) => logger.error({ err }, 'The audit log could not be signed; its entries wait'))
  const resources = opened.move()
  return {
    ...{ http, worker, services, logger, setupCode: setupCode?.text ?? null },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

/** Where `npm run build` puts the web app. */
export const builtWebRoot = join(import.meta.dirname, '..', '..', 'web', 'dist')
