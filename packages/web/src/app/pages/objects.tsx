import { useQuery } from '@tanstack/react-query'
import { Navigate, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { type ReactNode, useCallback } from 'react'
import { FileEvents } from '../../features/files/file-events.tsx'
import { fileQuery } from '../../features/files/queries.ts'
import { HoldsOn } from '../../features/holds/holds-on.tsx'
import type { ObjectSearch } from '../../features/objects/object-filter.ts'
import { ObjectList } from '../../features/objects/object-list.tsx'
import { ObjectView } from '../../features/objects/object-view.tsx'
import { present } from '../search.ts'
import { useClient, useMay } from '../services.tsx'

export function ObjectsPage() {
  const search = useSearch({ from: '/app/files' })
  const navigate = useNavigate({ from: '/files' })
  const onSearch = useCallback((next: ObjectSearch) => void navigate({ search: present(next), replace: true }), [navigate])
  return <ObjectList search={search} onSearch={onSearch} />
}

export function ObjectPage() {
  const { fileId } = useParams({ from: '/app/files/$fileId' })
  const may = useMay()
  return (
    <ObjectView
      key={fileId}
      fileId={fileId}
      holds={(object) => <HoldsOn on={{ scope: 'file', fileId, name: object.originalFilename }} />}
      elsewhere={(missing) => <CaseFile fileId={fileId}>{missing}</CaseFile>}
      history={may('audit.read') ? <FileEvents fileId={fileId} /> : null}
    />
  )
}

/** A file of a case has its details there; addresses of holds and messages do not know whose file it is. */
function CaseFile({ fileId, children }: { fileId: string; children: ReactNode }) {
  const { data, isPending } = useQuery({ ...fileQuery(useClient(), fileId), retry: false })
  if (isPending) return null
  if (!data?.caseId) return children
  const { caseId, itemId } = data
  const search = { file: fileId }
  return itemId === null ? (
    <Navigate to="/cases/$caseId" params={{ caseId }} search={search} replace />
  ) : (
    <Navigate to="/cases/$caseId/items/$itemId" params={{ caseId, itemId }} search={search} replace />
  )
}
