import type { Case } from '@holdfast/api'
import { Modal, Stack, Textarea, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import { keys } from '../../app/query-keys.ts'
import { useClient } from '../../app/services.tsx'
import { FormActions, FormProblem } from '../../ui/form-parts.tsx'
import { placeProblem, toFirstProblem } from '../../ui/form-problem.ts'
import { useRefresh } from '../../ui/use-refresh.ts'

type EditProps = { readonly shown: Case; readonly opened: boolean; readonly onClose: () => void }

export function EditCase(props: EditProps) {
  return (
    <Modal opened={props.opened} onClose={props.onClose} title={`Edit ${props.shown.number}`}>
      {props.opened ? <EditCaseForm {...props} /> : null}
    </Modal>
  )
}

function EditCaseForm({ shown, onClose }: EditProps) {
  const client = useClient()
  const refresh = useRefresh()
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { title: shown.title, description: shown.description },
    validate: { title: (value) => (value.trim() ? null : 'Enter a title.') },
  })
  const save = useMutation({
    mutationFn: (values: { title: string; description: string }) =>
      client.cases.update(shown.id, { title: values.title.trim(), description: values.description.trim() }, { ifVersion: shown.version }),
    onSuccess: onClose,
    onError: (error) => placeProblem(form, error),
    onSettled: () => refresh(keys.cases, keys.audit),
  })
  return (
    <form onSubmit={form.onSubmit((values) => save.mutate(values), toFirstProblem)} noValidate>
      <Stack gap="md">
        <FormProblem error={save.error} errors={form.errors} />
        <TextInput label="Title" required maxLength={300} data-autofocus key={form.key('title')} {...form.getInputProps('title')} />
        <Textarea
          label="Description"
          autosize
          minRows={3}
          maxRows={10}
          maxLength={10_000}
          key={form.key('description')}
          {...form.getInputProps('description')}
        />
        <FormActions label="Save changes" pending={save.isPending} onCancel={onClose} />
      </Stack>
    </form>
  )
}
