import type { File as StoredFile } from '@holdfast/api'
import { Progress } from '@mantine/core'
import { ShortDigest } from '../../ui/copy.tsx'
import { sayFileStatus } from '../../ui/file-words.ts'
import { StatusBadge } from '../../ui/status-badge.tsx'
import { visibleName } from '../../ui/visible-name.ts'
import classes from './file-table.module.css'

/** The state of a file in its row, with a bar while its object is being read back. */
export function FileStatus({ file }: { file: StoredFile }) {
  const said = sayFileStatus(file)
  return (
    <>
      <StatusBadge tone={said.tone} explain={said.explain}>
        {said.label}
      </StatusBadge>
      <ReadingBar file={file} />
    </>
  )
}

export function ReadingBar({ file }: { file: StoredFile }) {
  if (!file.hashing) return null
  const { bytes, size } = file.hashing
  return (
    <Progress
      className={classes.bar}
      size={5}
      value={size === 0 ? 100 : (bytes / size) * 100}
      aria-label={`Progress of reading ${visibleName(file.name)} back`}
      transitionDuration={150}
    />
  )
}

/** What is known of the digest; that the object no longer holds it is said by the state beside it. */
export function FileDigest({ file }: { file: StoredFile }) {
  const known = file.sha256 ?? (file.tier === 'direct' ? file.declaredSha256 : null)
  if (known) return <ShortDigest value={known} of={visibleName(file.name)} />
  return <span className={classes.none}>not known yet</span>
}
