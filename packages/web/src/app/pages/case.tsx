import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useCallback } from 'react'
import { CaseView } from '../../features/cases/case-view.tsx'
import { Attachments } from '../attachments.tsx'

export function CasePage() {
  const { caseId } = useParams({ from: '/app/cases/$caseId' })
  const { tab, file } = useSearch({ from: '/app/cases/$caseId' })
  const navigate = useNavigate({ from: '/cases/$caseId' })
  const openFile = useCallback((id: string | undefined) => void navigate({ search: id ? { file: id } : {}, replace: true }), [navigate])
  return (
    <CaseView
      caseId={caseId}
      tab={tab ?? 'attachments'}
      onTab={(next) => void navigate({ search: next === 'items' ? { tab: next } : {}, replace: true })}
      attachments={<Attachments caseId={caseId} itemId={null} openFile={file} onOpenFile={openFile} />}
    />
  )
}
