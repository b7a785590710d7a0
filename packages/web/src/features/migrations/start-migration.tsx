import type { Target } from '@holdfast/api'
import { Button, Group, NativeSelect, Stack } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { keys } from '../../app/query-keys.ts'
import { useClient } from '../../app/services.tsx'
import { count, formatBytes } from '../../ui/format.ts'
import { ButtonLink, TextLink } from '../../ui/links.tsx'
import { Page } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Busy, Empty, Failed } from '../../ui/states.tsx'
import { sayTarget } from '../../ui/target-kinds.ts'
import { useRefresh } from '../../ui/use-refresh.ts'
import { MigrationPlan } from './migration-plan.tsx'
import classes from './migrations.module.css'
import { allTargetsQuery } from './queries.ts'

export type Choice = { readonly from: string | undefined; readonly to: string | undefined }
type StartProps = { readonly choice: Choice; readonly onChoose: (choice: Choice) => void }

/** Choosing both ends, what it would mean, and the start of it. What is chosen is in the address. */
export function StartMigration(props: StartProps) {
  const targets = useQuery(allTargetsQuery(useClient()))
  return (
    <Page
      title="New migration"
      above={<TextLink to="/settings/migrations">Migrations</TextLink>}
      hint="Moves all files of one storage target to another, in the background. They can be downloaded all the while."
    >
      <Panel title="From and to">
        {targets.isError && !targets.data ? <Failed error={targets.error} onRetry={() => targets.refetch()} /> : null}
        {targets.isPending ? <Busy>Loading storage targets</Busy> : null}
        {targets.data && targets.data.length < 2 ? <OneTarget /> : null}
        {targets.data && targets.data.length > 1 ? <Ends {...props} targets={targets.data} /> : null}
      </Panel>
      {targets.data ? <Chosen choice={props.choice} targets={targets.data} /> : null}
    </Page>
  )
}

const OneTarget = () => (
  <Empty icon={null} title="There is only one storage target" action={<ButtonLink to="/settings/storage">Storage</ButtonLink>}>
    Add the target that the files are to go to first.
  </Empty>
)

const option = (target: Target) => ({
  value: target.id,
  label: `${sayTarget({ ...target, removed: false })}: ${count(target.fileCount, 'file')}, ${formatBytes(target.usedBytes)}`,
})

function Ends({ choice, onChoose, targets }: StartProps & { targets: readonly Target[] }) {
  return (
    <div className={classes.ends}>
      <NativeSelect
        label="From"
        description="Its files are moved."
        value={choice.from ?? ''}
        onChange={(event) => {
          const from = event.currentTarget.value || undefined
          onChoose({ from, to: choice.to === from ? undefined : choice.to })
        }}
        data={[{ value: '', label: 'Choose a target' }, ...targets.map(option)]}
      />
      <NativeSelect
        label="To"
        description="They are kept here afterwards."
        value={choice.to ?? ''}
        onChange={(event) => onChoose({ ...choice, to: event.currentTarget.value || undefined })}
        data={[{ value: '', label: 'Choose a target' }, ...targets.filter((target) => target.id !== choice.from).map(option)]}
      />
    </div>
  )
}

function Chosen({ choice, targets }: { choice: Choice; targets: readonly Target[] }) {
  const from = targets.find((target) => target.id === choice.from)
  const to = targets.find((target) => target.id === choice.to)
  if (!from || !to || from === to) return null
  return (
    <Panel title="What will happen">
      <Stack gap="md">
        <MigrationPlan from={from} to={to} action={(worthwhile) => <StartButton from={from} to={to} disabled={!worthwhile} />} />
      </Stack>
    </Panel>
  )
}

type StartButtonProps = { readonly from: Target; readonly to: Target; readonly disabled: boolean }

function StartButton({ from, to, disabled }: StartButtonProps) {
  const client = useClient()
  const refresh = useRefresh()
  const navigate = useNavigate()
  const start = useMutation({
    mutationFn: () => client.migrations.start({ fromTargetId: from.id, toTargetId: to.id }),
    onSuccess: (made) => navigate({ to: '/settings/migrations/$migrationId', params: { migrationId: made.id } }),
    onSettled: () => refresh(keys.migrations, keys.targets, keys.jobs, keys.audit),
  })
  return (
    <>
      {start.isError ? <Failed error={start.error} /> : null}
      <Group gap="xs">
        <Button disabled={disabled} loading={start.isPending} onClick={() => start.mutate()}>
          Start migration
        </Button>
      </Group>
    </>
  )
}
