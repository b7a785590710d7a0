import type { Webhook, WebhookEventType } from '@holdfast/api'
import { Checkbox, Stack, TextInput } from '@mantine/core'
import type { UseFormReturnType } from '@mantine/form'
import { eventNames, eventWords, urlFault } from './webhook-words.ts'

export type WebhookValues = { url: string; description: string; eventTypes: WebhookEventType[] }

export const emptyWebhook: WebhookValues = { url: '', description: '', eventTypes: ['upload.ready', 'upload.rejected'] }
export const valuesOf = ({ url, description, eventTypes }: Webhook): WebhookValues => ({ url, description, eventTypes: [...eventTypes] })

export const webhookRules = {
  url: urlFault,
  eventTypes: (types: readonly WebhookEventType[]) => (types.length === 0 ? 'Choose what it is to be told.' : null),
}

/** The same for one that is made and one that is changed. */
export const WebhookFields = ({ form }: { form: UseFormReturnType<WebhookValues> }) => (
  <>
    <TextInput
      label="Address"
      description="Where messages are sent with POST. Redirects are not followed."
      placeholder="https://app.example.org/hooks/holdfast"
      required
      maxLength={2048}
      autoComplete="off"
      spellCheck={false}
      data-autofocus
      {...form.getInputProps('url')}
    />
    <TextInput label="Description" maxLength={500} autoComplete="off" {...form.getInputProps('description')} />
    <Checkbox.Group label="Events" {...form.getInputProps('eventTypes')}>
      <Stack gap="xs" mt={6}>
        {eventNames.map((type) => (
          <Checkbox key={type} value={type} label={eventWords[type].label} description={eventWords[type].explain} />
        ))}
      </Stack>
    </Checkbox.Group>
  </>
)
