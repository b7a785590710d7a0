import { SmbError, type SmbFault } from './errors.ts'

/** The NTSTATUS values ([MS-ERREF] §2.3.1) that this client acts on or explains. */
export const status = {
  success: 0x00000000,
  pending: 0x00000103,
  moreProcessing: 0xc0000016,
  noMoreFiles: 0x80000006,
  endOfFile: 0xc0000011,
} as const

const meanings: ReadonlyMap<number, readonly [SmbFault, string]> = new Map([
  [0xc000006d, ['sign-in', 'the user name or password is wrong']],
  [0xc000006e, ['sign-in', 'the account is restricted']],
  [0xc000006f, ['sign-in', 'the account may not sign in at this hour']],
  [0xc0000070, ['sign-in', 'the account may not sign in from here']],
  [0xc0000071, ['sign-in', 'the password has expired']],
  [0xc0000072, ['sign-in', 'the account is disabled']],
  [0xc0000224, ['sign-in', 'the password must be changed first']],
  [0xc0000234, ['sign-in', 'the account is locked']],
  [0xc000015b, ['sign-in', 'the account may not sign in over the network']],
  [0xc000005e, ['sign-in', 'the server cannot reach its domain controller']],
  [0xc00000cc, ['share', 'there is no share of this name']],
  [0xc0000022, ['denied', 'permission is missing']],
  [0xc00000a2, ['denied', 'the share is read-only']],
  [0xc0000121, ['denied', 'the file cannot be deleted']],
  [0xc000000f, ['not-found', 'there is no such file']],
  [0xc0000034, ['not-found', 'there is no such file']],
  [0xc000003a, ['not-found', 'there is no such folder']],
  [0xc0000103, ['not-found', 'a part of the path is not a folder']],
  [0xc0000035, ['exists', 'something of this name exists']],
  [0xc000007f, ['full', 'the disk of the server is full']],
  [0xc0000044, ['full', 'the quota on the server is used up']],
  [0xc0000033, ['name', 'the server does not take this name']],
  [0xc0000039, ['name', 'the server does not take this path']],
  [0xc000003b, ['name', 'the server does not take this path']],
  [0xc0000043, ['busy', 'the file is open elsewhere']],
  [0xc0000054, ['busy', 'the file is locked elsewhere']],
  [0xc0000056, ['deleting', 'the file is being deleted']],
  [0xc0000101, ['not-empty', 'the folder is not empty']],
  [0xc00000ba, ['is-directory', 'this is a folder']],
  [status.endOfFile, ['end-of-file', 'the file ends before that offset']],
  [0xc000035c, ['closed', 'the session has expired']],
  [0xc0000203, ['closed', 'the session was ended by the server']],
  [0xc00000c9, ['closed', 'the share was taken away']],
  [0xc000020c, ['closed', 'the server closed the connection']],
  [0xc0000128, ['closed', 'the file is no longer open']],
])

/** The error for an answer with `code` to what `doing` names, e.g. "write to a.bin". */
export function statusError(code: number, doing: string): SmbError {
  const [fault, meaning] = meanings.get(code) ?? (['server', 'the server answered with an error'] as const)
  return new SmbError(fault, `Could not ${doing}: ${meaning} (status 0x${code.toString(16).padStart(8, '0')}).`, { status: code })
}
