import type { Target } from '@holdfast/api'
import { Modal, NumberInput, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import { keys } from '../../app/query-keys.ts'
import { useClient } from '../../app/services.tsx'
import { FormActions, FormProblem } from '../../ui/form-parts.tsx'
import { placeProblem } from '../../ui/form-problem.ts'
import { formatBytes } from '../../ui/format.ts'
import { Notice } from '../../ui/notice.tsx'
import { useRefresh } from '../../ui/use-refresh.ts'
import { quotaToBytes, quotaToGigabytes } from './target-words.ts'

type EditTargetProps = { readonly target: Target; readonly opened: boolean; readonly onClose: () => void }

export function EditTarget(props: EditTargetProps) {
  return (
    <Modal opened={props.opened} onClose={props.onClose} title={`Edit ${props.target.name}`}>
      {props.opened ? <EditTargetForm {...props} /> : null}
    </Modal>
  )
}

type Values = { name: string; quotaBytes: number | '' }

function useEditTarget(target: Target, onClose: () => void) {
  const client = useClient()
  const refresh = useRefresh()
  const form = useForm<Values>({
    initialValues: { name: target.name, quotaBytes: quotaToGigabytes(target.quotaBytes) },
    validate: {
      name: (value) => (value.trim() ? null : 'Enter a name.'),
      quotaBytes: (value) => (value === '' || value > 0 ? null : 'Enter a size above 0, or leave it empty for no quota.'),
    },
  })
  const save = useMutation({
    mutationFn: (values: Values) =>
      client.targets.update(
        target.id,
        // A quota that was not touched goes out unrounded, which is not at all.
        { name: values.name.trim(), ...(form.isDirty('quotaBytes') ? { quotaBytes: quotaToBytes(values.quotaBytes) } : {}) },
        { ifVersion: target.version },
      ),
    onSuccess: onClose,
    onError: (error) => placeProblem(form, error, { CONFLICT: 'name' }),
    onSettled: () => refresh(keys.targets, keys.roles, keys.audit),
  })
  return { form, save }
}

function EditTargetForm({ target, onClose }: EditTargetProps) {
  const { form, save } = useEditTarget(target, onClose)
  const quota = quotaToBytes(form.values.quotaBytes)
  return (
    <form onSubmit={form.onSubmit((values) => save.mutate(values))} noValidate>
      <Stack gap="md">
        <FormProblem error={save.error} errors={form.errors} />
        <TextInput label="Name" required maxLength={200} data-autofocus {...form.getInputProps('name')} />
        <NumberInput
          label="Quota in GB"
          description="The most that Holdfast stores here. Empty for no quota."
          min={0}
          decimalScale={3}
          thousandSeparator
          suffix=" GB"
          hideControls
          {...form.getInputProps('quotaBytes')}
          onChange={(value) => form.setFieldValue('quotaBytes', value === '' ? '' : Number(value))}
        />
        {quota !== null && quota < target.usedBytes + target.reservedBytes ? (
          <Notice tone="attention" live title="Below what is stored already">
            {formatBytes(target.usedBytes + target.reservedBytes)} are stored or reserved. Files stay readable; new ones are refused until
            there is room.
          </Notice>
        ) : null}
        <FormActions label="Save changes" pending={save.isPending} onCancel={onClose} />
      </Stack>
    </form>
  )
}
