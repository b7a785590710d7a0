import { Button, Group, PasswordInput, type PasswordInputProps } from '@mantine/core'
import { Failed } from './states.tsx'

type FormActionsProps = { readonly label: string; readonly pending: boolean; readonly onCancel: () => void }

/** The foot of every dialog's form. */
export function FormActions({ label, pending, onCancel }: FormActionsProps) {
  return (
    <Group justify="flex-end" gap="xs">
      <Button variant="default" onClick={onCancel}>
        Cancel
      </Button>
      <Button type="submit" loading={pending}>
        {label}
      </Button>
    </Group>
  )
}

/** A refusal that no single field is to blame for; those beside their fields are not said twice. */
export function FormProblem({ error, errors }: { readonly error: Error | null; readonly errors: Readonly<Record<string, unknown>> }) {
  return error && Object.keys(errors).length === 0 ? <Failed error={error} /> : null
}

export function PasswordField(props: PasswordInputProps) {
  return <PasswordInput visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the password' }} {...props} />
}
