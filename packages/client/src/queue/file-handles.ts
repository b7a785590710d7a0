import { createStore, del, get, set, type UseStore } from 'idb-keyval'

/** A file that the browser can open again after a reload, once the person allows it (File System Access). */
export type RememberedFile = FileSystemFileHandle & {
  /** Asks the person; only in answer to a click or a key. Missing where the browser needs no asking. */
  requestPermission?(descriptor: { mode: 'read' }): Promise<PermissionState>
}

/** Which file on this machine an upload is of, beyond a reload. A convenience: nothing here throws. */
export interface FileHandles {
  keep(uploadId: string, handle: RememberedFile): Promise<void>
  find(uploadId: string): Promise<RememberedFile | null>
  forget(uploadId: string): Promise<void>
}

const none: FileHandles = { keep: async () => {}, find: async () => null, forget: async () => {} }

/** In IndexedDB, where the browser has file handles; elsewhere nothing is remembered. Holds no bytes of any file. */
export function browserFileHandles(): FileHandles {
  if (typeof FileSystemFileHandle === 'undefined' || typeof indexedDB === 'undefined') return none
  let opened: UseStore | undefined
  const store = () => {
    opened ??= createStore('holdfast-uploads', 'files')
    return opened
  }
  return {
    keep: (uploadId, handle) => set(uploadId, handle, store()).catch(() => {}),
    find: async (uploadId) => (await get<RememberedFile>(uploadId, store()).catch(() => null)) ?? null,
    forget: (uploadId) => del(uploadId, store()).catch(() => {}),
  }
}

/** The file, or null where the person does not allow it. @throws NotFoundError where it was moved or deleted. */
export async function reopenFile(handle: RememberedFile): Promise<File | null> {
  const allowed = (await handle.requestPermission?.({ mode: 'read' })) ?? 'granted'
  return allowed === 'granted' ? handle.getFile() : null
}
