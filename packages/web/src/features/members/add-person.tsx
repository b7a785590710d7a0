import type { Client } from '@holdfast/client'
import { Modal, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { notifications } from '@mantine/notifications'
import { useMutation } from '@tanstack/react-query'
import { keys } from '../../app/query-keys.ts'
import { useClient } from '../../app/services.tsx'
import { FormActions, FormProblem, PasswordField } from '../../ui/form-parts.tsx'
import { placeProblem, toFirstProblem } from '../../ui/form-problem.ts'
import { RoleRadios } from '../../ui/role-radios.tsx'
import { useRefresh } from '../../ui/use-refresh.ts'

type Values = Parameters<Client['members']['create']>[0]

export function AddPerson({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="Add person">
      {opened ? <AddPersonForm onClose={onClose} /> : null}
    </Modal>
  )
}

function useAddPerson(onClose: () => void) {
  const client = useClient()
  const refresh = useRefresh()
  const form = useForm<Values>({
    initialValues: { name: '', email: '', password: '', role: 'examiner' },
    validateInputOnBlur: ['name', 'email', 'password'],
    validate: {
      name: (value) => (value.trim() ? null : 'Enter a name.'),
      email: (value) => (/^\S+@\S+$/.test(value.trim()) ? null : 'Enter an e-mail address, for example name@example.org.'),
      password: (value) => (value.length >= 10 ? null : 'Use at least 10 characters.'),
    },
  })
  const add = useMutation({
    mutationFn: (values: Values) => client.members.create({ ...values, name: values.name.trim(), email: values.email.trim() }),
    onSuccess: (made) => {
      void refresh(keys.members, keys.audit)
      notifications.show({ title: 'Person added', message: `${made.name} can sign in with ${made.email} now.` })
      onClose()
    },
    onError: (error) => placeProblem(form, error, { CONFLICT: 'email' }),
  })
  return { form, add }
}

function AddPersonForm({ onClose }: { onClose: () => void }) {
  const { form, add } = useAddPerson(onClose)
  return (
    <form onSubmit={form.onSubmit((values) => add.mutate(values), toFirstProblem)} noValidate autoComplete="off">
      <Stack gap="md">
        <FormProblem error={add.error} errors={form.errors} />
        <TextInput label="Name" required maxLength={200} data-autofocus {...form.getInputProps('name')} />
        <TextInput label="E-mail" type="email" required maxLength={254} autoComplete="off" {...form.getInputProps('email')} />
        <PasswordField
          label="First password"
          description="Hand it over in person. At least 10 characters."
          required
          maxLength={128}
          autoComplete="new-password"
          {...form.getInputProps('password')}
        />
        <RoleRadios label="Role" value={form.values.role} onChange={(role) => form.setFieldValue('role', role)} />
        <FormActions label="Add person" pending={add.isPending} onCancel={onClose} />
      </Stack>
    </form>
  )
}
