import type { File as StoredFile } from '@holdfast/api'
import { Button, Progress } from '@mantine/core'
import { ShortDigest } from '../../ui/copy.tsx'
import { sayFileStatus } from '../../ui/file-words.ts'
import { HeldBadge, StatusBadge } from '../../ui/status-badge.tsx'
import { visibleName } from '../../ui/visible-name.ts'
import classes from './file-table.module.css'
import { HashWarning } from './hash-warning.tsx'
import { useHashing } from './use-hashing.ts'

/** The state of a file in its row, with a bar while its object is being read back. */
export function FileStatus({ file }: { file: StoredFile }) {
  const said = sayFileStatus(file)
  return (
    <>
      <StatusBadge tone={said.tone} explain={said.explain}>
        {said.label}
      </StatusBadge>
      <ReadingBar file={file} />
      {file.held ? (
        <div className={classes.held}>
          <HeldBadge />
        </div>
      ) : null}
      {said.next ? <div className={classes.by}>{said.next}</div> : null}
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

/** What is known of the digest, and the way to learn it where nothing or only an old one is. */
export function FileDigest({ file }: { file: StoredFile }) {
  const known = file.sha256 ?? (file.tier === 'direct' ? file.declaredSha256 : null)
  return (
    <>
      {known ? <ShortDigest value={known} of={visibleName(file.name)} /> : <span className={classes.none}>not known yet</span>}
      {file.tier === 'direct' ? <DirectDigest file={file} /> : null}
    </>
  )
}

function DirectDigest({ file }: { file: StoredFile }) {
  const hashing = useHashing(file)
  const { action } = hashing
  if (file.hashState === 'declared') return <div className={classes.by}>declared by the sender</div>
  if (!action || (file.hashState !== 'none' && file.hashState !== 'stale')) return null
  return (
    <div>
      <Button
        size="compact-xs"
        variant="light"
        title={action.explain}
        aria-label={`${action.label} SHA-256 of ${visibleName(file.name)}`}
        loading={hashing.pending}
        onClick={hashing.start}
      >
        {action.label}
      </Button>
      <HashWarning file={file} hashing={hashing} />
    </div>
  )
}
