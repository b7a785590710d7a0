import type { Item } from '@holdfast/api'
import { Button } from '@mantine/core'
import { IconListDetails, IconPlus } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useClient, useMay } from '../../app/services.tsx'
import { count, formatNumber } from '../../ui/format.ts'
import { TextLink } from '../../ui/links.tsx'
import { PagedTable } from '../../ui/paged-table.tsx'
import { Panel } from '../../ui/panel.tsx'
import type { Column } from '../../ui/record-table.tsx'
import { Empty } from '../../ui/states.tsx'
import { Size, When } from '../../ui/values.tsx'
import { CreateItem } from './create-item.tsx'
import { itemsQuery } from './queries.ts'

const columns: readonly Column<Item>[] = [
  {
    id: 'label',
    header: 'Label',
    role: 'name',
    width: '12rem',
    cell: (row) => (
      <TextLink to="/cases/$caseId/items/$itemId" params={{ caseId: row.caseId, itemId: row.id }} fw={500}>
        {row.label}
      </TextLink>
    ),
  },
  { id: 'title', header: 'Title', cell: (row) => row.title },
  {
    id: 'files',
    header: 'Files',
    align: 'end',
    width: '6rem',
    cell: (row) => <span className="hf-number">{formatNumber(row.fileCount)}</span>,
  },
  { id: 'size', header: 'Size', align: 'end', width: '7rem', cell: (row) => <Size bytes={row.totalBytes} /> },
  { id: 'created', header: 'Created', width: '12rem', cell: (row) => <When at={row.createdAt} /> },
]

export function ItemList({ caseId }: { caseId: string }) {
  const may = useMay()
  const items = useInfiniteQuery(itemsQuery(useClient(), caseId))
  const [creating, setCreating] = useState(false)
  const add = may('case.write') ? (
    <Button variant="default" size="xs" leftSection={<IconPlus size={15} aria-hidden="true" />} onClick={() => setCreating(true)}>
      New evidence item
    </Button>
  ) : null
  return (
    <Panel title="Evidence items" hint="Exhibits of this case. Each has its own attachments." actions={add} flush>
      <PagedTable
        label="Evidence items"
        query={items}
        columns={columns}
        rowKey={(row) => row.id}
        sayCount={(shown) => count(shown, 'evidence item')}
        empty={<NoItems />}
      />
      <CreateItem caseId={caseId} opened={creating} onClose={() => setCreating(false)} />
    </Panel>
  )
}

const NoItems = () => (
  <Empty icon={<IconListDetails size={32} stroke={1.5} />} title="No evidence items yet">
    Make one for each exhibit, such as a phone or a disk, and attach its files there. Files of the case as a whole go under Attachments.
  </Empty>
)
