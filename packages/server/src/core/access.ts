import type { RoleName, TokenScope } from '@holdfast/api'

/** Everything that can be allowed. Routes name one each; a test walks every route × role. */
export const permissions = [
  'case.read',
  'case.write',
  'case.delete',
  'file.read',
  'file.download',
  'file.upload',
  'file.delete',
  'file.sync',
  'audit.read',
  'target.read',
  'target.write',
  'member.read',
  'member.write',
  'token.read',
  'token.write',
  'job.read',
  'job.write',
  'class.read',
  'class.write',
  'hold.read',
  'hold.write',
  'webhook.read',
  'webhook.write',
] as const
export type Permission = (typeof permissions)[number]

const viewer: readonly Permission[] = ['case.read', 'file.read', 'file.download', 'class.read']
const examiner: readonly Permission[] = [...viewer, 'case.write', 'file.upload', 'file.delete', 'file.sync', 'hold.read']
/** Sees everything about the files and the log, but neither opens a file nor changes anything. */
const auditor: readonly Permission[] = ['case.read', 'file.read', 'audit.read', 'target.read', 'job.read', 'class.read', 'hold.read']

/** What each role may do. */
export const rolePermissions: Readonly<Record<RoleName, readonly Permission[]>> = { admin: permissions, examiner, viewer, auditor }

/**
 * THE table of what a scope lets a token do (N3). None of them reaches members, tokens or the settings of storage, so that no limited token
 * makes a wider one.
 */
export const scopePermissions: Readonly<Record<TokenScope, readonly Permission[]>> = {
  'case.read': ['case.read'],
  'case.write': ['case.read', 'case.write', 'case.delete'],
  'upload.read': ['file.read', 'file.download', 'class.read'],
  'upload.write': ['file.upload', 'class.read'],
  'upload.delete': ['file.delete'],
  'hold.read': ['hold.read'],
  'hold.write': ['hold.read', 'hold.write'],
  'webhook.read': ['webhook.read'],
  'webhook.write': ['webhook.read', 'webhook.write'],
  'audit.read': ['audit.read'],
  'storage.read': ['target.read', 'job.read'],
}

/** Who may do something: a role and, for a limited token, the scopes that it is limited to. */
export type Standing = { readonly role: RoleName; readonly scopes?: readonly TokenScope[] }

export const mayDo = (role: RoleName, permission: Permission): boolean => rolePermissions[role].includes(permission)

export const permissionsOf = ({ role, scopes }: Standing): readonly Permission[] =>
  scopes === undefined
    ? rolePermissions[role]
    : rolePermissions[role].filter((permission) => scopes.some((scope) => scopePermissions[scope].includes(permission)))
