import type { RoleName } from '@holdfast/api'
import { Radio, Stack } from '@mantine/core'
import { roleNames, roleWords } from './role-words.ts'

type RoleRadiosProps = { readonly label: string; readonly value: RoleName; readonly onChange: (role: RoleName) => void }

/** All four roles with what each may do, so that nobody has to guess. */
export function RoleRadios({ label, value, onChange }: RoleRadiosProps) {
  return (
    <Radio.Group label={label} value={value} onChange={(role) => onChange(role as RoleName)}>
      <Stack gap="xs" mt={6}>
        {roleNames.map((role) => (
          <Radio key={role} value={role} label={roleWords[role].label} description={roleWords[role].explain} />
        ))}
      </Stack>
    </Radio.Group>
  )
}
