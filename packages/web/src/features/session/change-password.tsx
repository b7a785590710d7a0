import { Modal, Stack } from '@mantine/core'
import { useForm } from '@mantine/form'
import { notifications } from '@mantine/notifications'
import { useMutation } from '@tanstack/react-query'
import { useClient } from '../../app/services.tsx'
import { FormActions, FormProblem, PasswordField } from '../../ui/form-parts.tsx'
import { placeProblem, toFirstProblem } from '../../ui/form-problem.ts'

export function ChangePassword({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="Change password">
      {opened ? <ChangePasswordForm onClose={onClose} /> : null}
    </Modal>
  )
}

type Values = { currentPassword: string; newPassword: string }

function useChangePassword(onClose: () => void) {
  const client = useClient()
  const form = useForm<Values>({
    mode: 'uncontrolled',
    initialValues: { currentPassword: '', newPassword: '' },
    validate: {
      currentPassword: (value) => (value ? null : 'Enter the password that you have now.'),
      newPassword: (value) => (value.length >= 10 ? null : `Use at least 10 characters${value ? `; this has ${value.length}` : ''}.`),
    },
  })
  const change = useMutation({
    mutationFn: (body: Values) => client.http.json<void>({ method: 'POST', path: '/api/auth/change-password', body }),
    onSuccess: () => {
      notifications.show({ title: 'Password changed', message: 'You were signed out everywhere else.' })
      onClose()
    },
    onError: (error) => placeProblem(form, error, { CONFLICT: 'currentPassword' }),
  })
  return { form, change }
}

function ChangePasswordForm({ onClose }: { onClose: () => void }) {
  const { form, change } = useChangePassword(onClose)
  return (
    <form onSubmit={form.onSubmit((values) => change.mutate(values), toFirstProblem)} noValidate>
      <Stack gap="md">
        <FormProblem error={change.error} errors={form.errors} />
        <PasswordField
          label="Current password"
          autoComplete="current-password"
          required
          data-autofocus
          key={form.key('currentPassword')}
          {...form.getInputProps('currentPassword')}
        />
        <PasswordField
          label="New password"
          description="At least 10 characters. A few random words are good."
          autoComplete="new-password"
          required
          maxLength={128}
          key={form.key('newPassword')}
          {...form.getInputProps('newPassword')}
        />
        <FormActions label="Change password" pending={change.isPending} onCancel={onClose} />
      </Stack>
    </form>
  )
}
