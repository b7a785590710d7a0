import type { Webhook, WebhookDelivery } from '@holdfast/api'
import { useQuery } from '@tanstack/react-query'
import { useClient, useMay } from '../../app/services.tsx'
import { Facts } from '../../ui/facts.tsx'
import { ButtonLink, TextLink } from '../../ui/links.tsx'
import { Notice } from '../../ui/notice.tsx'
import { Page } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { isStatus } from '../../ui/problem-words.ts'
import { Busy, Empty, Failed } from '../../ui/states.tsx'
import { When } from '../../ui/values.tsx'
import { Deliveries } from './deliveries.tsx'
import { webhookQuery } from './queries.ts'
import { WebhookActions } from './webhook-actions.tsx'
import { eventWords, sayWebhook } from './webhook-words.ts'

type WebhookViewProps = {
  readonly webhookId: string
  readonly status: WebhookDelivery['status'] | undefined
  readonly onStatus: (status: WebhookDelivery['status'] | undefined) => void
  /** Whose details are open. */
  readonly delivery: string | undefined
  readonly onDelivery: (id: string | undefined) => void
}

export function WebhookView(props: WebhookViewProps) {
  const found = useQuery(webhookQuery(useClient(), props.webhookId))
  const mayWrite = useMay()('webhook.write')
  const webhook = found.data
  if (!webhook) return <NotShown error={found.error} onRetry={() => found.refetch()} />
  return (
    <Page
      title={new URL(webhook.url).host}
      tabTitle={`Webhook: ${new URL(webhook.url).host}`}
      above={<TextLink to="/settings/webhooks">Webhooks</TextLink>}
      hint={webhook.description || undefined}
      actions={mayWrite ? <WebhookActions webhook={webhook} /> : null}
    >
      <Endpoint webhook={webhook} />
      <Deliveries {...props} />
    </Page>
  )
}

function Endpoint({ webhook }: { webhook: Webhook }) {
  const said = sayWebhook(webhook, Date.now())
  return (
    <Panel title="Endpoint">
      <div style={{ display: 'flex', flexDirection: 'column', gap: '0.875rem' }}>
        <Notice tone={said.tone} title={said.label}>
          {said.explain} {said.next ? `${said.next}.` : null}
        </Notice>
        <Facts
          facts={[
            [
              'Address',
              <span key="url" className="hf-mono">
                {webhook.url}
              </span>,
            ],
            ['Events', webhook.eventTypes.map((type) => eventWords[type].label).join(', ')],
            ['Failing since', webhook.failingSince ? <When key="failing" at={webhook.failingSince} full /> : null],
            [
              'Former secret',
              webhook.previousSecretUntil ? (
                <span key="former">
                  signs too until <When at={webhook.previousSecretUntil} full />
                </span>
              ) : null,
            ],
            ['Created', <When key="created" at={webhook.createdAt} full />],
            ['Created by', webhook.createdBy],
          ]}
        />
      </div>
    </Panel>
  )
}

function NotShown({ error, onRetry }: { error: Error | null; onRetry: () => void }) {
  const isMissing = isStatus(error, 404) || isStatus(error, 400)
  return (
    <Page title="Webhook" above={<TextLink to="/settings/webhooks">Webhooks</TextLink>}>
      <Panel>
        {!error ? <Busy>Loading the webhook</Busy> : null}
        {isMissing ? (
          <Empty icon={null} title="There is no such webhook" action={<ButtonLink to="/settings/webhooks">Webhooks</ButtonLink>}>
            It was deleted, or the address is not right.
          </Empty>
        ) : null}
        {error && !isMissing ? <Failed error={error} what="The webhook can't be shown" onRetry={onRetry} /> : null}
      </Panel>
    </Page>
  )
}
