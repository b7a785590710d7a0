import type { Webhook } from '@holdfast/api'
import { Button } from '@mantine/core'
import { IconPlus, IconWebhook } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useClient, useMay } from '../../app/services.tsx'
import { count } from '../../ui/format.ts'
import { TextLink } from '../../ui/links.tsx'
import { Page } from '../../ui/page.tsx'
import { PagedTable } from '../../ui/paged-table.tsx'
import { Panel } from '../../ui/panel.tsx'
import type { Column } from '../../ui/record-table.tsx'
import { Empty } from '../../ui/states.tsx'
import { StatusBadge } from '../../ui/status-badge.tsx'
import { When } from '../../ui/values.tsx'
import { NewWebhook } from './new-webhook.tsx'
import { webhooksQuery } from './queries.ts'
import { eventWords, sayWebhook } from './webhook-words.ts'
import classes from './webhooks.module.css'

export function WebhookList() {
  const webhooks = useInfiniteQuery(webhooksQuery(useClient()))
  const mayWrite = useMay()('webhook.write')
  const [creating, setCreating] = useState(false)
  return (
    <Page
      title="Webhooks"
      hint="Tells other servers what becomes of files: signed by the Standard Webhooks scheme, and sent again until it arrives."
      actions={
        mayWrite ? (
          <Button leftSection={<IconPlus size={17} aria-hidden="true" />} onClick={() => setCreating(true)}>
            New webhook
          </Button>
        ) : null
      }
    >
      <Panel flush>
        <PagedTable
          label="Webhooks"
          query={webhooks}
          columns={columns}
          rowKey={(webhook) => webhook.id}
          sayCount={(shown) => count(shown, 'webhook')}
          empty={<NoWebhooks />}
        />
      </Panel>
      <NewWebhook opened={creating} onClose={() => setCreating(false)} />
    </Page>
  )
}

const NoWebhooks = () => (
  <Empty icon={<IconWebhook size={32} stroke={1.5} />} title="No webhooks yet">
    With one, an app hears at once that a file is ready or was rejected. Without, it asks for the file every 2 seconds until it is settled.
  </Empty>
)

export function WebhookState({ webhook }: { webhook: Webhook }) {
  const said = sayWebhook(webhook, Date.now())
  return (
    <>
      <StatusBadge tone={said.tone} explain={said.explain}>
        {said.label}
      </StatusBadge>
      {webhook.disabledReason ? <div className={classes.dim}>{webhook.disabledReason}</div> : null}
    </>
  )
}

const columns: readonly Column<Webhook>[] = [
  {
    id: 'url',
    header: 'Address',
    role: 'name',
    cell: (webhook) => (
      <>
        <TextLink to="/settings/webhooks/$webhookId" params={{ webhookId: webhook.id }} fw={500}>
          {webhook.url}
        </TextLink>
        {webhook.description ? <div className={classes.dim}>{webhook.description}</div> : null}
      </>
    ),
  },
  {
    id: 'events',
    header: 'Events',
    width: '18rem',
    cell: (webhook) => webhook.eventTypes.map((type) => eventWords[type].label).join(', '),
  },
  { id: 'state', header: 'State', width: '15rem', cell: (webhook) => <WebhookState webhook={webhook} /> },
  { id: 'created', header: 'Created', width: '12.75rem', cell: (webhook) => <When at={webhook.createdAt} /> },
]
