import type { ValidationResult } from './validator.ts'

/** To the worker: a file to judge, or the bytes that it asked for. One file at a time. */
export type ToValidationWorker =
  | { readonly kind: 'validate'; readonly size: number; readonly declaredType: string; readonly fileName: string }
  | { readonly kind: 'bytes'; readonly read: number; readonly bytes: Uint8Array }

/** From the worker: what it needs, or what it found. */
export type FromValidationWorker =
  | { readonly kind: 'read'; readonly read: number; readonly offset: number; readonly length: number }
  | { readonly kind: 'result'; readonly result: ValidationResult }
