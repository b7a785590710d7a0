import type { ValidationReason } from './validator.ts'

/** A file can be wrong in a million places; a person needs the first few. */
export const MAX_REASONS = 20

const LONGEST_NAME = 80

export const reason = (code: string, message: string, at: string | null = null): ValidationReason => ({ code, message, at })

/** `text` out of the file as it may stand in a message: short, without control characters and marks that turn text around. */
export const shown = (text: string): string => {
  const clean = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '\u{fffd}')
  return clean.length > LONGEST_NAME ? `${clean.slice(0, LONGEST_NAME)}…` : clean
}

const MEBIBYTE = 1024 * 1024

/** Limits are whole mebibytes, and files are told against them. */
export const mebibytes = (bytes: number): string => `${Math.ceil(bytes / MEBIBYTE)} MiB`

/** The reason where a file could not be judged. It counts as refused: what nobody looked at is not valid. */
export const notValidated = (why: string): ValidationReason =>
  reason('not-validated', `The file could not be validated: ${why}. Save it anew from the program that made it and upload it again.`)
