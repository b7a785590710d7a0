import { Button, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import { useClient } from '../../app/services.tsx'
import { PasswordField } from '../../ui/form-parts.tsx'
import { toFirstProblem } from '../../ui/form-problem.ts'
import { Notice } from '../../ui/notice.tsx'
import { isStatus } from '../../ui/problem-words.ts'
import { Failed } from '../../ui/states.tsx'

type SignInFormProps = { readonly email?: string; readonly onSignedIn: () => Promise<unknown> | unknown }

function useSignIn(email: string | undefined, onSignedIn: SignInFormProps['onSignedIn']) {
  const client = useClient()
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { email: email ?? '', password: '' },
    validate: {
      email: (value) => (value.includes('@') ? null : 'Enter your e-mail address.'),
      password: (value) => (value ? null : 'Enter your password.'),
    },
  })
  const signIn = useMutation({
    meta: { signsIn: true },
    mutationFn: (values: { email: string; password: string }) => client.auth.signIn({ ...values, email: values.email.trim() }),
    onSuccess: onSignedIn,
  })
  return { form, signIn }
}

/** E-mail and password. `email` fixes who signs in, for going on with a session that ended. */
export function SignInForm({ email, onSignedIn }: SignInFormProps) {
  const { form, signIn } = useSignIn(email, onSignedIn)
  return (
    <form onSubmit={form.onSubmit((values) => signIn.mutate(values), toFirstProblem)} noValidate>
      <Stack gap="md">
        {signIn.isError ? <SignInFailure error={signIn.error} /> : null}
        <TextInput
          label="E-mail"
          type="email"
          autoComplete="username"
          readOnly={email !== undefined}
          {...(email === undefined ? { 'data-autofocus': true } : {})}
          key={form.key('email')}
          {...form.getInputProps('email')}
        />
        <PasswordField
          label="Password"
          autoComplete="current-password"
          {...(email === undefined ? {} : { 'data-autofocus': true })}
          key={form.key('password')}
          {...form.getInputProps('password')}
        />
        <Button type="submit" loading={signIn.isPending} fullWidth>
          Sign in
        </Button>
      </Stack>
    </form>
  )
}

function SignInFailure({ error }: { error: Error }) {
  if (isStatus(error, 401))
    return (
      <Notice tone="bad" live title="E-mail or password is not right">
        Check both and try again. An administrator can remove and add you again with a new password.
      </Notice>
    )
  if (isStatus(error, 429))
    return (
      <Notice tone="attention" live title="Too many attempts">
        Wait a minute, then try again.
      </Notice>
    )
  return <Failed error={error} />
}
