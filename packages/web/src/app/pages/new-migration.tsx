import { useNavigate, useSearch } from '@tanstack/react-router'
import { StartMigration } from '../../features/migrations/start-migration.tsx'
import { present } from '../search.ts'

export function NewMigrationPage() {
  const { from, to } = useSearch({ from: '/app/settings/migrations/new' })
  const navigate = useNavigate({ from: '/settings/migrations/new' })
  return <StartMigration choice={{ from, to }} onChoose={(choice) => void navigate({ search: present(choice), replace: true })} />
}
