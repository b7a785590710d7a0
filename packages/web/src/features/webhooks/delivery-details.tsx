import type { WebhookDeliveryDetail } from '@holdfast/api'
import { Drawer, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useClient } from '../../app/services.tsx'
import { FullDigest } from '../../ui/copy.tsx'
import { Facts } from '../../ui/facts.tsx'
import { formatMilliseconds } from '../../ui/format.ts'
import { TextLink } from '../../ui/links.tsx'
import { Notice } from '../../ui/notice.tsx'
import { Busy, Failed } from '../../ui/states.tsx'
import { When } from '../../ui/values.tsx'
import { deliveryQuery } from './queries.ts'
import { deliveryStatusWords, sayEvent, sayResponse } from './webhook-words.ts'
import classes from './webhooks.module.css'

type DeliveryDetailsProps = { readonly webhookId: string; readonly deliveryId: string | undefined; readonly onClose: () => void }

/** One message with all its attempts, at the side of the log. */
export const DeliveryDetails = ({ webhookId, deliveryId, onClose }: DeliveryDetailsProps) => (
  <Drawer
    opened={deliveryId !== undefined}
    onClose={onClose}
    position="right"
    size="34rem"
    title="Delivery"
    closeButtonProps={{ 'aria-label': 'Close delivery' }}
  >
    {deliveryId ? <DetailsOf webhookId={webhookId} deliveryId={deliveryId} /> : null}
  </Drawer>
)

function DetailsOf({ webhookId, deliveryId }: { webhookId: string; deliveryId: string }) {
  const found = useQuery(deliveryQuery(useClient(), webhookId, deliveryId))
  if (found.isError && !found.data) return <Failed error={found.error} onRetry={() => found.refetch()} />
  if (!found.data) return <Busy>Loading the delivery</Busy>
  return <Details detail={found.data} />
}

function Details({ detail }: { detail: WebhookDeliveryDetail }) {
  const { delivery, payload } = detail
  const said = deliveryStatusWords[delivery.status]
  return (
    <Stack gap="md">
      <Notice tone={said.tone} title={said.label}>
        {said.explain}
      </Notice>
      <Facts
        facts={[
          ['Event', sayEvent(delivery.eventType)],
          [
            'File',
            delivery.fileId ? (
              <TextLink key="file" to="/files/$fileId" params={{ fileId: delivery.fileId }}>
                Show the file
              </TextLink>
            ) : null,
          ],
          ['Next try', delivery.nextAttemptAt ? <When key="next" at={delivery.nextAttemptAt} full /> : null],
          ['Message id', <FullDigest key="id" value={delivery.id} label="Copy message id" />],
        ]}
      />
      <Attempts attempts={detail.attempts} />
      <div>
        <h3 id="delivery-message" className={classes.title}>
          Message
        </h3>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard. */}
        <section className={classes.payload} tabIndex={0} aria-labelledby="delivery-message">
          {JSON.stringify(payload, null, 2)}
        </section>
      </div>
    </Stack>
  )
}

const Attempts = ({ attempts }: Pick<WebhookDeliveryDetail, 'attempts'>) => (
  <section aria-labelledby="delivery-attempts">
    <h3 id="delivery-attempts" className={classes.title}>
      Attempts
    </h3>
    {attempts.length === 0 ? <p className={classes.dim}>None yet.</p> : null}
    <ol className={classes.attempts}>
      {attempts.map((attempt) => (
        <li key={attempt.number}>
          {sayResponse(attempt)}
          <div className={classes.dim}>
            <When at={attempt.at} full /> · {formatMilliseconds(attempt.durationMs)}
            {attempt.byHand ? ' · by hand' : null}
          </div>
        </li>
      ))}
    </ol>
  </section>
)
