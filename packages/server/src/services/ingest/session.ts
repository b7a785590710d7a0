import { Problem, UPLOAD_IDLE_SECONDS } from '@holdfast/api'
import { createFloeCipher, type FloeCipher } from '@holdfast/container/node'
import type { Caller } from '../../core/actor.ts'
import { containerAad } from '../../core/object-keys.ts'
import type { Store } from '../../db/store.ts'
import type { UploadView } from '../../db/uploads.ts'
import type { KeyHierarchy } from '../../keys/hierarchy.ts'
import { existing } from '../caller.ts'

export const uploadNotFound = (): Problem => new Problem('NOT_FOUND', 'There is no such upload.')

export const uploadClosed = (upload: Pick<UploadView, 'status'>): Problem =>
  new Problem('UPLOAD_CLOSED', `This upload is ${upload.status === 'completing' ? 'being completed' : upload.status}.`, {
    extra: { uploadStatus: upload.status },
  })

export async function getUpload(store: Store, caller: Caller, uploadId: string): Promise<UploadView> {
  const upload = await store.read.uploads.find(caller.tenantId, uploadId)
  // Those of objects have an API of their own, with checks of its own.
  return existing(upload?.policy === null ? upload : null, 'upload')
}

/** Only who began an upload adds bytes to it, so that "uploaded by" is true of every byte. */
export function requireOwner(caller: Caller, upload: UploadView): void {
  if (caller.actor.id !== upload.actorId) throw new Problem('FORBIDDEN', 'Only the person or token that began an upload can go on with it.')
}

/** When an upload that is touched at `now` expires. */
export const expiryFrom = (now: number): number => now + UPLOAD_IDLE_SECONDS * 1000

type SealedFile = {
  readonly tenantId: string
  readonly fileId: string
  readonly entityKeyId: string | null
  readonly wrappedKey: Uint8Array | null
}

/** The cipher of a file's container, from its wrapped key and its header. The file key itself is cleared at once. */
export async function openCipher(keys: KeyHierarchy, file: SealedFile, header: Uint8Array): Promise<FloeCipher> {
  const { tenantId, fileId, entityKeyId, wrappedKey } = file
  if (entityKeyId === null || wrappedKey === null) throw new Problem('NOT_FOUND', 'The key of this file was destroyed.')
  const fileKey = await keys.openFileKey({ tenantId, entityKeyId, fileId, wrapped: wrappedKey })
  try {
    return createFloeCipher({ fileKey, aad: containerAad({ tenantId, fileId }), header })
  } finally {
    fileKey.fill(0)
  }
}
