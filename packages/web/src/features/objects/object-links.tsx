import type { AssetLink } from '@holdfast/api'
import type { Client } from '@holdfast/client'
import { useInfiniteQuery } from '@tanstack/react-query'
import { keys } from '../../app/query-keys.ts'
import { useClient } from '../../app/services.tsx'
import { count } from '../../ui/format.ts'
import { pagedQuery } from '../../ui/paged-query.ts'
import { PagedTable } from '../../ui/paged-table.tsx'
import { Panel } from '../../ui/panel.tsx'
import type { Column } from '../../ui/record-table.tsx'
import { When } from '../../ui/values.tsx'
import classes from './objects.module.css'

const linksQuery = (client: Client, assetId: string) =>
  pagedQuery<AssetLink>([keys.assets, 'links', assetId], (asked, options) => client.evidence.links(assetId, asked, options))

const columns: readonly Column<AssetLink>[] = [
  {
    id: 'record',
    header: 'Record',
    role: 'name',
    cell: (link) => (
      <>
        {link.sourceType} {link.sourceId}
        <div className={classes.dim}>
          {link.app}
          {link.companyId ? `, ${link.companyId}` : null}
        </div>
      </>
    ),
  },
  { id: 'kind', header: 'As', width: '7rem', cell: (link) => link.kind },
  {
    id: 'since',
    header: 'Since',
    width: '12.75rem',
    cell: (link) => (
      <>
        <When at={link.createdAt} />
        <div className={classes.dim}>by {link.createdBy}</div>
      </>
    ),
  },
]

/** The records of apps that an asset of the evidence contract is linked to. */
export function ObjectLinks({ assetId }: { assetId: string }) {
  const links = useInfiniteQuery(linksQuery(useClient(), assetId))
  return (
    <Panel title="Linked records" hint="Where apps use this file." flush>
      <PagedTable
        label="Linked records"
        query={links}
        columns={columns}
        rowKey={(link) => link.id}
        sayCount={(shown) => count(shown, 'link')}
        empty={
          <p className={classes.dim} style={{ margin: '0.875rem' }}>
            No app has linked it to a record yet.
          </p>
        }
        placeholderRows={1}
      />
    </Panel>
  )
}
