import {
  blobSource,
  type Client,
  percentOf,
  type QueueState,
  startUpload,
  type UploadDestination,
  type UploadQueue,
  type UploadRun,
  type UploadState,
} from '@holdfast/client'
import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react'

/** The rows of a queue; renders again when they change, for progress at most ten times a second. */
export const useUploadQueue = (queue: UploadQueue): QueueState => useSyncExternalStore(queue.subscribe, queue.getState, queue.getState)

export type UploadFileState = 'idle' | 'initiating' | 'uploading' | 'completing' | 'done' | 'error'
export type UploadFileProgress = { readonly loaded: number; readonly total: number; readonly percentage: number }

const names: Readonly<Record<UploadState['phase'], UploadFileState>> = {
  queued: 'initiating',
  'needs-file': 'idle',
  'verifying-local': 'initiating',
  uploading: 'uploading',
  waiting: 'uploading',
  hashing: 'completing',
  completing: 'completing',
  verifying: 'completing',
  cancelling: 'idle',
  cancelled: 'idle',
  ready: 'done',
  error: 'error',
}

/**
 * One upload of a component's own. `upload` while another runs cancels that one; what it still answers is ignored.
 * `detail` is the full state behind the six names; it is null before the first upload.
 */
export function useUploadFile(client: Client) {
  const [detail, setDetail] = useState<UploadState | null>(null)
  const [progress, setProgress] = useState<UploadFileProgress>({ loaded: 0, total: 0, percentage: 0 })
  const current = useRef<UploadRun | null>(null)

  const cancel = useCallback(async (): Promise<void> => {
    await current.current?.cancel()
  }, [])

  const upload = useCallback(
    (file: File, destination: UploadDestination): Promise<UploadState> => {
      void current.current?.cancel()
      const run = startUpload({ client, source: blobSource(file), destination, onState: (state) => current.current === run && show(state) })
      const show = (state: UploadState) => {
        setDetail(state)
        if (state.phase !== 'uploading' && state.phase !== 'waiting' && state.phase !== 'ready') return
        const loaded = state.phase === 'ready' ? file.size : state.loaded
        setProgress({ loaded, total: file.size, percentage: percentOf(state) ?? 0 })
      }
      current.current = run
      show(run.getState())
      return run.done
    },
    [client],
  )

  useEffect(() => () => current.current?.abandon(), [])
  return { upload, cancel, state: detail === null ? 'idle' : names[detail.phase], progress, detail } as const
}
