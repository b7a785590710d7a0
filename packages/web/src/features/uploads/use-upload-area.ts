import type { QueueRow } from '@holdfast/client'
import { useWindowEvent } from '@mantine/hooks'
import { useCallback, useEffect, useState } from 'react'
import { useDirect } from '../../app/direct-state.ts'
import { useServices, useUploadState } from '../../app/services.tsx'
import type { SectionTier } from '../../ui/tier-words.ts'
import { pastedName, type RefusedFile, sortFiles } from './check-files.ts'
import { handleOf } from './pick-files.ts'

export type UploadPlace = { readonly caseId: string; readonly itemId: string | null; readonly tier: SectionTier }

const isHere = ({ destination }: QueueRow, place: UploadPlace) =>
  destination.caseId === place.caseId && (destination.itemId ?? null) === place.itemId && (destination.tier ?? 'secure') === place.tier

const isEditable = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement)

/** The section that the focus is in takes what is pasted; outside of all of them Encrypted Storage does. */
const sectionOf = (target: EventTarget | null): string =>
  (target instanceof Element ? target.closest<HTMLElement>('[data-upload-tier]')?.dataset.uploadTier : null) ?? 'secure'

/** Files into the queue of one place, by whichever way they come, and the rows that belong there. */
export function useUploadArea(place: UploadPlace) {
  const { uploads, session } = useServices()
  const { rows } = useUploadState()
  const [refused, setRefused] = useState<readonly RefusedFile[]>([])
  const { caseId, itemId, tier } = place
  const directBound = useDirect() !== null

  useEffect(() => {
    const stop = new AbortController()
    // Only a convenience: without the list, choosing the same file again still goes on where it was.
    uploads.loadUnfinished({ caseId }, { signal: stop.signal }).catch(() => {})
    return () => stop.abort()
  }, [uploads, caseId])

  const addFiles = useCallback(
    (files: readonly File[]) => {
      const sorted = sortFiles(files, { tier, directBound })
      setRefused(sorted.refused)
      const destination = itemId === null ? { caseId, tier } : { caseId, itemId, tier }
      for (const file of sorted.taken) uploads.add(file, destination, { handle: handleOf(file) })
    },
    [uploads, caseId, itemId, tier, directBound],
  )

  useWindowEvent('paste', (event) => {
    const files = [...(event.clipboardData?.files ?? [])]
    if (files.length === 0 || isEditable(event.target) || sectionOf(event.target) !== tier || session.ended()) return
    event.preventDefault()
    addFiles(files.map((file) => new File([file], pastedName(file.name, new Date()), { type: file.type, lastModified: file.lastModified })))
  })

  return { rows: rows.filter((row) => isHere(row, place)), addFiles, refused, dismissRefused: () => setRefused([]) }
}
