import type { RoleName } from '@holdfast/api'

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

export const mayDo = (role: RoleName, permission: Permission): boolean => rolePermissions[role].includes(permission)
