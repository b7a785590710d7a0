import type { FieldError, TargetTest, TargetTestResult } from '@holdfast/api'
import type { Clock } from '../core/clock.ts'
import type { Store } from '../db/store.ts'
import type { Place, TargetKind, TargetRow } from '../db/targets.ts'
import type { CredentialSealer, Credentials } from '../keys/sealed-credentials.ts'

/** The fields of a target with its secrets in the open; never kept, logged or answered. */
export type OpenAddress = { readonly kind: TargetKind; readonly place: Place; readonly credentials: Credentials | null }

export type TryOptions = {
  readonly signal?: AbortSignal | undefined
  /** The web origin whose browsers are to send parts straight to the target, null where it is not known. */
  readonly origin: string | null
}

/** What needs the drivers; app.ts provides it. */
export interface TargetBackends {
  /** What is wrong with the fields of a target; empty where nothing is. It repeats no value. */
  check(address: OpenAddress): FieldError[]
  /**
   * Why no target may lie at this address, e.g. since it is the metadata service of the cloud; null where one may, or where the name
   * cannot be looked up now: each connection asks again.
   */
  refuse(address: OpenAddress, signal?: AbortSignal): Promise<FieldError | null>
  /** The real round trip of Test connection (T6). Resolves with the failed step rather than rejecting. */
  test(target: TargetRow, options: TryOptions): Promise<TargetTestResult>
  /** As `test`, for fields that were not saved. */
  tryOut(address: OpenAddress, options: TryOptions): Promise<TargetTestResult>
  /** Sends a small file the way that those of Direct go, step by step (R3). Resolves with the failed step rather than rejecting. */
  testDirect(target: TargetRow, options: TryOptions & { readonly origin: string; readonly prefix: string }): Promise<TargetTest>
  /** Bytes that can still be written there, null where it is not known or does not answer soon. */
  freeBytes(target: TargetRow, signal?: AbortSignal): Promise<number | null>
}

export type TargetDeps = {
  readonly store: Store
  readonly clock: Clock
  readonly backends: TargetBackends
  readonly credentials: CredentialSealer
  /** The origin that browsers see, where the operator has said it. */
  readonly publicUrl: string | null
}
