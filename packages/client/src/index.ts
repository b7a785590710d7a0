export type * from './calls/audit.ts'
export type * from './calls/cases.ts'
export type * from './calls/direct.ts'
export type * from './calls/evidence.ts'
export type * from './calls/files.ts'
export type * from './calls/holds.ts'
export type * from './calls/objects.ts'
export type * from './calls/people.ts'
export type * from './calls/storage.ts'
export type * from './calls/uploads.ts'
export type * from './calls/webhooks.ts'
export { type Client, createClient } from './client.ts'
export type { CallOptions, ClientOptions, FetchFunction, Http } from './http.ts'
export {
  type EndpointOptions,
  endpointsAt,
  type FileFacts,
  type ObjectEndpoints,
  type ObjectPlace,
  objectEndpoints,
} from './objects/endpoints.ts'
export { type ObjectRequest, type ObjectRun, startObjectUpload } from './objects/object-run.ts'
export { everyItem } from './pages.ts'
export { ApiProblem, NetworkProblem } from './problem.ts'
export { browserFileHandles, type FileHandles, type RememberedFile } from './queue/file-handles.ts'
export { createUploadQueue } from './queue/queue.ts'
export type * from './queue/types.ts'
export { blobSource } from './upload/blob-source.ts'
export { startUpload, type UploadRequest, type UploadRun } from './upload/run.ts'
export type * from './upload/source.ts'
export {
  isFinal,
  percentOf,
  phaseMayBecome,
  UploadError,
  type UploadErrorCode,
  type UploadPhase,
  type UploadState,
  type WaitReason,
} from './upload/state.ts'
export type { UploadTuning } from './upload/tuning.ts'
