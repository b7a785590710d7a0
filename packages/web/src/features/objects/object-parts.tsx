import type { StoredObject } from '@holdfast/api'
import { TextLink } from '../../ui/links.tsx'
import type { Column } from '../../ui/record-table.tsx'
import { HeldBadge, StatusBadge } from '../../ui/status-badge.tsx'
import { Size, When } from '../../ui/values.tsx'
import { visibleName } from '../../ui/visible-name.ts'
import { sayObject, sayReasonInShort, sayVersion } from './object-words.ts'
import classes from './objects.module.css'

/** Its status, whether it is the current version, and whether a hold keeps it. */
export function ObjectBadges({ object }: { object: StoredObject }) {
  const said = sayObject(object)
  const version = sayVersion(object)
  return (
    <div className={classes.badges}>
      <StatusBadge tone={said.tone} explain={said.explain}>
        {said.label}
      </StatusBadge>
      {version ? (
        <StatusBadge tone={version.tone} explain={version.explain}>
          {version.label}
        </StatusBadge>
      ) : null}
      {object.held ? <HeldBadge /> : null}
    </div>
  )
}

export const nameColumn: Column<StoredObject> = {
  id: 'name',
  header: 'Name',
  role: 'name',
  cell: (object) => (
    <TextLink to="/files/$fileId" params={{ fileId: object.id }} fw={500}>
      <bdi>{visibleName(object.originalFilename)}</bdi>
    </TextLink>
  ),
}
export const sizeColumn: Column<StoredObject> = {
  id: 'size',
  header: 'Size',
  align: 'end',
  width: '6rem',
  cell: (object) => <Size bytes={object.fileSize} />,
}
export const statusColumn: Column<StoredObject> = {
  id: 'status',
  header: 'Status',
  width: '15rem',
  cell: (object) => {
    const reason = sayReasonInShort(object)
    return (
      <>
        <ObjectBadges object={object} />
        {reason ? <div className={classes.dim}>{reason}</div> : null}
      </>
    )
  },
}
export const uploadedColumn: Column<StoredObject> = {
  id: 'uploaded',
  header: 'Uploaded',
  width: '12.75rem',
  cell: (object) => (
    <>
      <When at={object.createdAt} />
      <div className={classes.dim}>by {object.uploadedBy}</div>
    </>
  ),
}
