import type { Target } from '@holdfast/api'
import { Radio } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { keys } from '../../app/query-keys.ts'
import { useClient } from '../../app/services.tsx'
import { count } from '../../ui/format.ts'
import { TextLink } from '../../ui/links.tsx'
import { Notice } from '../../ui/notice.tsx'
import { Page } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Busy, Failed } from '../../ui/states.tsx'
import { kindWords, type RemoteKind, remoteKinds } from '../../ui/target-kinds.ts'
import { useRefresh } from '../../ui/use-refresh.ts'
import { useNoteTest } from './note-test.ts'
import { removedTargetsQuery } from './queries.ts'
import classes from './storage.module.css'
import { emptyValues, type TargetValues, toCreate, valuesOf } from './target-fields.ts'
import { TargetFormView } from './target-form.tsx'
import { sayPlace } from './target-words.ts'

const kindHelp: Record<RemoteKind, string> = {
  s3: 'AWS, MinIO, SeaweedFS, Ceph, Backblaze B2, Wasabi, Spaces.',
  smb: 'Windows Server, Samba or a NAS, with SMB 3 encryption.',
  sftp: 'Any SSH server with SFTP, such as OpenSSH.',
}

type NewTargetProps = {
  readonly kind: RemoteKind | undefined
  /** The id of a deleted target that is to be made again. */
  readonly again: string | undefined
  readonly onKind: (kind: RemoteKind) => void
}

export function NewTarget({ kind, again, onKind }: NewTargetProps) {
  return (
    <Page
      title="Add storage target"
      above={<TextLink to="/settings/storage">Storage</TextLink>}
      hint="Nothing is stored there until a role is given to it."
    >
      {again ? <Again id={again} /> : <Fresh kind={kind} onKind={onKind} />}
    </Page>
  )
}

function Fresh({ kind, onKind }: Omit<NewTargetProps, 'again'>) {
  return (
    <>
      <Panel>
        <Radio.Group label="Kind of storage" value={kind ?? ''} onChange={(value) => onKind(value as RemoteKind)}>
          <div className={classes.kinds}>
            {remoteKinds.map((one) => (
              <Radio key={one} value={one} label={kindWords[one]} description={kindHelp[one]} />
            ))}
          </div>
        </Radio.Group>
      </Panel>
      {kind ? <NewForm key={kind} kind={kind} initial={emptyValues} /> : null}
    </>
  )
}

/** Filled in from a target that was deleted: at the same place its files come back. */
function Again({ id }: { id: string }) {
  const removed = useQuery(removedTargetsQuery(useClient()))
  if (removed.isPending) return <Busy>Loading the deleted target</Busy>
  if (removed.isError) return <Failed error={removed.error} onRetry={() => removed.refetch()} />
  const target = removed.data.find((one) => one.id === id)
  if (!target || target.kind === 'local')
    return (
      <Notice tone="attention" title="There is no such deleted target any more">
        It was made again meanwhile, or none of its files is left.
      </Notice>
    )
  // The secrets and the host key went with it.
  const initial = { ...valuesOf({ ...target, hasCredentials: true }), signIn: 'password' as const, hostKey: '' }
  return <NewForm kind={target.kind} initial={initial} above={<TakesBack target={target} />} />
}

const TakesBack = ({ target }: { target: Target }) => (
  <Notice tone="neutral" title={sayReturn(target)}>
    It is the same place, {sayPlace(target)}. Enter the secrets again; name, quota and sign-in may be others than before.
  </Notice>
)

function sayReturn({ fileCount, stagedCount }: Target): string {
  const back = fileCount > 0 || stagedCount === 0 ? `${count(fileCount, 'file')} will come back` : null
  const synced = stagedCount > 0 ? `${count(stagedCount, 'file')} will be synced` : null
  return [back, synced].filter(Boolean).join(', ')
}

type NewFormProps = { readonly kind: RemoteKind; readonly initial: TargetValues; readonly above?: React.ReactNode }

function NewForm({ kind, initial, above }: NewFormProps) {
  const client = useClient()
  const refresh = useRefresh()
  const navigate = useNavigate()
  const noteTest = useNoteTest()
  const save = async (values: TargetValues) => {
    const made = await client.targets.create(toCreate(kind, values))
    void refresh(keys.targets, keys.roles, keys.files, keys.audit)
    void noteTest(made.id)
    const back = made.fileCount > 0 ? ` ${count(made.fileCount, 'file')} came back with it.` : ''
    notifications.show({ title: 'Storage target added', message: `${made.name} can be chosen for roles now.${back}` })
    await navigate({ to: '/settings/storage' })
  }
  return <TargetFormView kind={kind} initial={initial} targetId={null} stored={false} saveLabel="Add target" onSave={save} above={above} />
}
