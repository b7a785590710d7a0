import type { StorageRole, Target } from '@holdfast/api'

/** Each kind of storage target in words. */
export const kindWords: Record<Target['kind'], string> = {
  local: 'Disk of this server',
  s3: 'S3 bucket',
  smb: 'SMB share',
  sftp: 'SFTP server',
}

/** Kinds that an administrator adds: the target on this server's disk is there from the start. */
export const remoteKinds = ['s3', 'smb', 'sftp'] as const
export type RemoteKind = (typeof remoteKinds)[number]

/** For rows that name a target: "Local (disk of this server)". */
export function sayTarget(target: { readonly name: string; readonly kind: string; readonly removed: boolean }): string {
  if (target.removed) return `${target.name} (removed)`
  const words = Object.entries(kindWords).find(([kind]) => kind === target.kind)?.[1]
  return words ? `${target.name} (${words.replace('Disk', 'disk')})` : target.name
}

/** Each role of storage as people read it. */
export const storageRoleNames: Record<StorageRole, string> = {
  encrypted: 'Encrypted',
  direct: 'Direct',
  backup: 'Backup',
  objects: 'Objects',
}

/** Roles of newer servers are shown as they are. */
export const sayStorageRole = (role: string): string => Object.entries(storageRoleNames).find(([name]) => name === role)?.[1] ?? role
