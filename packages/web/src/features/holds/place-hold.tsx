import type { Hold } from '@holdfast/api'
import { Modal, Radio, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { type UseFormReturnType, useForm } from '@mantine/form'
import { notifications } from '@mantine/notifications'
import { useMutation } from '@tanstack/react-query'
import { CaseSelect } from '../../app/case-select.tsx'
import { heldKeys } from '../../app/query-keys.ts'
import { useClient } from '../../app/services.tsx'
import { FormActions, FormProblem } from '../../ui/form-parts.tsx'
import { placeProblem, toFirstProblem } from '../../ui/form-problem.ts'
import { useRefresh } from '../../ui/use-refresh.ts'
import { visibleName } from '../../ui/visible-name.ts'
import { holdScopeNames, type PlaceValues, placeFaults, scopeWords, toHoldCreate } from './hold-words.ts'

/** What is to be held where the page knows it already; `name` is what people call it. */
export type HeldThing = { readonly name: string } & (
  | { readonly scope: 'file'; readonly fileId: string }
  | { readonly scope: 'case'; readonly caseId: string }
)

type PlaceHoldProps = { readonly on?: HeldThing; readonly opened: boolean; readonly onClose: () => void }

export function PlaceHold(props: PlaceHoldProps) {
  return (
    <Modal opened={props.opened} onClose={props.onClose} title="Place a legal hold">
      {props.opened ? <PlaceForm {...props} /> : null}
    </Modal>
  )
}

const nothing: PlaceValues = { scope: 'case', caseId: '', fileId: '', ownerEntityType: '', ownerEntityId: '', reason: '' }

function usePlace({ on, onClose }: PlaceHoldProps) {
  const client = useClient()
  const refresh = useRefresh()
  const form = useForm<PlaceValues>({ initialValues: { ...nothing, ...(on ? { ...on } : {}) }, validate: placeFaults })
  const place = useMutation({
    mutationFn: (values: PlaceValues) => client.holds.place(toHoldCreate(values)),
    onSuccess: (hold) => {
      onClose()
      notifications.show({ title: 'Hold placed', message: `“${visibleName(hold.subject)}” can't be deleted until it is released.` })
    },
    onError: (error, { scope }) => placeProblem(form, error, scope === 'file' ? { NOT_FOUND: 'fileId' } : {}),
    onSettled: () => refresh(...heldKeys),
  })
  return { form, place }
}

function PlaceForm(props: PlaceHoldProps) {
  const { form, place } = usePlace(props)
  return (
    <form onSubmit={form.onSubmit((values) => place.mutate(values), toFirstProblem)} noValidate>
      <Stack gap="md">
        <FormProblem error={place.error} errors={form.errors} />
        {props.on ? (
          <Text size="sm">
            Until it is released, nothing deletes <strong style={{ overflowWrap: 'anywhere' }}>{visibleName(props.on.name)}</strong>
            {props.on.scope === 'case' ? ' or anything in it' : ''}: no person, no retention, no clean-up.
          </Text>
        ) : (
          <Subject form={form} />
        )}
        <Textarea
          label="Reason"
          description="Kept in the audit log with your name."
          placeholder="Litigation 4/26, letter of 12 January"
          required
          autosize
          minRows={2}
          maxLength={2000}
          {...(props.on ? { 'data-autofocus': true } : {})}
          {...form.getInputProps('reason')}
        />
        <FormActions label="Place hold" pending={place.isPending} onCancel={props.onClose} />
      </Stack>
    </form>
  )
}

/** What to hold, where the page does not know it. */
function Subject({ form }: { form: UseFormReturnType<PlaceValues> }) {
  const { scope, caseId } = form.values
  return (
    <>
      <Radio.Group label="Hold on" value={scope} onChange={(value) => form.setFieldValue('scope', value as Hold['scope'])}>
        <Stack gap="xs" mt={6}>
          {holdScopeNames.map((one) => (
            <Radio key={one} value={one} label={scopeWords[one].label} description={scopeWords[one].explain} />
          ))}
        </Stack>
      </Radio.Group>
      {scope === 'case' ? (
        <CaseSelect
          label="Case"
          placeholder="Number or title"
          caseId={caseId || undefined}
          onCase={(id) => form.setFieldValue('caseId', id ?? '')}
          error={form.errors.caseId}
        />
      ) : null}
      {scope === 'file' ? (
        <TextInput label="File id" required autoComplete="off" spellCheck={false} maxLength={64} {...form.getInputProps('fileId')} />
      ) : null}
      {scope === 'owner' ? (
        <>
          <TextInput label="Owner type" placeholder="User" required autoComplete="off" {...form.getInputProps('ownerEntityType')} />
          <TextInput label="Owner id" placeholder="usr_123" required autoComplete="off" {...form.getInputProps('ownerEntityId')} />
        </>
      ) : null}
    </>
  )
}
