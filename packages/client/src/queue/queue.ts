import type { UploadQueue, UploadQueueOptions } from './types.ts'
export declare function createUploadQueue(options: UploadQueueOptions): UploadQueue
