import type { Case, Item } from '@holdfast/api'
import { notifications } from '@mantine/notifications'
import { useNavigate } from '@tanstack/react-router'
import { keys } from '../../app/query-keys.ts'
import { useClient } from '../../app/services.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { count, formatBytes } from '../../ui/format.ts'
import { useRefresh } from '../../ui/use-refresh.ts'

type DeleteCaseProps = { readonly shown: Case; readonly opened: boolean; readonly onClose: () => void }

/** Spells out what goes and asks for the number, since nothing brings it back. */
export function DeleteCase({ shown, opened, onClose }: DeleteCaseProps) {
  const client = useClient()
  const refresh = useRefresh()
  const navigate = useNavigate()
  const remove = async () => {
    await client.cases.remove(shown.id)
    await navigate({ to: '/cases' })
    void refresh(keys.cases, keys.files, keys.targets, keys.audit)
    notifications.show({ title: 'Case deleted', message: `${shown.number} and everything in it was removed.` })
  }
  return (
    <Confirm
      opened={opened}
      onClose={onClose}
      title={`Delete ${shown.number}?`}
      action="Delete case"
      onConfirm={remove}
      typed={{ label: `Type ${shown.number} to confirm`, text: shown.number }}
    >
      <p style={{ marginTop: 0 }}>This removes, for good:</p>
      <ul>
        <li>
          the case <strong>{shown.number}</strong> ({shown.title}) with all its evidence items
        </li>
        <li>
          <strong>{count(shown.fileCount, 'file')}</strong> with {formatBytes(shown.totalBytes)}, on every storage target
        </li>
        <li>uploads to it that are still running</li>
      </ul>
      <p style={{ marginBottom: 0 }}>The audit log keeps what happened. The files themselves can only come back from a backup.</p>
    </Confirm>
  )
}

type DeleteItemProps = { readonly shown: Item; readonly opened: boolean; readonly onClose: () => void }

export function DeleteItem({ shown, opened, onClose }: DeleteItemProps) {
  const client = useClient()
  const refresh = useRefresh()
  const navigate = useNavigate()
  const remove = async () => {
    await client.items.remove({ caseId: shown.caseId, itemId: shown.id })
    await navigate({ to: '/cases/$caseId', params: { caseId: shown.caseId }, search: { tab: 'items' } })
    void refresh(keys.items, keys.cases, keys.files, keys.targets, keys.audit)
  }
  return (
    <Confirm
      opened={opened}
      onClose={onClose}
      title={`Delete ${shown.label}?`}
      action="Delete item"
      onConfirm={remove}
      tick={`Delete ${shown.label} and its ${count(shown.fileCount, 'file')}`}
    >
      <p style={{ marginTop: 0 }}>
        This removes the evidence item <strong>{shown.label}</strong> ({shown.title}) and its{' '}
        <strong>{count(shown.fileCount, 'file')}</strong> with {formatBytes(shown.totalBytes)}, on every storage target, for good.
      </p>
      <p style={{ marginBottom: 0 }}>The audit log keeps what happened.</p>
    </Confirm>
  )
}
