import type { QueueState, UploadQueue } from '@holdfast/client'
import { useSyncExternalStore } from 'react'

export { type UploadFile, type UploadFileProgress, type UploadFileState, useUploadFile } from './use-upload-file.ts'

/** The rows of a queue; renders again when they change, for progress at most ten times a second. */
export const useUploadQueue = (queue: UploadQueue): QueueState => useSyncExternalStore(queue.subscribe, queue.getState, queue.getState)
