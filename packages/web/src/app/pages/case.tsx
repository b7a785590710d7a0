import type { Case } from '@holdfast/api'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useCallback } from 'react'
import { CaseView } from '../../features/cases/case-view.tsx'
import { HoldsOn, PlaceHoldButton } from '../../features/holds/holds-on.tsx'
import { Attachments } from '../attachments.tsx'

const holdsOf = ({ id, number }: Case) => {
  const on = { scope: 'case', caseId: id, name: number } as const
  return { list: <HoldsOn on={on} quiet />, button: <PlaceHoldButton on={on} size="sm" /> }
}

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
      holds={holdsOf}
      attachments={<Attachments caseId={caseId} itemId={null} openFile={file} onOpenFile={openFile} />}
    />
  )
}
