import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { ReconcileView } from '../../features/reconcile/reconcile-view.tsx'
import { present } from '../search.ts'

export function ReconciliationsPage() {
  const { targetId } = useParams({ from: '/app/settings/storage/$targetId/reconciliations' })
  const search = useSearch({ from: '/app/settings/storage/$targetId/reconciliations' })
  const navigate = useNavigate({ from: '/settings/storage/$targetId/reconciliations' })
  return <ReconcileView targetId={targetId} search={search} onSearch={(next) => void navigate({ search: present(next), replace: true })} />
}
