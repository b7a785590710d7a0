import type { RoleBinding } from '@holdfast/api'
import { NativeSelect } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery } from '@tanstack/react-query'
import { keys } from '../../app/query-keys.ts'
import { useClient, useMay } from '../../app/services.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Busy, Failed } from '../../ui/states.tsx'
import { useRefresh } from '../../ui/use-refresh.ts'
import { rolesQuery } from './queries.ts'
import classes from './storage.module.css'
import { roleWords } from './target-words.ts'

export function Roles() {
  const roles = useQuery(rolesQuery(useClient()))
  return (
    <Panel
      title="Roles"
      hint="Changing a role changes where new files go. Files that are stored already stay where they are."
      flush={!!roles.data}
    >
      {roles.isError && !roles.data ? <Failed error={roles.error} onRetry={() => roles.refetch()} /> : null}
      {roles.isPending ? <Busy>Loading roles</Busy> : null}
      {roles.data?.items.map((binding) => (
        <Role key={binding.role} binding={binding} />
      ))}
    </Panel>
  )
}

function Role({ binding }: { binding: RoleBinding }) {
  const mayWrite = useMay()('target.write')
  const words = roleWords[binding.role]
  const unsuited = binding.eligible.filter((target) => !target.ok)
  const bound = binding.eligible.find((target) => target.targetId === binding.targetId)
  return (
    <div className={classes.role}>
      <div>
        <h3 className={classes.roleName}>{words.label}</h3>
        <div className={classes.kind}>{words.explain}</div>
      </div>
      <div>
        {mayWrite ? <TargetChoice binding={binding} /> : <span>{bound?.name ?? 'No target'}</span>}
        {unsuited.length > 0 ? (
          <ul className={classes.reasons}>
            {unsuited.map((target) => (
              <li key={target.targetId}>
                {target.name}: {target.reason}
              </li>
            ))}
          </ul>
        ) : null}
      </div>
    </div>
  )
}

/** Encrypted always keeps a target: without one no file could be stored. */
function TargetChoice({ binding }: { binding: RoleBinding }) {
  const client = useClient()
  const refresh = useRefresh()
  const { label } = roleWords[binding.role]
  const bind = useMutation({
    mutationFn: (targetId: string | null) => client.roles.bind(binding.role, targetId),
    onSuccess: (_bound, targetId) =>
      notifications.show({
        title: 'Role changed',
        message: targetId === null ? `${label} has no target any more.` : `New files of ${label} go there from now on.`,
      }),
    onSettled: () => refresh(keys.roles, keys.targets, keys.audit),
  })
  const targets = binding.eligible.map((target) => ({
    value: target.targetId,
    label: target.ok ? target.name : `${target.name} (not suited)`,
    disabled: !target.ok,
  }))
  return (
    <>
      <NativeSelect
        aria-label={`Target of the role ${label}`}
        value={binding.targetId ?? ''}
        disabled={bind.isPending}
        onChange={(event) => bind.mutate(event.currentTarget.value || null)}
        data={binding.role === 'encrypted' && binding.targetId ? targets : [{ value: '', label: 'No target' }, ...targets]}
      />
      {bind.isError ? <Failed error={bind.error} /> : null}
    </>
  )
}
