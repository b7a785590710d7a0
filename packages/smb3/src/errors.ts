/**
 * Why an SMB call failed.
 *
 * `dialect` no SMB 3 · `encryption` SMB 3 without a cipher we speak, or an answer in plaintext · `connect` no TCP connection ·
 * `sign-in` user, password or domain refused, or only as guest · `share` no such share · `not-found` · `exists` · `denied` ·
 * `full` · `name` the name cannot be stored · `busy` open elsewhere in a way that forbids this · `deleting` deleted, but still open somewhere · `not-empty` · `is-directory` ·
 * `end-of-file` · `timeout` · `closed` the connection is gone · `integrity` a message that was changed on its way ·
 * `protocol` an answer that breaks [MS-SMB2] · `server` any other status of the server.
 */
export type SmbFault =
  | 'dialect'
  | 'encryption'
  | 'connect'
  | 'sign-in'
  | 'share'
  | 'not-found'
  | 'exists'
  | 'denied'
  | 'full'
  | 'name'
  | 'busy'
  | 'deleting'
  | 'not-empty'
  | 'is-directory'
  | 'end-of-file'
  | 'timeout'
  | 'closed'
  | 'integrity'
  | 'protocol'
  | 'server'

/** Every rejection of this package. `status` is the server's NTSTATUS where there is one. The message never holds a password. */
export class SmbError extends Error {
  readonly fault: SmbFault
  readonly status: number | null
  constructor(fault: SmbFault, message: string, options: { status?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'SmbError'
    this.fault = fault
    this.status = options.status ?? null
  }
}
