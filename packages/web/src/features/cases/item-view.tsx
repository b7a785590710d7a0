import type { Item } from '@holdfast/api'
import { Button, Modal, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { IconPencil, IconTrash } from '@tabler/icons-react'
import { useMutation, useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { keys } from '../../app/query-keys.ts'
import { useClient, useMay } from '../../app/services.tsx'
import { FormActions, FormProblem } from '../../ui/form-parts.tsx'
import { placeProblem, toFirstProblem } from '../../ui/form-problem.ts'
import { count } from '../../ui/format.ts'
import { TextLink } from '../../ui/links.tsx'
import { Page } from '../../ui/page.tsx'
import { Busy } from '../../ui/states.tsx'
import { useRefresh } from '../../ui/use-refresh.ts'
import { Size, When } from '../../ui/values.tsx'
import { DeleteItem } from './delete-case.tsx'
import { Missing } from './missing.tsx'
import { caseQuery, itemQuery } from './queries.ts'

type ItemViewProps = { readonly caseId: string; readonly itemId: string; readonly attachments: ReactNode }

export function ItemView({ caseId, itemId, attachments }: ItemViewProps) {
  const client = useClient()
  const item = useQuery(itemQuery(client, caseId, itemId))
  const parent = useQuery(caseQuery(client, caseId))
  if (item.isError && !item.data) return <Missing error={item.error} what="evidence item" onRetry={() => item.refetch()} />
  if (!item.data) return <Busy>Loading the evidence item</Busy>
  const shown = item.data
  const number = parent.data?.number ?? 'Case'
  return (
    <Page
      title={shown.title}
      tabTitle={`${shown.label} ${shown.title}`}
      above={
        <>
          <TextLink to="/cases">Cases</TextLink> /{' '}
          <TextLink to="/cases/$caseId" params={{ caseId }} search={{ tab: 'items' }}>
            {number}
          </TextLink>{' '}
          / {shown.label}
        </>
      }
      hint={
        <>
          Evidence item {shown.label} · {count(shown.fileCount, 'file')} · <Size bytes={shown.totalBytes} /> · created{' '}
          <When at={shown.createdAt} />
        </>
      }
      actions={<ItemActions shown={shown} />}
    >
      {attachments}
    </Page>
  )
}

function ItemActions({ shown }: { shown: Item }) {
  const may = useMay()
  const [open, setOpen] = useState<'edit' | 'delete' | null>(null)
  if (!may('case.write')) return null
  return (
    <>
      <Button variant="default" leftSection={<IconPencil size={16} aria-hidden="true" />} onClick={() => setOpen('edit')}>
        Edit
      </Button>
      {may('case.delete') ? (
        <Button variant="default" leftSection={<IconTrash size={16} aria-hidden="true" />} onClick={() => setOpen('delete')}>
          Delete item
        </Button>
      ) : null}
      <EditItem shown={shown} opened={open === 'edit'} onClose={() => setOpen(null)} />
      <DeleteItem shown={shown} opened={open === 'delete'} onClose={() => setOpen(null)} />
    </>
  )
}

type EditItemProps = { readonly shown: Item; readonly opened: boolean; readonly onClose: () => void }

function EditItem(props: EditItemProps) {
  return (
    <Modal opened={props.opened} onClose={props.onClose} title={`Edit ${props.shown.label}`}>
      {props.opened ? <EditItemForm {...props} /> : null}
    </Modal>
  )
}

function EditItemForm({ shown, onClose }: EditItemProps) {
  const client = useClient()
  const refresh = useRefresh()
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { title: shown.title },
    validate: { title: (value) => (value.trim() ? null : 'Enter a title.') },
  })
  const save = useMutation({
    mutationFn: ({ title }: { title: string }) =>
      client.items.update({ caseId: shown.caseId, itemId: shown.id }, { title: title.trim() }, { ifVersion: shown.version }),
    onSuccess: onClose,
    onError: (error) => placeProblem(form, error),
    onSettled: () => refresh(keys.items, keys.audit),
  })
  return (
    <form onSubmit={form.onSubmit((values) => save.mutate(values), toFirstProblem)} noValidate>
      <Stack gap="md">
        <FormProblem error={save.error} errors={form.errors} />
        <TextInput label="Title" required maxLength={300} data-autofocus key={form.key('title')} {...form.getInputProps('title')} />
        <FormActions label="Save changes" pending={save.isPending} onCancel={onClose} />
      </Stack>
    </form>
  )
}
