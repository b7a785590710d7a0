import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { EditTarget } from '../../features/storage/edit-target.tsx'
import { NewTarget } from '../../features/storage/new-target.tsx'
import { present } from '../search.ts'

export function NewTargetPage() {
  const { kind, again } = useSearch({ from: '/app/settings/storage/new' })
  const navigate = useNavigate({ from: '/settings/storage/new' })
  return <NewTarget kind={kind} again={again} onKind={(next) => void navigate({ search: present({ kind: next }), replace: true })} />
}

export function EditTargetPage() {
  const { targetId } = useParams({ from: '/app/settings/storage/$targetId' })
  return <EditTarget targetId={targetId} />
}
