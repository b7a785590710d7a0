import { Button, Group, Modal, PasswordInput, Stack } from '@mantine/core'
import { useForm } from '@mantine/form'
import { notifications } from '@mantine/notifications'
import { useMutation } from '@tanstack/react-query'
import { useClient } from '../../app/services.tsx'
import { placeProblem } from '../../ui/form-problem.ts'
import { Failed } from '../../ui/states.tsx'

export function ChangePassword({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="Change password">
      {opened ? <ChangePasswordForm onClose={onClose} /> : null}
    </Modal>
  )
}

type Values = { currentPassword: string; newPassword: string }
const eye = { visibilityToggleButtonProps: { 'aria-label': 'Show or hide the password' } }

function ChangePasswordForm({ onClose }: { onClose: () => void }) {
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
  return (
    <form onSubmit={form.onSubmit((values) => change.mutate(values))} noValidate>
      <Stack gap="md">
        {change.isError && Object.keys(form.errors).length === 0 ? <Failed error={change.error} /> : null}
        <PasswordInput
          label="Current password"
          autoComplete="current-password"
          required
          data-autofocus
          {...eye}
          key={form.key('currentPassword')}
          {...form.getInputProps('currentPassword')}
        />
        <PasswordInput
          label="New password"
          description="At least 10 characters. A few random words are good."
          autoComplete="new-password"
          required
          maxLength={128}
          {...eye}
          key={form.key('newPassword')}
          {...form.getInputProps('newPassword')}
        />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={change.isPending}>
            Change password
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
