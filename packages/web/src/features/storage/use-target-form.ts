import type { TargetTestResult } from '@holdfast/api'
import { type UseFormReturnType, useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { keys } from '../../app/query-keys.ts'
import { useClient } from '../../app/services.tsx'
import type { RemoteKind } from '../../ui/target-kinds.ts'
import { useRefresh } from '../../ui/use-refresh.ts'
import { addressProblems, commonProblems, type FieldProblems, placeErrors } from './target-checks.ts'
import { type TargetValues, toCredentials, toPlace } from './target-fields.ts'

export type TargetFormSetup = {
  readonly kind: RemoteKind
  readonly initial: TargetValues
  /** Of the target that is edited: its secrets are kept where none are typed, and its place stays. */
  readonly targetId: string | null
  /** Whether secrets are kept for it. */
  readonly stored: boolean
  readonly onSave: (values: TargetValues) => Promise<unknown>
}

export type TargetForm = UseFormReturnType<TargetValues>

const hostKeyMissing = 'Test the connection first and compare the fingerprint that it shows.'

function problemsOf({ kind, stored }: TargetFormSetup, values: TargetValues): FieldProblems {
  const unchecked = kind === 'sftp' && values.hostKey === '' ? { hostKey: hostKeyMissing } : {}
  return { ...commonProblems(values), ...addressProblems(kind, values, { stored }), ...unchecked }
}

/** Puts refusals beside their inputs and the cursor into the first of them. */
function show(form: TargetForm, fields: FieldProblems): void {
  form.setErrors(fields)
  const first = Object.keys(fields)[0]
  if (first) window.setTimeout(() => form.getInputNode(first)?.focus())
}

export type Tried = {
  readonly address: string
  readonly server: string
  /** Only the host key was asked for, since nobody has compared it yet; no secret was sent (T5). */
  readonly keyOnly: boolean
  readonly result: TargetTestResult
}

/** What a host key belongs to. */
export const serverText = ({ host, port }: TargetValues): string => `${host.trim()}:${port}`

/** What a test was made with, so that it is plain whether the fields are still those. */
export function addressText(kind: RemoteKind, values: TargetValues): string {
  return JSON.stringify([toPlace(kind, { ...values, hostKey: '' }), toCredentials(kind, values) ?? values.access])
}

/** Tries the fields as they are, and stops trying when the page is left. */
function useTry(setup: TargetFormSetup, form: TargetForm) {
  const client = useClient()
  const refresh = useRefresh()
  const running = useRef<AbortController | null>(null)
  useEffect(() => () => running.current?.abort(), [])
  const run = useMutation({
    mutationFn: async (values: TargetValues): Promise<Tried> => {
      running.current = new AbortController()
      const { kind, targetId } = setup
      const credentials = toCredentials(kind, values)
      const fields = { kind, place: toPlace(kind, values), ...(credentials === undefined ? {} : { credentials }) }
      const result = await client.targets.tryOut({ ...fields, ...(targetId ? { targetId } : {}) }, { signal: running.current.signal })
      const keyOnly = kind === 'sftp' && values.hostKey === '' && result.hostKey !== null
      return { address: addressText(kind, values), server: serverText(values), keyOnly, result }
    },
    onError: (error) => show(form, placeErrors(error).fields),
    onSettled: () => refresh(keys.audit),
  })
  const start = () => {
    const problems = addressProblems(setup.kind, form.getValues(), setup)
    show(form, problems)
    if (Object.keys(problems).length === 0) run.mutate(form.getValues())
  }
  return { start, stop: () => running.current?.abort(), pending: run.isPending, error: run.error, tried: run.data }
}

/** State of the form of a target: its fields, the test of them, and saving. */
export function useTargetForm(setup: TargetFormSetup) {
  const form = useForm<TargetValues>({ initialValues: setup.initial, validate: (values) => problemsOf(setup, values) })
  // Another server has another key.
  form.watch('host', () => form.setFieldValue('hostKey', ''))
  form.watch('port', () => form.setFieldValue('hostKey', ''))
  const trying = useTry(setup, form)
  const save = useMutation({
    mutationFn: setup.onSave,
    onError: (error) => show(form, placeErrors(error).fields),
  })
  const submit = form.onSubmit(
    (values) => save.mutate(values),
    (errors) => show(form, errors as FieldProblems),
  )
  return { form, trying, save, submit }
}
export type TargetFormState = ReturnType<typeof useTargetForm>
