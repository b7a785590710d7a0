import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useCallback } from 'react'
import { ItemView } from '../../features/cases/item-view.tsx'
import { Attachments } from '../attachments.tsx'

export function ItemPage() {
  const { caseId, itemId } = useParams({ from: '/app/cases/$caseId/items/$itemId' })
  const { file } = useSearch({ from: '/app/cases/$caseId/items/$itemId' })
  const navigate = useNavigate({ from: '/cases/$caseId/items/$itemId' })
  const openFile = useCallback((id: string | undefined) => void navigate({ search: id ? { file: id } : {}, replace: true }), [navigate])
  return (
    <ItemView
      caseId={caseId}
      itemId={itemId}
      attachments={<Attachments caseId={caseId} itemId={itemId} openFile={file} onOpenFile={openFile} />}
    />
  )
}
