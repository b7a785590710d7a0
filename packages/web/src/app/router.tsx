import { ApiProblem } from '@holdfast/client'
import type { QueryClient } from '@tanstack/react-query'
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, Outlet, redirect } from '@tanstack/react-router'
import { holdStates } from '../features/holds/hold-words.ts'
import { jobStatusNames } from '../features/jobs/job-words.ts'
import { moveStatusNames } from '../features/migrations/migration-words.ts'
import { objectStatusNames } from '../features/objects/object-words.ts'
import { kindNames } from '../features/reconcile/reconcile-words.ts'
import { deliveryStatusNames } from '../features/webhooks/webhook-words.ts'
import { remoteKinds } from '../ui/target-kinds.ts'
import { BrokenPage, NotFoundPage } from './pages/trouble.tsx'
import { ForPermission } from './permission.tsx'
import { dayOf, innerPathOf, oneOf, present, type Raw, textOf } from './search.ts'
import { meQuery, type Services } from './services.tsx'
import { Shell } from './shell.tsx'

type Context = { readonly services: Services; readonly queries: QueryClient }

const root = createRootRouteWithContext<Context>()({ component: Outlet, notFoundComponent: NotFoundPage, errorComponent: BrokenPage })

/** Everything behind sign-in. Nobody signed in: to the first set-up where that is still to do, otherwise to sign-in and back here. */
const app = createRoute({
  getParentRoute: () => root,
  id: 'app',
  beforeLoad: async ({ context: { services, queries }, location }) => {
    try {
      await queries.ensureQueryData(meQuery(services.client))
    } catch (error) {
      if (!(error instanceof ApiProblem && error.status === 401)) throw error
      const { needed } = await services.client.setup.get()
      if (needed) throw redirect({ to: '/setup', replace: true })
      throw redirect({ to: '/sign-in', search: present({ next: innerPathOf(location.href) }), replace: true })
    }
  },
  component: Shell,
  errorComponent: BrokenPage,
})

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (raw: Raw) => present({ next: innerPathOf(raw.next) }),
  component: lazyRouteComponent(() => import('./pages/sign-in.tsx'), 'SignInPage'),
})

const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  beforeLoad: async ({ context }) => {
    const { needed } = await context.services.client.setup.get()
    if (!needed) throw redirect({ to: '/cases', replace: true })
  },
  component: lazyRouteComponent(() => import('./pages/setup.tsx'), 'SetupPage'),
})

const home = createRoute({
  getParentRoute: () => app,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/cases', replace: true })
  },
})

const cases = createRoute({
  getParentRoute: () => app,
  path: '/cases',
  validateSearch: (raw: Raw) => present({ q: textOf(raw.q) }),
  component: lazyRouteComponent(() => import('./pages/cases.tsx'), 'CasesPage'),
})

const oneCase = createRoute({
  getParentRoute: () => app,
  path: '/cases/$caseId',
  validateSearch: (raw: Raw) => present({ tab: oneOf(raw.tab, ['attachments', 'items']), file: textOf(raw.file, 64) }),
  component: lazyRouteComponent(() => import('./pages/case.tsx'), 'CasePage'),
})

const oneItem = createRoute({
  getParentRoute: () => app,
  path: '/cases/$caseId/items/$itemId',
  validateSearch: (raw: Raw) => present({ file: textOf(raw.file, 64) }),
  component: lazyRouteComponent(() => import('./pages/item.tsx'), 'ItemPage'),
})

const auditSearch = (raw: Raw) =>
  present({
    action: textOf(raw.action, 64),
    actor: textOf(raw.actor, 64),
    case: textOf(raw.case, 64),
    file: textOf(raw.file, 64),
    result: oneOf(raw.result, ['ok', 'denied', 'failed']),
    from: dayOf(raw.from),
    to: dayOf(raw.to),
    entry: textOf(raw.entry, 64),
  })

const AuditPage = lazyRouteComponent(() => import('./pages/audit.tsx'), 'AuditPage')
const HoldsPage = lazyRouteComponent(() => import('./pages/holds.tsx'), 'HoldsPage')
const ClassesPage = lazyRouteComponent(() => import('./pages/classes.tsx'), 'ClassesPage')
const WebhooksPage = lazyRouteComponent(() => import('./pages/webhooks.tsx'), 'WebhooksPage')
const WebhookPage = lazyRouteComponent(() => import('./pages/webhooks.tsx'), 'WebhookPage')
const StoragePage = lazyRouteComponent(() => import('./pages/storage.tsx'), 'StoragePage')
const PeoplePage = lazyRouteComponent(() => import('./pages/people.tsx'), 'PeoplePage')
const TokensPage = lazyRouteComponent(() => import('./pages/tokens.tsx'), 'TokensPage')
const NewTargetPage = lazyRouteComponent(() => import('./pages/target.tsx'), 'NewTargetPage')
const EditTargetPage = lazyRouteComponent(() => import('./pages/target.tsx'), 'EditTargetPage')
const ReconciliationsPage = lazyRouteComponent(() => import('./pages/reconciliations.tsx'), 'ReconciliationsPage')
const MigrationsPage = lazyRouteComponent(() => import('./pages/migrations.tsx'), 'MigrationsPage')
const NewMigrationPage = lazyRouteComponent(() => import('./pages/new-migration.tsx'), 'NewMigrationPage')
const MigrationPage = lazyRouteComponent(() => import('./pages/migration.tsx'), 'MigrationPage')
const JobsPage = lazyRouteComponent(() => import('./pages/jobs.tsx'), 'JobsPage')

const files = createRoute({
  getParentRoute: () => app,
  path: '/files',
  validateSearch: (raw: Raw) =>
    present({
      owner: textOf(raw.owner, 64),
      ownerId: textOf(raw.ownerId, 128),
      class: textOf(raw.class, 64),
      status: oneOf(raw.status, objectStatusNames),
      current: oneOf(raw.current, ['yes', 'no']),
      held: oneOf(raw.held, ['yes', 'no']),
    }),
  component: lazyRouteComponent(() => import('./pages/objects.tsx'), 'ObjectsPage'),
})
const oneFile = createRoute({
  getParentRoute: () => app,
  path: '/files/$fileId',
  component: lazyRouteComponent(() => import('./pages/objects.tsx'), 'ObjectPage'),
})
const holds = createRoute({
  getParentRoute: () => app,
  path: '/holds',
  validateSearch: (raw: Raw) =>
    present({
      state: oneOf(raw.state, holdStates),
      case: textOf(raw.case, 64),
      file: textOf(raw.file, 64),
      owner: textOf(raw.owner, 64),
      ownerId: textOf(raw.ownerId, 128),
    }),
  component: () => <ForPermission needs="hold.read" page={HoldsPage} />,
})
const objectClasses = createRoute({
  getParentRoute: () => app,
  path: '/settings/classes',
  component: () => <ForPermission needs="class.read" page={ClassesPage} />,
})
const webhooks = createRoute({
  getParentRoute: () => app,
  path: '/settings/webhooks',
  component: () => <ForPermission needs="webhook.read" page={WebhooksPage} />,
})
const oneWebhook = createRoute({
  getParentRoute: () => app,
  path: '/settings/webhooks/$webhookId',
  validateSearch: (raw: Raw) => present({ status: oneOf(raw.status, deliveryStatusNames), delivery: textOf(raw.delivery, 64) }),
  component: () => <ForPermission needs="webhook.read" page={WebhookPage} />,
})

const audit = createRoute({
  getParentRoute: () => app,
  path: '/audit',
  validateSearch: auditSearch,
  component: () => <ForPermission needs="audit.read" page={AuditPage} />,
})
const storage = createRoute({
  getParentRoute: () => app,
  path: '/settings/storage',
  component: () => <ForPermission needs="target.read" page={StoragePage} />,
})
const newTarget = createRoute({
  getParentRoute: () => app,
  path: '/settings/storage/new',
  validateSearch: (raw: Raw) => present({ kind: oneOf(raw.kind, remoteKinds), again: textOf(raw.again, 64) }),
  component: () => <ForPermission needs="target.write" page={NewTargetPage} />,
})
const oneTarget = createRoute({
  getParentRoute: () => app,
  path: '/settings/storage/$targetId',
  component: () => <ForPermission needs="target.write" page={EditTargetPage} />,
})
const reconciliations = createRoute({
  getParentRoute: () => app,
  path: '/settings/storage/$targetId/reconciliations',
  validateSearch: (raw: Raw) => present({ report: textOf(raw.report, 64), kind: oneOf(raw.kind, kindNames) }),
  component: () => <ForPermission needs="target.read" page={ReconciliationsPage} />,
})
const migrations = createRoute({
  getParentRoute: () => app,
  path: '/settings/migrations',
  component: () => <ForPermission needs="target.read" page={MigrationsPage} />,
})
const newMigration = createRoute({
  getParentRoute: () => app,
  path: '/settings/migrations/new',
  validateSearch: (raw: Raw) => present({ from: textOf(raw.from, 64), to: textOf(raw.to, 64) }),
  component: () => <ForPermission needs="target.write" page={NewMigrationPage} />,
})
const oneMigration = createRoute({
  getParentRoute: () => app,
  path: '/settings/migrations/$migrationId',
  validateSearch: (raw: Raw) => present({ status: oneOf(raw.status, moveStatusNames) }),
  component: () => <ForPermission needs="target.read" page={MigrationPage} />,
})
const people = createRoute({
  getParentRoute: () => app,
  path: '/settings/people',
  component: () => <ForPermission needs="member.read" page={PeoplePage} />,
})
const tokens = createRoute({
  getParentRoute: () => app,
  path: '/settings/tokens',
  component: () => <ForPermission needs="token.read" page={TokensPage} />,
})
const jobs = createRoute({
  getParentRoute: () => app,
  path: '/settings/jobs',
  validateSearch: (raw: Raw) => present({ status: oneOf(raw.status, jobStatusNames) }),
  component: () => <ForPermission needs="job.read" page={JobsPage} />,
})

/** Addresses that lead nowhere still stand inside the frame. */
const nowhere = createRoute({ getParentRoute: () => app, path: '$', component: NotFoundPage })

const storagePages = [storage, newTarget, oneTarget, reconciliations, migrations, newMigration, oneMigration] as const
const objectPages = [files, oneFile, holds, objectClasses, webhooks, oneWebhook] as const
const routeTree = root.addChildren([
  signIn,
  setup,
  app.addChildren([home, cases, oneCase, oneItem, audit, ...objectPages, ...storagePages, people, tokens, jobs, nowhere]),
])

export const createAppRouter = (context: Context) =>
  createRouter({
    routeTree,
    context,
    defaultPreload: 'intent',
    defaultPreloadStaleTime: 0,
    defaultPendingMs: 400,
    scrollRestoration: true,
    defaultNotFoundComponent: NotFoundPage,
  })

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createAppRouter>
  }
}
