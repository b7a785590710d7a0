import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback } from 'react'
import { HoldList, type HoldSearch } from '../../features/holds/hold-list.tsx'
import { present } from '../search.ts'

export function HoldsPage() {
  const search = useSearch({ from: '/app/holds' })
  const navigate = useNavigate({ from: '/holds' })
  const onSearch = useCallback((next: HoldSearch) => void navigate({ search: present(next), replace: true }), [navigate])
  return <HoldList search={search} onSearch={onSearch} />
}
