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
} as const
export type QueryRoot = (typeof keys)[keyof typeof keys]
