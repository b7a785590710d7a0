import type { RoleBinding } from '@holdfast/api'
import { Button, NativeSelect, Switch } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { keys } from '../../app/query-keys.ts'
import { useClient, useMay, useServices } from '../../app/services.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Busy, Failed } from '../../ui/states.tsx'
import { useRefresh } from '../../ui/use-refresh.ts'
import { rolesQuery } from './queries.ts'
import { type Choice, chosenFirst, isChanged, targetOptions, withTarget } from './role-choice.ts'
import classes from './storage.module.css'
import { roleWords } from './target-words.ts'
import { TestDirect } from './test-direct.tsx'

export function Roles() {
  const roles = useQuery(rolesQuery(useClient()))
  return (
    <Panel
      title="Roles"
      hint="Changing a role changes where new files go. Files that are stored already stay where they are, and can be migrated."
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
  return (
    <section className={classes.role} aria-label={words.label}>
      <div>
        <h3 className={classes.targetName}>{words.label}</h3>
        <div className={classes.kind}>{words.explain}</div>
        <div className={classes.kind}>
          Below <code className="hf-mono">{binding.prefix}</code> on its target.
        </div>
      </div>
      <div className={classes.roleSide}>
        {mayWrite ? <RoleForm key={`${binding.targetId}:${binding.staged}`} binding={binding} /> : <Bound binding={binding} />}
        {binding.role === 'direct' && binding.targetId && mayWrite ? <TestDirect targetId={binding.targetId} /> : null}
        {unsuited.length > 0 ? (
          <ul className={classes.reasons} aria-label={`Targets that can't serve ${words.label}`}>
            {unsuited.map((target) => (
              <li key={target.targetId}>
                {target.name}: {target.reason}
              </li>
            ))}
          </ul>
        ) : null}
      </div>
    </section>
  )
}

function Bound({ binding }: { binding: RoleBinding }) {
  const bound = binding.eligible.find((target) => target.targetId === binding.targetId)
  return (
    <span>
      {bound?.name ?? 'No target: off'}
      {bound && binding.staged ? ', staged on this server first' : ''}
    </span>
  )
}

/** Direct is used by pages that are loaded after it was bound: only they may talk to its bucket. */
function useBind({ role }: RoleBinding) {
  const { client, uploads } = useServices()
  const refresh = useRefresh()
  const { label } = roleWords[role]
  return useMutation({
    mutationFn: ({ targetId, staged }: Choice) => client.roles.bind(role, targetId, staged === null ? {} : { staged }),
    onSuccess: (bound) => {
      if (role === 'direct' && bound.targetId !== null && uploads.getState().pending === 0) return window.location.reload()
      notifications.show({
        title: 'Role changed',
        message: bound.targetId === null ? `${label} is off.` : `New files of ${label} go there from now on.`,
      })
    },
    onSettled: () => refresh(keys.roles, keys.targets, keys.direct, keys.audit),
  })
}

/** A choice takes effect with Apply, since the arrow keys of a list would otherwise rebind on their way. */
function RoleForm({ binding }: { binding: RoleBinding }) {
  const bind = useBind(binding)
  const [choice, setChoice] = useState<Choice>(chosenFirst(binding))
  const { label } = roleWords[binding.role]
  const changed = isChanged(binding, choice)
  return (
    <form
      className={classes.roleForm}
      onSubmit={(event) => {
        event.preventDefault()
        bind.mutate(choice)
      }}
    >
      <NativeSelect
        aria-label={`Target of the role ${label}`}
        value={choice.targetId ?? ''}
        disabled={bind.isPending}
        onChange={(event) => setChoice(withTarget(binding, event.currentTarget.value || null))}
        data={targetOptions(binding)}
      />
      {choice.staged === null ? null : <Staged choice={choice} disabled={bind.isPending} onChange={setChoice} />}
      {changed ? (
        <div className={classes.roleButtons}>
          <Button type="submit" size="xs" loading={bind.isPending} aria-label={`Apply to ${label}`}>
            Apply
          </Button>
          <Button size="xs" variant="default" onClick={() => setChoice(chosenFirst(binding))} aria-label={`Keep ${label} as it is`}>
            Keep as it is
          </Button>
        </div>
      ) : null}
      {bind.isError ? <Failed error={bind.error} /> : null}
    </form>
  )
}

type StagedProps = { readonly choice: Choice; readonly disabled: boolean; readonly onChange: (choice: Choice) => void }

/** S3: where new files rest before they go to a remote target. */
function Staged({ choice, disabled, onChange }: StagedProps) {
  return (
    <Switch
      label="Stage on this server first"
      description={
        choice.staged
          ? 'Uploads end as fast as this server’s disk. Sealed files then go to the target by themselves and say “Syncing to backend” until they are there and proven. A target that is away delays that, not the upload.'
          : 'Uploads are written straight to the target, and fail while it is away. Nothing of them is kept on this server.'
      }
      checked={choice.staged === true}
      disabled={disabled}
      onChange={(event) => onChange({ ...choice, staged: event.currentTarget.checked })}
    />
  )
}
