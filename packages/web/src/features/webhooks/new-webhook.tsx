import type { WebhookCreated } from '@holdfast/api'
import { Modal, Stack } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { keys } from '../../app/query-keys.ts'
import { useClient } from '../../app/services.tsx'
import { FormActions, FormProblem } from '../../ui/form-parts.tsx'
import { placeProblem, toFirstProblem } from '../../ui/form-problem.ts'
import { useRefresh } from '../../ui/use-refresh.ts'
import { SigningSecret } from './signing-secret.tsx'
import { emptyWebhook, WebhookFields, type WebhookValues, webhookRules } from './webhook-fields.tsx'

export function NewWebhook({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const [made, setMade] = useState<WebhookCreated | null>(null)
  const close = () => {
    setMade(null)
    onClose()
  }
  return (
    <>
      <Modal opened={opened && made === null} onClose={close} title="New webhook">
        {opened && !made ? <NewWebhookForm onClose={close} onMade={setMade} /> : null}
      </Modal>
      <SigningSecret made={made} title="Webhook created" onClose={close} />
    </>
  )
}

function NewWebhookForm({ onClose, onMade }: { onClose: () => void; onMade: (made: WebhookCreated) => void }) {
  const client = useClient()
  const refresh = useRefresh()
  const form = useForm<WebhookValues>({ initialValues: emptyWebhook, validate: webhookRules })
  const create = useMutation({
    mutationFn: (values: WebhookValues) =>
      client.webhooks.create({ ...values, url: values.url.trim(), description: values.description.trim() }),
    onSuccess: (made) => {
      onMade(made)
      void refresh(keys.webhooks, keys.audit)
    },
    onError: (error) => placeProblem(form, error),
  })
  return (
    <form onSubmit={form.onSubmit((values) => create.mutate(values), toFirstProblem)} noValidate>
      <Stack gap="md">
        <FormProblem error={create.error} errors={form.errors} />
        <WebhookFields form={form} />
        <FormActions label="Create webhook" pending={create.isPending} onCancel={onClose} />
      </Stack>
    </form>
  )
}
