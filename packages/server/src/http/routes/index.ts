import type { Clock } from '../../core/clock.ts'
import type { HttpApp } from '../app-types.ts'
import type { Services } from '../services.ts'
import { registerAuditRoutes } from './audit.ts'
import { registerAuthRoutes } from './auth.ts'
import { registerCaseRoutes } from './cases.ts'
import { registerDirectRoutes } from './direct.ts'
import { registerEvidenceRoutes } from './evidence.ts'
import { registerFileRoutes } from './files.ts'
import { registerHealthRoutes } from './health.ts'
import { registerHoldRoutes } from './holds.ts'
import { registerItemRoutes } from './items.ts'
import { registerJobRoutes } from './jobs.ts'
import { registerMeRoutes } from './me.ts'
import { registerMemberRoutes } from './members.ts'
import { registerMigrationRoutes } from './migrations.ts'
import { registerObjectClassRoutes } from './object-classes.ts'
import { registerObjectRoutes } from './objects.ts'
import { registerReconciliationRoutes } from './reconciliations.ts'
import { registerRoleRoutes } from './roles.ts'
import { registerSetupRoutes } from './setup.ts'
import { registerSyncRoutes } from './syncs.ts'
import { registerSystemRoutes } from './system.ts'
import { registerTargetRoutes } from './targets.ts'
import { registerTokenRoutes } from './tokens.ts'
import { registerUploadRoutes } from './uploads.ts'
import { registerWebhookRoutes } from './webhooks.ts'

export type RouteContext = {
  readonly clock: Clock
  /** Origins whose pages may use session cookies; empty: that of the request itself. */
  readonly origins: readonly string[]
  readonly version: string
}

/** Registers a group of routes: `app.get(url, { config: { permission }, schema }, handler)`. */
export type RegisterRoutes = (app: HttpApp, services: Services, context: RouteContext) => void | Promise<void>

const groups: readonly RegisterRoutes[] = [
  registerAuthRoutes,
  registerMeRoutes,
  registerSetupRoutes,
  registerMemberRoutes,
  registerTokenRoutes,
  registerCaseRoutes,
  registerItemRoutes,
  registerUploadRoutes,
  registerFileRoutes,
  registerObjectRoutes,
  registerObjectClassRoutes,
  registerEvidenceRoutes,
  registerHoldRoutes,
  registerDirectRoutes,
  registerWebhookRoutes,
  registerTargetRoutes,
  registerRoleRoutes,
  registerJobRoutes,
  registerMigrationRoutes,
  registerSyncRoutes,
  registerReconciliationRoutes,
  registerAuditRoutes,
  registerSystemRoutes,
  registerHealthRoutes,
]

/** Each group gets a scope of its own, so that content type parsers and hooks of one do not reach another. */
export async function registerRoutes(app: HttpApp, services: Services, context: RouteContext): Promise<void> {
  for (const register of groups) {
    await app.register(async (scope) => {
      await register(scope as unknown as HttpApp, services, context)
    })
  }
}
