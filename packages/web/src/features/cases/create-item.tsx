import { Modal, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import { keys } from '../../app/query-keys.ts'
import { useClient } from '../../app/services.tsx'
import { FormActions, FormProblem } from '../../ui/form-parts.tsx'
import { placeProblem, toFirstProblem } from '../../ui/form-problem.ts'
import { useRefresh } from '../../ui/use-refresh.ts'

type CreateItemProps = { readonly caseId: string; readonly opened: boolean; readonly onClose: () => void }

export function CreateItem(props: CreateItemProps) {
  return (
    <Modal opened={props.opened} onClose={props.onClose} title="New evidence item">
      {props.opened ? <CreateItemForm {...props} /> : null}
    </Modal>
  )
}

function useCreateItem(caseId: string, onClose: () => void) {
  const client = useClient()
  const refresh = useRefresh()
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { label: '', title: '' },
    validateInputOnBlur: true,
    validate: {
      label: (value) => (value.trim() ? null : 'Enter the exhibit label.'),
      title: (value) => (value.trim() ? null : 'Enter a title.'),
    },
  })
  const create = useMutation({
    mutationFn: (values: { label: string; title: string }) =>
      client.items.create(caseId, { label: values.label.trim(), title: values.title.trim() }),
    onSuccess: () => {
      void refresh(keys.items, keys.audit)
      onClose()
    },
    onError: (error) => placeProblem(form, error, { CONFLICT: 'label' }),
  })
  return { form, create }
}

function CreateItemForm({ caseId, onClose }: CreateItemProps) {
  const { form, create } = useCreateItem(caseId, onClose)
  return (
    <form onSubmit={form.onSubmit((values) => create.mutate(values), toFirstProblem)} noValidate>
      <Stack gap="md">
        <FormProblem error={create.error} errors={form.errors} />
        <TextInput
          label="Label"
          description="The exhibit label, once in this case."
          placeholder="EX-01"
          required
          maxLength={64}
          autoComplete="off"
          data-autofocus
          key={form.key('label')}
          {...form.getInputProps('label')}
        />
        <TextInput label="Title" required maxLength={300} autoComplete="off" key={form.key('title')} {...form.getInputProps('title')} />
        <FormActions label="Create item" pending={create.isPending} onCancel={onClose} />
      </Stack>
    </form>
  )
}
