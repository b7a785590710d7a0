import { VisuallyHidden } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { announce } from '../ui/upload-words.ts'
import { useUploadState } from './services.tsx'

/** Tells screen readers of each upload's new state, on whichever page they are; never of progress within one. */
export function UploadAnnouncer() {
  const { rows } = useUploadState()
  const known = useRef(new Map<string, string>())
  const [lines, setLines] = useState<readonly string[]>([])
  useEffect(() => {
    const said: string[] = []
    for (const row of rows) {
      if (known.current.get(row.id) === row.state.phase) continue
      known.current.set(row.id, row.state.phase)
      const text = announce(row.name, row.state)
      if (text) said.push(text)
    }
    if (said.length > 0) setLines(said)
  }, [rows])
  return (
    <VisuallyHidden role="status" aria-live="polite">
      {lines.join('. ')}
    </VisuallyHidden>
  )
}
