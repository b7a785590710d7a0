import type { Target } from '@holdfast/api'
import { Button, Group, Modal, Stack } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { keys } from '../../app/query-keys.ts'
import { useClient } from '../../app/services.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { count, formatBytes } from '../../ui/format.ts'
import { TextLink } from '../../ui/links.tsx'
import { Notice } from '../../ui/notice.tsx'
import { sayStorageRole } from '../../ui/target-kinds.ts'
import { useRefresh } from '../../ui/use-refresh.ts'
import { sayPlace } from './target-words.ts'

type DeleteTargetProps = { readonly target: Target; readonly opened: boolean; readonly onClose: () => void }

/** Spells out what becomes of the files, and asks for the name while there are any (T9). */
export function DeleteTarget({ target, opened, onClose }: DeleteTargetProps) {
  const client = useClient()
  const refresh = useRefresh()
  if (target.roles.length > 0) return <StillServes target={target} opened={opened} onClose={onClose} />
  const files = target.fileCount > 0 || target.stagedCount > 0 || target.reservedBytes > 0
  const remove = async () => {
    await client.targets
      .remove(target.id, { ...(files ? { confirm: target.name } : {}), ifVersion: target.version })
      .finally(() => refresh(keys.targets, keys.roles, keys.files, keys.audit))
    notifications.show({ title: 'Storage target deleted', message: `${target.name} is not used any more.` })
  }
  return (
    <Confirm
      opened={opened}
      onClose={onClose}
      title={`Delete ${target.name}?`}
      action="Delete target"
      onConfirm={remove}
      {...(files ? { typed: { label: `Type ${target.name} to confirm`, text: target.name } } : {})}
    >
      {files ? <WithFiles target={target} /> : <WithoutFiles target={target} />}
    </Confirm>
  )
}

function StillServes({ target, opened, onClose }: DeleteTargetProps) {
  const roles = target.roles.map(sayStorageRole).join(' and ')
  return (
    <Modal opened={opened} onClose={onClose} title={`Delete ${target.name}?`}>
      <Stack gap="md">
        <Notice tone="attention" title={`${target.name} still serves ${roles}`}>
          Choose another target for that role below, or none; then it can be deleted.
        </Notice>
        <Group justify="flex-end">
          <Button onClick={onClose}>Close</Button>
        </Group>
      </Stack>
    </Modal>
  )
}

const WithoutFiles = ({ target }: { target: Target }) => (
  <p style={{ margin: 0 }}>
    Holdfast forgets how to reach {sayPlace(target)}, with the secrets for it. It holds none of the files here, and nothing is changed on
    the storage itself.
  </p>
)

const WithFiles = ({ target }: { target: Target }) => (
  <>
    {target.fileCount > 0 ? <Stored target={target} /> : null}
    {target.stagedCount > 0 ? <Staged target={target} /> : null}
    {target.fileCount === 0 && target.stagedCount === 0 ? <p style={{ marginTop: 0 }}>Files are on their way there.</p> : null}
    <p style={{ margin: 0 }}>
      Nothing is removed on the storage itself. The secrets for it are forgotten here. Adding a target at the same place again takes
      everything back.
    </p>
  </>
)

const Stored = ({ target }: { target: Target }) => (
  <>
    <p style={{ marginTop: 0 }}>
      <strong>
        {count(target.fileCount, 'file')} with {formatBytes(target.usedBytes)}
      </strong>{' '}
      {target.fileCount === 1 ? 'is' : 'are'} stored there. To keep {target.fileCount === 1 ? 'it' : 'them'} in use,{' '}
      <TextLink to="/settings/migrations/new" search={{ from: target.id }}>
        migrate away
      </TextLink>{' '}
      first. If you delete the target now:
    </p>
    <ul>
      <li>Their rows stay, marked “Orphaned: target removed”, with digests and history.</li>
      <li>Downloads of them fail (410 in the API) and say what to do.</li>
    </ul>
  </>
)

/** These are sealed on this server and lose nothing: they only get no further. */
const Staged = ({ target }: { target: Target }) => (
  <p style={{ marginTop: 0 }}>
    <strong>{count(target.stagedCount, 'file')}</strong> {target.stagedCount === 1 ? 'has' : 'have'} not reached it yet.{' '}
    {target.stagedCount === 1 ? 'It stays' : 'They stay'} on this server, readable, marked “Kept on this server”.
  </p>
)
