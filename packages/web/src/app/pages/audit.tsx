import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback } from 'react'
import { AuditLog } from '../../features/audit/audit-log.tsx'
import type { AuditSearch } from '../../features/audit/filters.ts'
import { present } from '../search.ts'

export function AuditPage() {
  const search = useSearch({ from: '/app/audit' })
  const navigate = useNavigate({ from: '/audit' })
  const onSearch = useCallback((next: AuditSearch) => void navigate({ search: present(next), replace: true }), [navigate])
  return <AuditLog search={search} onSearch={onSearch} />
}
