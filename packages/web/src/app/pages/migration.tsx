import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { MigrationView } from '../../features/migrations/migration-view.tsx'

export function MigrationPage() {
  const { migrationId } = useParams({ from: '/app/settings/migrations/$migrationId' })
  const { status } = useSearch({ from: '/app/settings/migrations/$migrationId' })
  const navigate = useNavigate({ from: '/settings/migrations/$migrationId' })
  return (
    <MigrationView
      migrationId={migrationId}
      status={status}
      onStatus={(next) => void navigate({ search: next ? { status: next } : {}, replace: true })}
    />
  )
}
