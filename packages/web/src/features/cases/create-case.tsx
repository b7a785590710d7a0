import type { CaseCreate } from '@holdfast/api'
import { Modal, Stack, Textarea, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { keys } from '../../app/query-keys.ts'
import { useClient } from '../../app/services.tsx'
import { FormActions, FormProblem } from '../../ui/form-parts.tsx'
import { placeProblem, toFirstProblem } from '../../ui/form-problem.ts'
import { useRefresh } from '../../ui/use-refresh.ts'
import { caseNumberFault } from './case-number.ts'

export function CreateCase({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="New case">
      {opened ? <CreateCaseForm onClose={onClose} /> : null}
    </Modal>
  )
}

type Values = { number: string; title: string; description: string }

function useCreateCase(onClose: () => void) {
  const client = useClient()
  const navigate = useNavigate()
  const refresh = useRefresh()
  const form = useForm<Values>({
    mode: 'uncontrolled',
    initialValues: { number: '', title: '', description: '' },
    validateInputOnBlur: true,
    validate: { number: caseNumberFault, title: (value) => (value.trim() ? null : 'Enter a title.') },
  })
  const create = useMutation({
    mutationFn: ({ number, title, description }: Values) => {
      const body: CaseCreate = { number: number.trim(), title: title.trim() }
      return client.cases.create(description.trim() ? { ...body, description: description.trim() } : body)
    },
    onSuccess: async (made) => {
      void refresh(keys.cases, keys.audit)
      onClose()
      await navigate({ to: '/cases/$caseId', params: { caseId: made.id } })
    },
    onError: (error) => placeProblem(form, error, { CONFLICT: 'number' }),
  })
  return { form, create }
}

function CreateCaseForm({ onClose }: { onClose: () => void }) {
  const { form, create } = useCreateCase(onClose)
  return (
    <form onSubmit={form.onSubmit((values) => create.mutate(values), toFirstProblem)} noValidate>
      <Stack gap="md">
        <FormProblem error={create.error} errors={form.errors} />
        <TextInput
          label="Case number"
          description="Letters, digits, dot, dash and underscore. It never changes later."
          placeholder="CASE-2026-001"
          required
          maxLength={64}
          autoComplete="off"
          spellCheck={false}
          data-autofocus
          key={form.key('number')}
          {...form.getInputProps('number')}
        />
        <TextInput label="Title" required maxLength={300} autoComplete="off" key={form.key('title')} {...form.getInputProps('title')} />
        <Textarea
          label="Description"
          autosize
          minRows={2}
          maxRows={8}
          maxLength={10_000}
          key={form.key('description')}
          {...form.getInputProps('description')}
        />
        <FormActions label="Create case" pending={create.isPending} onCancel={onClose} />
      </Stack>
    </form>
  )
}
