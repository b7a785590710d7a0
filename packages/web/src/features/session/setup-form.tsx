import { Button, Stack, TextInput } from '@mantine/core'
import { type UseFormReturnType, useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import { useClient } from '../../app/services.tsx'
import { FormProblem, PasswordField } from '../../ui/form-parts.tsx'
import { placeProblem, toFirstProblem } from '../../ui/form-problem.ts'
import { cleanSetupCode } from './setup-code.ts'

type SetupFormProps = { readonly code: string | null; readonly onDone: () => Promise<unknown> | unknown }
type SetupValues = { code: string; name: string; email: string; password: string; organisation: string }

const required = (what: string) => (value: string) => (value.trim() ? null : what)

function useSetup(code: string | null, onDone: SetupFormProps['onDone']) {
  const client = useClient()
  const form = useForm<SetupValues>({
    mode: 'uncontrolled',
    initialValues: { code: code ?? '', name: '', email: '', password: '', organisation: '' },
    validateInputOnBlur: true,
    validate: {
      code: (value) => (cleanSetupCode(value).length >= 8 ? null : 'Enter the code that the server printed when it started.'),
      name: required('Enter your name.'),
      email: (value) => (/^\S+@\S+$/.test(value.trim()) ? null : 'Enter an e-mail address, for example name@example.org.'),
      password: (value) => (value.length >= 10 ? null : `Use at least 10 characters${value ? `; this has ${value.length}` : ''}.`),
    },
  })
  const create = useMutation({
    meta: { signsIn: true },
    mutationFn: async ({ organisation, ...values }: SetupValues) => {
      const email = values.email.trim()
      const made = organisation.trim() ? { organisation: organisation.trim() } : {}
      await client.setup.create({ code: cleanSetupCode(values.code), name: values.name.trim(), email, password: values.password, ...made })
      // The administrator is there now; should only signing in fail, the sign-in page comes next.
      await client.auth.signIn({ email, password: values.password }).catch(() => {})
    },
    onSuccess: onDone,
    onError: (error) => placeProblem(form, error, { FORBIDDEN: 'code', UNAUTHORIZED: 'code' }),
  })
  return { form, create }
}

/** Makes the first administrator and signs in. `code` comes from the link that the server printed, where it was followed. */
export function SetupForm({ code, onDone }: SetupFormProps) {
  const { form, create } = useSetup(code, onDone)
  return (
    <form onSubmit={form.onSubmit((values) => create.mutate(values), toFirstProblem)} noValidate>
      <Stack gap="md">
        <FormProblem error={create.error} errors={form.errors} />
        <TextInput
          label="One-time code"
          description={
            code === null ? 'Printed by the server when it started, on its terminal or in its log.' : 'From the link that you followed.'
          }
          autoComplete="off"
          spellCheck={false}
          classNames={{ input: 'hf-mono' }}
          required
          key={form.key('code')}
          {...form.getInputProps('code')}
        />
        <SetupFields form={form} />
        <Button type="submit" loading={create.isPending} fullWidth>
          Create administrator
        </Button>
      </Stack>
    </form>
  )
}

function SetupFields({ form }: { form: Pick<UseFormReturnType<SetupValues>, 'key' | 'getInputProps'> }) {
  return (
    <>
      <TextInput label="Your name" autoComplete="name" required key={form.key('name')} {...form.getInputProps('name')} />
      <TextInput label="E-mail" type="email" autoComplete="username" required key={form.key('email')} {...form.getInputProps('email')} />
      <PasswordField
        label="Password"
        description="At least 10 characters. A few random words are good."
        autoComplete="new-password"
        required
        key={form.key('password')}
        {...form.getInputProps('password')}
      />
      <TextInput
        label="Organisation"
        description="Shown at the top of every page. May stay empty."
        autoComplete="organization"
        key={form.key('organisation')}
        {...form.getInputProps('organisation')}
      />
    </>
  )
}
