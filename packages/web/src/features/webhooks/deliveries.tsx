import type { WebhookDelivery } from '@holdfast/api'
import { Button, Group, UnstyledButton } from '@mantine/core'
import { IconInbox } from '@tabler/icons-react'
import { keepPreviousData, useInfiniteQuery, useMutation } from '@tanstack/react-query'
import { useMemo } from 'react'
import { keys } from '../../app/query-keys.ts'
import { useClient, useMay } from '../../app/services.tsx'
import { ChoiceFilter, Filters } from '../../ui/filters.tsx'
import { count, formatMilliseconds, formatNumber } from '../../ui/format.ts'
import { PagedTable } from '../../ui/paged-table.tsx'
import { Panel } from '../../ui/panel.tsx'
import type { Column } from '../../ui/record-table.tsx'
import { Empty } from '../../ui/states.tsx'
import { StatusBadge } from '../../ui/status-badge.tsx'
import { tellFault } from '../../ui/tell-fault.ts'
import { useRefresh } from '../../ui/use-refresh.ts'
import { When } from '../../ui/values.tsx'
import { DeliveryDetails } from './delivery-details.tsx'
import { deliveriesQuery } from './queries.ts'
import { deliveryStatusNames, deliveryStatusWords, sayEvent, sayResponse } from './webhook-words.ts'
import classes from './webhooks.module.css'

type DeliveriesProps = {
  readonly webhookId: string
  readonly status: WebhookDelivery['status'] | undefined
  readonly onStatus: (status: WebhookDelivery['status'] | undefined) => void
  readonly delivery: string | undefined
  readonly onDelivery: (id: string | undefined) => void
}

/** What was sent, how often, and what came back; newest first. */
export function Deliveries({ webhookId, status, onStatus, delivery, onDelivery }: DeliveriesProps) {
  const found = useInfiniteQuery({ ...deliveriesQuery(useClient(), webhookId, status), placeholderData: keepPreviousData })
  const mayWrite = useMay()('webhook.write')
  const columns = useMemo(() => deliveryColumns(mayWrite, onDelivery), [mayWrite, onDelivery])
  return (
    <Panel title="Deliveries" hint="What was sent, how often, and what the receiver answered." flush>
      <Filters label="Filter deliveries">
        <ChoiceFilter
          label="Status"
          all="All"
          value={status}
          choices={deliveryStatusNames.map((value) => ({ value, label: deliveryStatusWords[value].label }))}
          onValue={onStatus}
        />
      </Filters>
      <PagedTable
        label="Deliveries"
        query={found}
        columns={columns}
        rowKey={(row) => row.id}
        sayCount={(shown) => count(shown, 'delivery', 'deliveries')}
        empty={
          <Empty icon={<IconInbox size={32} stroke={1.5} />} title={status ? 'No delivery has this status' : 'Nothing was sent yet'}>
            {status ? null : 'Send a test message to see whether it arrives.'}
          </Empty>
        }
      />
      <DeliveryDetails webhookId={webhookId} deliveryId={delivery} onClose={() => onDelivery(undefined)} />
    </Panel>
  )
}

const deliveryColumns = (mayWrite: boolean, onOpen: (id: string) => void): readonly Column<WebhookDelivery>[] => [
  {
    id: 'event',
    header: 'Event',
    role: 'name',
    cell: (row) => (
      <UnstyledButton className={classes.open} onClick={() => onOpen(row.id)} title="Show message and attempts">
        {sayEvent(row.eventType)}
      </UnstyledButton>
    ),
  },
  {
    id: 'status',
    header: 'Status',
    width: '9rem',
    cell: ({ status }) => (
      <StatusBadge tone={deliveryStatusWords[status].tone} explain={deliveryStatusWords[status].explain}>
        {deliveryStatusWords[status].label}
      </StatusBadge>
    ),
  },
  { id: 'attempts', header: 'Attempts', align: 'end', width: '6rem', cell: (row) => formatNumber(row.attempts) },
  { id: 'response', header: 'Response', cell: (row) => <Response row={row} /> },
  { id: 'created', header: 'When', width: '12.75rem', cell: (row) => <When at={row.createdAt} /> },
  ...(mayWrite
    ? [
        {
          id: 'actions',
          header: 'Actions',
          role: 'actions',
          width: '8rem',
          cell: (row) => <Redeliver row={row} />,
        } satisfies Column<WebhookDelivery>,
      ]
    : []),
]

const Response = ({ row }: { row: WebhookDelivery }) => (
  <>
    {sayResponse(row)}
    <div className={classes.dim}>
      {row.durationMs === null ? null : `after ${formatMilliseconds(row.durationMs)}`}
      {row.status === 'pending' && row.nextAttemptAt && row.attempts > 0 ? (
        <>
          {' · '}next try <When at={row.nextAttemptAt} />
        </>
      ) : null}
    </div>
  </>
)

function Redeliver({ row }: { row: WebhookDelivery }) {
  const client = useClient()
  const refresh = useRefresh()
  const again = useMutation({
    mutationFn: () => client.webhooks.redeliver(row.webhookId, row.id),
    onError: (error) => tellFault('It was not sent again', error),
    onSettled: () => refresh(keys.webhooks),
  })
  return (
    <Group justify="flex-end">
      <Button
        size="compact-sm"
        variant="default"
        aria-label={`Redeliver: ${sayEvent(row.eventType)}`}
        loading={again.isPending}
        onClick={() => again.mutate()}
      >
        Redeliver
      </Button>
    </Group>
  )
}
