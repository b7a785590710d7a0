import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useCallback } from 'react'
import { WebhookView } from '../../features/webhooks/webhook-view.tsx'
import { present } from '../search.ts'

export { WebhookList as WebhooksPage } from '../../features/webhooks/webhook-list.tsx'

export function WebhookPage() {
  const { webhookId } = useParams({ from: '/app/settings/webhooks/$webhookId' })
  const { status, delivery } = useSearch({ from: '/app/settings/webhooks/$webhookId' })
  const navigate = useNavigate({ from: '/settings/webhooks/$webhookId' })
  const onDelivery = useCallback(
    (id: string | undefined) => void navigate({ search: (before) => present({ ...before, delivery: id }), replace: true }),
    [navigate],
  )
  return (
    <WebhookView
      webhookId={webhookId}
      status={status}
      onStatus={(next) => void navigate({ search: present({ status: next }), replace: true })}
      delivery={delivery}
      onDelivery={onDelivery}
    />
  )
}
