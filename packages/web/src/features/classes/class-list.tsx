import type { ObjectClass } from '@holdfast/api'
import { Button, Group } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { keys } from '../../app/query-keys.ts'
import { useClient, useMay } from '../../app/services.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { count } from '../../ui/format.ts'
import { TextLink } from '../../ui/links.tsx'
import { Page } from '../../ui/page.tsx'
import { PagedTable } from '../../ui/paged-table.tsx'
import { Panel } from '../../ui/panel.tsx'
import type { Column } from '../../ui/record-table.tsx'
import { retentionWords } from '../../ui/retention-words.ts'
import { StatusBadge } from '../../ui/status-badge.tsx'
import { useRefresh } from '../../ui/use-refresh.ts'
import { Size } from '../../ui/values.tsx'
import { ClassForm } from './class-form.tsx'
import { sayType, sourceWords } from './class-words.ts'
import classes from './classes.module.css'
import { classesQuery } from './queries.ts'

export function ClassList() {
  const found = useInfiniteQuery(classesQuery(useClient()))
  const mayWrite = useMay()('class.write')
  const [creating, setCreating] = useState(false)
  const columns = useMemo(() => classColumns(mayWrite), [mayWrite])
  return (
    <Page
      title="Object classes"
      hint="What an app may store: which types, how large, for how long. An upload keeps its class as it was when it began."
      actions={
        mayWrite ? (
          <Button leftSection={<IconPlus size={17} aria-hidden="true" />} onClick={() => setCreating(true)}>
            New class
          </Button>
        ) : null
      }
    >
      <Panel flush>
        <PagedTable
          timeless
          label="Object classes"
          query={found}
          columns={columns}
          rowKey={(one) => one.name}
          sayCount={(shown) => count(shown, 'class', 'classes')}
          empty={null}
          placeholderRows={8}
        />
      </Panel>
      <ClassForm opened={creating} onClose={() => setCreating(false)} />
    </Page>
  )
}

const classColumns = (mayWrite: boolean): readonly Column<ObjectClass>[] => [
  {
    id: 'name',
    header: 'Class',
    role: 'name',
    cell: (one) => (
      <>
        <TextLink to="/files" search={{ class: one.name }} className="hf-mono" title="Show its files">
          {one.name}
        </TextLink>
        {one.description ? <div className={classes.dim}>{one.description}</div> : null}
      </>
    ),
  },
  {
    id: 'types',
    header: 'Types',
    width: '11rem',
    cell: (one) => <span title={one.contentTypes.join(', ')}>{one.contentTypes.map(sayType).join(', ')}</span>,
  },
  { id: 'max', header: 'Largest', align: 'end', width: '6rem', cell: (one) => <Size bytes={one.maxBytes} /> },
  {
    id: 'kept',
    header: 'Kept',
    width: '10.5rem',
    cell: (one) => <span title={retentionWords[one.retention].explain}>{retentionWords[one.retention].label}</span>,
  },
  { id: 'rules', header: 'Rules', width: '12rem', cell: (one) => <Rules one={one} /> },
  {
    id: 'source',
    header: 'Source',
    width: '10rem',
    cell: (one) => (
      <StatusBadge tone={sourceWords[one.source].tone} explain={sourceWords[one.source].explain}>
        {sourceWords[one.source].label}
      </StatusBadge>
    ),
  },
  ...(mayWrite
    ? [
        {
          id: 'actions',
          header: 'Actions',
          role: 'actions',
          width: '8.75rem',
          cell: (one) => (one.source === 'own' ? <ClassActions one={one} /> : null),
        } satisfies Column<ObjectClass>,
      ]
    : []),
]

const Rules = ({ one }: { one: ObjectClass }) => (
  <div className={classes.rules}>
    <div>{one.replaceable ? 'A new file replaces the current one' : 'Several files are current'}</div>
    {one.tier === 'secure' ? <div>Always sealed by this server</div> : null}
    {one.malware === 'keep' ? <div>Keeps malware, as attachment only</div> : null}
  </div>
)

function ClassActions({ one }: { one: ObjectClass }) {
  const client = useClient()
  const refresh = useRefresh()
  const [opened, setOpened] = useState<'edit' | 'delete' | null>(null)
  const close = () => setOpened(null)
  return (
    <Group gap={4} wrap="nowrap" justify="flex-end">
      <Button size="compact-sm" variant="default" aria-label={`Edit ${one.name}`} onClick={() => setOpened('edit')}>
        Edit
      </Button>
      <Button size="compact-sm" variant="default" aria-label={`Delete ${one.name}`} onClick={() => setOpened('delete')}>
        Delete
      </Button>
      <ClassForm shown={one} opened={opened === 'edit'} onClose={close} />
      <Confirm
        opened={opened === 'delete'}
        onClose={close}
        title={`Delete ${one.name}?`}
        action="Delete class"
        onConfirm={async () => {
          await client.objectClasses.remove(one.name, { ifVersion: one.version })
          void refresh(keys.classes, keys.audit)
        }}
      >
        Apps can begin no upload of this class from then on. Files that are stored under it stay as they are, and so do uploads under way.
      </Confirm>
    </Group>
  )
}
