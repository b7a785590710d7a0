import type { RoleName, TokenCreate, TokenCreated, TokenScope } from '@holdfast/api'
import { Checkbox, Modal, NativeSelect, SimpleGrid, Stack, Switch, TextInput } from '@mantine/core'
import { type UseFormReturnType, useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { keys } from '../../app/query-keys.ts'
import { useClient } from '../../app/services.tsx'
import { FormActions, FormProblem } from '../../ui/form-parts.tsx'
import { placeProblem, toFirstProblem } from '../../ui/form-problem.ts'
import { RoleRadios } from '../../ui/role-radios.tsx'
import { SecretOnce } from '../../ui/secret-once.tsx'
import { useRefresh } from '../../ui/use-refresh.ts'
import { scopeNames, scopeWords } from './token-words.ts'

export function CreateToken({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const [made, setMade] = useState<TokenCreated | null>(null)
  const close = () => {
    setMade(null)
    onClose()
  }
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={made ? 'Token created' : 'New API token'}
      closeOnClickOutside={made === null}
      closeOnEscape={made === null}
    >
      {opened && !made ? <CreateTokenForm onClose={close} onMade={setMade} /> : null}
      {made ? (
        <SecretOnce of={made.token.name} value={made.secret} onClose={close}>
          Programs send it as <span className="hf-mono">Authorization: Bearer …</span>; the holdfast command reads it from{' '}
          <span className="hf-mono">HOLDFAST_TOKEN</span>.
        </SecretOnce>
      ) : null}
    </Modal>
  )
}

const expiries = [
  { value: '30', label: 'After 30 days' },
  { value: '90', label: 'After 90 days' },
  { value: '365', label: 'After a year' },
  { value: '', label: 'Never' },
]

type Values = { name: string; role: RoleName; days: string; limited: boolean; scopes: TokenScope[] }

const toTokenCreate = ({ name, role, days, limited, scopes }: Values): TokenCreate => ({
  ...{ name: name.trim(), role },
  ...(limited ? { scopes } : {}),
  ...(days ? { expiresInDays: Number(days) } : {}),
})

function useCreateToken(onMade: (made: TokenCreated) => void) {
  const client = useClient()
  const refresh = useRefresh()
  const form = useForm<Values>({
    initialValues: { name: '', role: 'examiner', days: '90', limited: false, scopes: [] },
    validate: {
      name: (value) => (value.trim() ? null : 'Enter a name that says which program uses it.'),
      scopes: (value, { limited }) => (limited && value.length === 0 ? 'Choose at least one scope, or do not limit it.' : null),
    },
  })
  const create = useMutation({
    mutationFn: (values: Values) => client.tokens.create(toTokenCreate(values)),
    onSuccess: (made) => {
      onMade(made)
      void refresh(keys.tokens, keys.audit)
    },
    onError: (error) => placeProblem(form, error),
  })
  return { form, create }
}

function CreateTokenForm({ onClose, onMade }: { onClose: () => void; onMade: (made: TokenCreated) => void }) {
  const { form, create } = useCreateToken(onMade)
  return (
    <form onSubmit={form.onSubmit((values) => create.mutate(values), toFirstProblem)} noValidate>
      <Stack gap="md">
        <FormProblem error={create.error} errors={form.errors} />
        <TextInput
          label="Name"
          description="Says which program or person uses it."
          placeholder="Imaging station 2"
          required
          maxLength={200}
          autoComplete="off"
          data-autofocus
          {...form.getInputProps('name')}
        />
        <RoleRadios label="Role" value={form.values.role} onChange={(role) => form.setFieldValue('role', role)} />
        <Scopes form={form} />
        <NativeSelect label="Expires" data={expiries} {...form.getInputProps('days')} />
        <FormActions label="Create token" pending={create.isPending} onCancel={onClose} />
      </Stack>
    </form>
  )
}

/** What of its role the token may do; all of it where it is not limited. */
const Scopes = ({ form }: { form: UseFormReturnType<Values> }) => (
  <>
    <Switch
      label="Limit it to scopes"
      description="It then does only what both a scope and its role allow."
      {...form.getInputProps('limited', { type: 'checkbox' })}
    />
    {form.values.limited ? (
      <Checkbox.Group label="Scopes" {...form.getInputProps('scopes')}>
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xs" mt={6}>
          {scopeNames.map((scope) => (
            <Checkbox key={scope} value={scope} label={scopeWords[scope].label} description={scopeWords[scope].explain} />
          ))}
        </SimpleGrid>
      </Checkbox.Group>
    ) : null}
  </>
)
