/** The first member of each query's key: what has to be asked again after a change is named by these. */
export const keys = {
  cases: 'cases',
  items: 'items',
  files: 'files',
  targets: 'targets',
  roles: 'roles',
  audit: 'audit',
  members: 'members',
  tokens: 'tokens',
  jobs: 'jobs',
  migrations: 'migrations',
  direct: 'direct',
  syncs: 'syncs',
  reconciliations: 'reconciliations',
  holds: 'holds',
  objects: 'objects',
  classes: 'classes',
  webhooks: 'webhooks',
  assets: 'assets',
} as const
export type QueryRoot = (typeof keys)[keyof typeof keys]

/** What a hold that was placed or released changes. */
export const heldKeys = [keys.holds, keys.objects, keys.files, keys.audit] as const
