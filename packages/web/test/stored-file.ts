import type { File as StoredFile } from '@holdfast/api'

/** A file as the API tells of it: sealed, proven, on this server's disk, but for what is given. */
export const storedFile = (some: Partial<StoredFile> = {}): StoredFile => ({
  ...{ id: 'f', caseId: 'c', itemId: null, tier: 'secure', name: 'disk.dd', contentType: 'application/octet-stream', size: 100 },
  ...{ status: 'READY', statusReason: null, syncing: false, syncTarget: null, sha256: null, declaredSha256: null, verifiedAt: null },
  ...{ target: { id: 't', name: 'Local', kind: 'local', removed: false }, uploadedBy: 'Ada', createdAt: '2026-01-15T12:00:00Z' },
  ...{ readyAt: null, uploadId: null, version: 1, hashState: 'none', diskSha256: null, atRest: null, discovered: false },
  ...{ missingSince: null, hashing: null, held: false },
  ...some,
})
