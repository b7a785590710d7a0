import type { File as StoredFile, StoredObject } from '@holdfast/api'
import {
  blobSource,
  type Client,
  endpointsAt,
  type ObjectEndpoints,
  type ObjectRun,
  percentOf,
  startObjectUpload,
  startUpload,
  type UploadDestination,
  type UploadRun,
  type UploadState,
} from '@holdfast/client'
import { useCallback, useEffect, useRef, useState } from 'react'

export type UploadFileState = 'idle' | 'initiating' | 'uploading' | 'completing' | 'done' | 'error'
export type UploadFileProgress = { readonly loaded: number; readonly total: number; readonly percentage: number }

/** `Place` is where the file goes: into a case, or whatever the app's endpoints want to know. It is left out where they want nothing. */
export type UploadFile<Place extends object, F> = {
  /**
   * Begins. While another upload of this hook runs, that one is cancelled, and what it still answers is ignored. Resolves with its end:
   * `ready` with the file, `error` or `cancelled`; never rejects.
   */
  readonly upload: (file: File, ...place: object extends Place ? [Place?] : [Place]) => Promise<UploadState<F>>
  /** Stops the upload in whatever phase it is; resolves when nothing of it is left, or with `done` where it came too late. */
  readonly cancel: () => Promise<void>
  readonly state: UploadFileState
  readonly progress: UploadFileProgress
  /** The full state behind the six names; null before the first upload. */
  readonly detail: UploadState<F> | null
}

type AnyState = UploadState<StoredFile> | UploadState<StoredObject>
type AnyShown = { readonly state: UploadFileState; readonly progress: UploadFileProgress; readonly detail: AnyState | null }

const names: Readonly<Record<Exclude<UploadState['phase'], 'waiting'>, UploadFileState>> = {
  queued: 'initiating',
  'needs-file': 'idle',
  'verifying-local': 'initiating',
  uploading: 'uploading',
  hashing: 'completing',
  completing: 'completing',
  verifying: 'completing',
  cancelling: 'idle',
  cancelled: 'idle',
  ready: 'done',
  error: 'error',
}
const nothing: UploadFileProgress = { loaded: 0, total: 0, percentage: 0 }
const idle: AnyShown = { state: 'idle', progress: nothing, detail: null }

/** What follows `before`: a wait leaves the name of the step that waits, and bytes that have arrived stay counted. */
function next(before: AnyShown, detail: AnyState, total: number): AnyShown {
  const state = detail.phase === 'waiting' ? before.state : names[detail.phase]
  if (state === 'idle') return { state, progress: nothing, detail }
  if (detail.phase === 'ready') return { state, progress: { loaded: total, total, percentage: 100 }, detail }
  if (detail.phase !== 'uploading' && detail.phase !== 'waiting') return { state, progress: before.progress, detail }
  return { state, progress: { loaded: detail.loaded, total, percentage: percentOf(detail) ?? 0 }, detail }
}

type Common = 'getState' | 'cancel' | 'abandon' | 'done'
type AnyRun = Pick<UploadRun, Common> | Pick<ObjectRun, Common>
type Beginning = { readonly file: File; readonly place: object | undefined; readonly onState: (state: AnyState) => void }

/** The overloads of the hook see to it that `place` is what `to` wants. */
function begin(to: Client | ObjectEndpoints, { file, place, onState }: Beginning): AnyRun {
  if ('initiate' in to) return startObjectUpload({ ...to, file, ...(place === undefined ? {} : { place }), onState })
  return startUpload({ client: to, source: blobSource(file), destination: place as UploadDestination, onState })
}

const ownBackend = endpointsAt()

/**
 * One upload of a component's own: through the app's backend (`/api/uploads` where `to` is left out), or into a case with a client of
 * Holdfast. A component that goes away lets go of its upload: nothing more is sent, and what was completed stays.
 */
export function useUploadFile(to: Client): UploadFile<UploadDestination, StoredFile>
export function useUploadFile<Place extends object = object>(to?: ObjectEndpoints<Place>): UploadFile<Place, StoredObject>
export function useUploadFile(to: Client | ObjectEndpoints = ownBackend): unknown {
  const [shown, setShown] = useState<AnyShown>(idle)
  const current = useRef<AnyRun | null>(null)
  const turn = useRef(0)

  const cancel = useCallback(async (): Promise<void> => {
    await current.current?.cancel()
  }, [])

  const upload = useCallback(
    (file: File, place?: object): Promise<AnyState> => {
      turn.current += 1
      const mine = turn.current
      void current.current?.cancel()
      const show = (state: AnyState): void => {
        if (turn.current === mine) setShown((before) => next(before, state, file.size))
      }
      setShown({ ...idle, progress: { ...nothing, total: file.size } })
      const run = begin(to, { file, place, onState: show })
      current.current = run
      show(run.getState())
      return run.done
    },
    [to],
  )

  useEffect(() => () => current.current?.abandon(), [])
  return { upload, cancel, ...shown }
}
