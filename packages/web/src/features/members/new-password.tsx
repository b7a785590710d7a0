import type { Member } from '@holdfast/api'
import { Button, Modal, Stack, Text } from '@mantine/core'
import { useForm } from '@mantine/form'
import { notifications } from '@mantine/notifications'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { keys } from '../../app/query-keys.ts'
import { useClient } from '../../app/services.tsx'
import { FormActions, FormProblem, PasswordField } from '../../ui/form-parts.tsx'
import { placeProblem, toFirstProblem } from '../../ui/form-problem.ts'
import { useRefresh } from '../../ui/use-refresh.ts'

/** For somebody who forgot theirs, or whose password somebody else may know. */
export function NewPassword({ member }: { member: Member }) {
  const [opened, setOpened] = useState(false)
  const close = () => setOpened(false)
  return (
    <>
      <Button size="compact-sm" variant="default" aria-label={`New password for ${member.name}`} onClick={() => setOpened(true)}>
        New password
      </Button>
      <Modal opened={opened} onClose={close} title={`New password for ${member.name}`}>
        {opened ? <NewPasswordForm member={member} onClose={close} /> : null}
      </Modal>
    </>
  )
}

function useNewPassword(member: Member, onClose: () => void) {
  const client = useClient()
  const refresh = useRefresh()
  const form = useForm({
    initialValues: { password: '' },
    validate: { password: (value) => (value.length >= 10 ? null : 'Use at least 10 characters.') },
  })
  const save = useMutation({
    mutationFn: (values: { password: string }) => client.members.update(member.userId, values),
    onSuccess: () => {
      void refresh(keys.members, keys.audit)
      notifications.show({ title: 'Password set', message: `${member.name} signs in with the new password from now on.` })
      onClose()
    },
    onError: (error) => placeProblem(form, error),
  })
  return { form, save }
}

function NewPasswordForm({ member, onClose }: { member: Member; onClose: () => void }) {
  const { form, save } = useNewPassword(member, onClose)
  return (
    <form onSubmit={form.onSubmit((values) => save.mutate(values), toFirstProblem)} noValidate autoComplete="off">
      <Stack gap="md">
        <FormProblem error={save.error} errors={form.errors} />
        <Text size="sm">The old password stops working, and {member.name} is signed out everywhere. API tokens stay as they are.</Text>
        <PasswordField
          label="New password"
          description="Hand it over in person. At least 10 characters."
          required
          maxLength={128}
          autoComplete="new-password"
          data-autofocus
          {...form.getInputProps('password')}
        />
        <FormActions label="Set password" pending={save.isPending} onCancel={onClose} />
      </Stack>
    </form>
  )
}
