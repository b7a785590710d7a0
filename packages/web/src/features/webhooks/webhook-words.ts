import type { Webhook, WebhookDelivery, WebhookEventType } from '@holdfast/api'
import { formatAgo } from '../../ui/format.ts'
import type { Said } from '../../ui/tones.ts'

export const eventWords: Record<WebhookEventType, { readonly label: string; readonly explain: string }> = {
  'upload.ready': { label: 'File ready', explain: 'It passed its checks.' },
  'upload.rejected': { label: 'File rejected', explain: 'It did not pass, with the reasons.' },
  'upload.failed': { label: 'Upload failed', explain: 'What arrived was not what was announced.' },
  'upload.expired': { label: 'File expired', explain: 'Its retention is over and it was deleted.' },
}

/** From here and not from the schemas, which would bring their validator into the page. */
export const eventNames = Object.keys(eventWords) as WebhookEventType[]

/** What was told, in words; types of newer servers are shown as they are. */
export const sayEvent = (type: string): string =>
  type === 'webhook.test' ? 'Test message' : (eventWords[type as WebhookEventType]?.label ?? type)

/** Whether messages are sent to it. `now` in milliseconds since the epoch. */
export function sayWebhook(webhook: Pick<Webhook, 'enabled' | 'disabledReason' | 'failingSince'>, now: number): Said {
  const { enabled, disabledReason, failingSince } = webhook
  if (!enabled)
    return disabledReason === null
      ? { tone: 'neutral', label: 'Off', explain: 'Somebody switched it off. Nothing is sent there.' }
      : { tone: 'bad', label: 'Disabled', explain: disabledReason, next: 'Mend the receiver, then switch it on' }
  if (failingSince !== null)
    return {
      tone: 'attention',
      label: 'Failing',
      explain: `The first message that did not arrive was ${formatAgo(failingSince, now)}. After 5 days without one success it is disabled.`,
    }
  return { tone: 'good', label: 'On', explain: 'What happens to files is sent there.' }
}

export const deliveryStatusWords: Record<WebhookDelivery['status'], Said> = {
  pending: { tone: 'working', label: 'Pending', explain: 'It is sent, and sent again until it arrives.' },
  delivered: { tone: 'good', label: 'Delivered', explain: 'The receiver answered with success.' },
  failed: { tone: 'bad', label: 'Failed', explain: 'It was tried as often as the schedule says. Redeliver sends it again.' },
}
export const deliveryStatusNames = Object.keys(deliveryStatusWords) as WebhookDelivery['status'][]

/** What came back from an attempt. */
export const sayResponse = ({ responseStatus, error }: Pick<WebhookDelivery, 'responseStatus' | 'error'>): string =>
  responseStatus === null ? (error ?? 'No answer yet') : `HTTP ${responseStatus}`

/** What is wrong with an address that messages are to go to; null where nothing is. */
export function urlFault(text: string): string | null {
  if (!URL.canParse(text.trim())) return 'Enter the whole address, with https:// in front.'
  const { protocol, username } = new URL(text.trim())
  if (protocol !== 'https:' && protocol !== 'http:') return 'Only http and https are sent to.'
  return username === '' ? null : 'Leave the user out; the signature proves who sends.'
}
