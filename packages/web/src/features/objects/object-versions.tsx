import type { StoredObject } from '@holdfast/api'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useClient } from '../../app/services.tsx'
import { count } from '../../ui/format.ts'
import { PagedTable } from '../../ui/paged-table.tsx'
import { Panel } from '../../ui/panel.tsx'
import type { Column } from '../../ui/record-table.tsx'
import { visibleName } from '../../ui/visible-name.ts'
import { nameColumn, sizeColumn, statusColumn, uploadedColumn } from './object-parts.tsx'
import { objectsQuery } from './queries.ts'

const columnsAt = (here: string): readonly Column<StoredObject>[] => [
  {
    ...nameColumn,
    cell: (object) =>
      object.id === here ? (
        <strong aria-current="true">{visibleName(object.originalFilename)} (this file)</strong>
      ) : (
        nameColumn.cell(object)
      ),
  },
  sizeColumn,
  statusColumn,
  uploadedColumn,
]

/** What the same owner has under the same class, this file among it. */
export function ObjectVersions({ object }: { object: StoredObject }) {
  const { ownerEntityType, ownerEntityId, objectClass } = object
  const versions = useInfiniteQuery(objectsQuery(useClient(), { ownerEntityType, ownerEntityId, objectClass }))
  return (
    <Panel title="Versions" hint={`${objectClass} of ${ownerEntityType} ${ownerEntityId}, newest first.`} flush>
      <PagedTable
        label="Versions"
        query={versions}
        columns={columnsAt(object.id)}
        rowKey={(version) => version.id}
        sayCount={(shown) => count(shown, 'version')}
        empty={null}
        placeholderRows={2}
      />
    </Panel>
  )
}
