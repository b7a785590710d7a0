import type { File as StoredFile } from '@holdfast/api'
import { notifications } from '@mantine/notifications'
import { useEffect, useRef } from 'react'
import { sayHashEnd } from './hash-end.ts'

const colors = { good: 'teal', neutral: undefined, working: undefined, attention: 'yellow', bad: 'red' } as const

/** Tells how reading a file back ended, whoever began it, for those who look elsewhere or can't see the row. */
export function useHashEnds(files: readonly StoredFile[] | undefined): void {
  const known = useRef<ReadonlyMap<string, StoredFile>>(new Map())
  useEffect(() => {
    if (!files) return
    for (const file of files) {
      const said = sayHashEnd(known.current.get(file.id), file)
      if (!said) continue
      const color = colors[said.tone]
      notifications.show({
        id: `hash-${file.id}`,
        title: said.label,
        message: said.explain,
        ...(color ? { color } : {}),
        ...(said.tone === 'bad' ? { autoClose: false } : { autoClose: 10_000 }),
      })
    }
    known.current = new Map(files.map((file) => [file.id, file]))
  }, [files])
}
