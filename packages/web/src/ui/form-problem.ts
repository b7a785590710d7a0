import { ApiProblem } from '@holdfast/client'
import type { FormEvent } from 'react'

type Form = {
  setErrors: (errors: Record<string, string>) => void
  getValues: () => Record<string, unknown>
  getInputNode?: (path: string) => HTMLElement | null
}

/**
 * Puts the fields that the server refused beside their inputs, and the cursor into the first of them. Answers whether the whole problem found its place;
 * where it did not, the form shows it as a whole. `byCode` names the field that a code is about (CONFLICT → number).
 */
export function placeProblem(form: Form, error: unknown, byCode: Partial<Record<string, string>> = {}): boolean {
  if (!(error instanceof ApiProblem)) return false
  const known = form.getValues()
  const placed: Record<string, string> = {}
  for (const { field, message } of error.errors) {
    const name = field.replace(/^\/?(body[./])?/, '')
    if (name in known) placed[name] = message
  }
  const named = byCode[error.code]
  if (named && !(named in placed)) placed[named] = error.detail
  if (Object.keys(placed).length === 0) return false
  form.setErrors(placed)
  const [first = ''] = Object.keys(placed)
  setTimeout(() => form.getInputNode?.(first)?.focus())
  return error.errors.length === 0 || error.errors.length <= Object.keys(placed).length
}

/** Puts the cursor into the first field that a form refused, once it says so; for `form.onSubmit` as what to do then. */
export function toFirstProblem(_errors: unknown, _values: unknown, event: FormEvent<HTMLFormElement> | undefined): void {
  const form = event?.currentTarget
  window.setTimeout(() => form?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus())
}
