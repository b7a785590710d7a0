import type { Target } from '@holdfast/api'
import { Button, Group, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { keys } from '../../app/query-keys.ts'
import { useClient } from '../../app/services.tsx'
import { Facts } from '../../ui/facts.tsx'
import { FormProblem } from '../../ui/form-parts.tsx'
import { placeProblem, toFirstProblem } from '../../ui/form-problem.ts'
import { ButtonLink, TextLink } from '../../ui/links.tsx'
import { Page } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Busy, Failed } from '../../ui/states.tsx'
import { kindWords, type RemoteKind } from '../../ui/target-kinds.ts'
import { useRefresh } from '../../ui/use-refresh.ts'
import { useNoteTest } from './note-test.ts'
import { targetQuery } from './queries.ts'
import { QuotaTooSmall } from './quota.tsx'
import { commonProblems } from './target-checks.ts'
import { type TargetValues, toUpdate, valuesOf } from './target-fields.ts'
import { QuotaField, TargetFormView } from './target-form.tsx'
import { quotaToBytes, sayPlace } from './target-words.ts'

/** Name, limit, sign-in and protection of a target. Where it is stays: another place is another target. */
export function EditTarget({ targetId }: { targetId: string }) {
  const target = useQuery({ ...targetQuery(useClient(), targetId), refetchOnWindowFocus: false })
  const title = target.data ? `Edit ${target.data.name}` : 'Edit storage target'
  return (
    <Page title={title} above={<TextLink to="/settings/storage">Storage</TextLink>}>
      {target.isPending ? <Busy>Loading the storage target</Busy> : null}
      {target.isError && !target.data ? <Failed error={target.error} onRetry={() => target.refetch()} /> : null}
      {target.data ? <Editor key={target.data.id} target={target.data} /> : null}
    </Page>
  )
}

function useSave(target: Target) {
  const client = useClient()
  const refresh = useRefresh()
  const navigate = useNavigate()
  const noteTest = useNoteTest()
  return async (values: TargetValues) => {
    const changes = toUpdate(target, values)
    const saved = await client.targets
      .update(target.id, changes, { ifVersion: target.version })
      .finally(() => refresh(keys.targets, keys.roles, keys.audit))
    if (changes.place !== undefined || changes.credentials !== undefined) void noteTest(target.id)
    notifications.show({ title: 'Storage target saved', message: `${saved.name} was changed.` })
    await navigate({ to: '/settings/storage' })
  }
}

function Editor({ target }: { target: Target }) {
  const save = useSave(target)
  if (target.kind === 'local') return <LocalForm target={target} onSave={save} />
  const above = <WhereItIs target={target} kind={target.kind} />
  const setup = { kind: target.kind, initial: valuesOf(target), targetId: target.id, stored: target.hasCredentials, held: target }
  return <TargetFormView {...setup} saveLabel="Save changes" onSave={save} above={above} />
}

const WhereItIs = ({ target, kind }: { target: Target; kind: RemoteKind }) => (
  <Panel title="Where it is" hint="Another place is another target: add one there and migrate the files to it.">
    <Facts
      facts={[
        ['Kind', kindWords[kind]],
        [
          'Place',
          <span key="place" className="hf-mono">
            {sayPlace(target)}
          </span>,
        ],
        [
          'Host key',
          typeof target.place.hostKey === 'string' ? (
            <code key="key" className="hf-mono">
              {target.place.hostKey}
            </code>
          ) : null,
        ],
      ]}
    />
  </Panel>
)

type LocalFormProps = { readonly target: Target; readonly onSave: (values: TargetValues) => Promise<void> }

function LocalForm({ target, onSave }: LocalFormProps) {
  const form = useForm<TargetValues>({ initialValues: valuesOf(target), validate: commonProblems })
  const save = useMutation({ mutationFn: onSave, onError: (error) => placeProblem(form, error, { CONFLICT: 'name' }) })
  return (
    <Panel>
      <form onSubmit={form.onSubmit((values) => save.mutate(values), toFirstProblem)} noValidate>
        <Stack gap="md" maw="30rem">
          <FormProblem error={save.error} errors={form.errors} />
          <TextInput label="Name" required maxLength={200} {...form.getInputProps('name')} />
          <QuotaField {...form.getInputProps('quotaBytes')} />
          <QuotaTooSmall target={target} quotaBytes={quotaToBytes(form.values.quotaBytes)} />
          <Group gap="xs">
            <ButtonLink to="/settings/storage" variant="default">
              Cancel
            </ButtonLink>
            <Button type="submit" loading={save.isPending}>
              Save changes
            </Button>
          </Group>
        </Stack>
      </form>
    </Panel>
  )
}
