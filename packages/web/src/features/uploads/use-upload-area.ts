import type { QueueRow } from '@holdfast/client'
import { useWindowEvent } from '@mantine/hooks'
import { useCallback, useEffect, useState } from 'react'
import { useServices, useUploadState } from '../../app/services.tsx'
import { pastedName, type RefusedFile, sortFiles } from './check-files.ts'

export type UploadPlace = { readonly caseId: string; readonly itemId: string | null }

const isHere = (row: QueueRow, place: UploadPlace) =>
  row.destination.caseId === place.caseId && (row.destination.itemId ?? null) === place.itemId

const isEditable = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement)

/** Files into the queue of one place, by whichever way they come, and the rows that belong there. */
export function useUploadArea(place: UploadPlace) {
  const { uploads, session } = useServices()
  const { rows } = useUploadState()
  const [refused, setRefused] = useState<readonly RefusedFile[]>([])
  const { caseId, itemId } = place

  useEffect(() => {
    const stop = new AbortController()
    // Only a convenience: without the list, choosing the same file again still goes on where it was.
    uploads.loadUnfinished({ caseId }, { signal: stop.signal }).catch(() => {})
    return () => stop.abort()
  }, [uploads, caseId])

  const addFiles = useCallback(
    (files: readonly File[]) => {
      const sorted = sortFiles(files)
      setRefused(sorted.refused)
      for (const file of sorted.taken) uploads.add(file, itemId === null ? { caseId } : { caseId, itemId })
    },
    [uploads, caseId, itemId],
  )

  useWindowEvent('paste', (event) => {
    const files = [...(event.clipboardData?.files ?? [])]
    if (files.length === 0 || isEditable(event.target) || session.ended()) return
    event.preventDefault()
    addFiles(files.map((file) => new File([file], pastedName(file.name, new Date()), { type: file.type, lastModified: file.lastModified })))
  })

  return { rows: rows.filter((row) => isHere(row, place)), addFiles, refused, dismissRefused: () => setRefused([]) }
}
