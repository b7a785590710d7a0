import { useNavigate, useSearch } from '@tanstack/react-router'
import { CaseList } from '../../features/cases/case-list.tsx'

export function CasesPage() {
  const { q } = useSearch({ from: '/app/cases' })
  const navigate = useNavigate({ from: '/cases' })
  return <CaseList q={q} onSearch={(text) => void navigate({ search: text ? { q: text } : {}, replace: true })} />
}
