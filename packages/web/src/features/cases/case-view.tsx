import type { Case } from '@holdfast/api'
import { Button, Tabs, Text } from '@mantine/core'
import { IconListDetails, IconPaperclip, IconPencil, IconTrash } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useClient, useMay } from '../../app/services.tsx'
import { count } from '../../ui/format.ts'
import { TextLink } from '../../ui/links.tsx'
import { Page } from '../../ui/page.tsx'
import { Busy } from '../../ui/states.tsx'
import { Size, When } from '../../ui/values.tsx'
import { DeleteCase } from './delete-case.tsx'
import { EditCase } from './edit-case.tsx'
import { ItemList } from './item-list.tsx'
import { Missing } from './missing.tsx'
import { caseQuery } from './queries.ts'

export const caseTabs = ['attachments', 'items'] as const
export type CaseTab = (typeof caseTabs)[number]

type CaseViewProps = {
  readonly caseId: string
  readonly tab: CaseTab
  readonly onTab: (tab: CaseTab) => void
  /** What stands under Attachments; other parts of the app make it. */
  readonly attachments: ReactNode
  /** The legal holds on it and in it, and the way to place one; other parts of the app make them. */
  readonly holds: (shown: Case) => { readonly list: ReactNode; readonly button: ReactNode }
}

export function CaseView({ caseId, tab, onTab, attachments, holds }: CaseViewProps) {
  const found = useQuery(caseQuery(useClient(), caseId))
  if (found.isError && !found.data) return <Missing error={found.error} what="case" onRetry={() => found.refetch()} />
  if (!found.data) return <Busy>Loading the case</Busy>
  const shown = found.data
  const { list, button } = holds(shown)
  return (
    <Page
      title={shown.title}
      tabTitle={`${shown.number} ${shown.title}`}
      above={
        <>
          <TextLink to="/cases">Cases</TextLink> / {shown.number}
        </>
      }
      hint={<CaseHint shown={shown} />}
      actions={
        <>
          {button}
          <CaseActions shown={shown} />
        </>
      }
    >
      {shown.description ? (
        <Text size="sm" style={{ whiteSpace: 'pre-wrap', maxWidth: '70ch' }}>
          {shown.description}
        </Text>
      ) : null}
      {list}
      <Tabs value={tab} onChange={(value) => onTab(value === 'items' ? 'items' : 'attachments')} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="attachments" leftSection={<IconPaperclip size={16} aria-hidden="true" />}>
            Attachments
          </Tabs.Tab>
          <Tabs.Tab value="items" leftSection={<IconListDetails size={16} aria-hidden="true" />}>
            Evidence items
          </Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="attachments">{attachments}</Tabs.Panel>
        <Tabs.Panel value="items">
          <ItemList caseId={caseId} />
        </Tabs.Panel>
      </Tabs>
    </Page>
  )
}

function CaseHint({ shown }: { shown: Case }) {
  const may = useMay()
  return (
    <>
      {shown.number} · {count(shown.fileCount, 'file')} · <Size bytes={shown.totalBytes} /> · created <When at={shown.createdAt} />
      {may('audit.read') ? (
        <>
          {' · '}
          <TextLink to="/audit" search={{ case: shown.id }}>
            Audit log of this case
          </TextLink>
        </>
      ) : null}
    </>
  )
}

function CaseActions({ shown }: { shown: Case }) {
  const may = useMay()
  const [open, setOpen] = useState<'edit' | 'delete' | null>(null)
  const close = () => setOpen(null)
  return (
    <>
      {may('case.write') ? (
        <Button variant="default" leftSection={<IconPencil size={16} aria-hidden="true" />} onClick={() => setOpen('edit')}>
          Edit
        </Button>
      ) : null}
      {may('case.delete') ? (
        <Button variant="default" leftSection={<IconTrash size={16} aria-hidden="true" />} onClick={() => setOpen('delete')}>
          Delete case
        </Button>
      ) : null}
      <EditCase shown={shown} opened={open === 'edit'} onClose={close} />
      <DeleteCase shown={shown} opened={open === 'delete'} onClose={close} />
    </>
  )
}
