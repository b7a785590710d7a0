import type { Webhook, WebhookCreated } from '@holdfast/api'
import { Button, Modal, Stack } from '@mantine/core'
import { useForm } from '@mantine/form'
import { notifications } from '@mantine/notifications'
import { IconKey, IconPencil, IconPlayerPause, IconPlayerPlay, IconSend, IconTrash } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { keys } from '../../app/query-keys.ts'
import { useClient } from '../../app/services.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { FormActions, FormProblem } from '../../ui/form-parts.tsx'
import { placeProblem, toFirstProblem } from '../../ui/form-problem.ts'
import { tellFault } from '../../ui/tell-fault.ts'
import { useRefresh } from '../../ui/use-refresh.ts'
import { SigningSecret } from './signing-secret.tsx'
import { valuesOf, WebhookFields, type WebhookValues, webhookRules } from './webhook-fields.tsx'

const icon = { size: 16, 'aria-hidden': true }

export function WebhookActions({ webhook }: { webhook: Webhook }) {
  const [opened, setOpened] = useState<'edit' | 'rotate' | 'delete' | null>(null)
  const close = () => setOpened(null)
  return (
    <>
      <SendTest webhook={webhook} />
      <SwitchButton webhook={webhook} />
      <Button variant="default" leftSection={<IconPencil {...icon} />} onClick={() => setOpened('edit')}>
        Edit
      </Button>
      <Button variant="default" leftSection={<IconKey {...icon} />} onClick={() => setOpened('rotate')}>
        Rotate secret
      </Button>
      <Button variant="default" leftSection={<IconTrash {...icon} />} onClick={() => setOpened('delete')}>
        Delete
      </Button>
      <Modal opened={opened === 'edit'} onClose={close} title="Edit webhook">
        {opened === 'edit' ? <EditForm webhook={webhook} onClose={close} /> : null}
      </Modal>
      <Rotate webhook={webhook} opened={opened === 'rotate'} onClose={close} />
      <Remove webhook={webhook} opened={opened === 'delete'} onClose={close} />
    </>
  )
}

function SendTest({ webhook }: { webhook: Webhook }) {
  const client = useClient()
  const refresh = useRefresh()
  const send = useMutation({
    mutationFn: () => client.webhooks.test(webhook.id),
    onSuccess: () => notifications.show({ title: 'Test message on its way', message: 'The deliveries below tell how it went.' }),
    onError: (error) => tellFault('No test message was sent', error),
    onSettled: () => refresh(keys.webhooks),
  })
  return (
    <Button leftSection={<IconSend {...icon} />} loading={send.isPending} disabled={!webhook.enabled} onClick={() => send.mutate()}>
      Send test message
    </Button>
  )
}

/** Switching on also ends a disabling after failures. */
function SwitchButton({ webhook }: { webhook: Webhook }) {
  const client = useClient()
  const refresh = useRefresh()
  const change = useMutation({
    mutationFn: () => client.webhooks.update(webhook.id, { enabled: !webhook.enabled }, { ifVersion: webhook.version }),
    onError: (error) => tellFault('The webhook stays as it was', error),
    onSettled: () => refresh(keys.webhooks, keys.audit),
  })
  const Icon = webhook.enabled ? IconPlayerPause : IconPlayerPlay
  return (
    <Button variant="default" leftSection={<Icon {...icon} />} loading={change.isPending} onClick={() => change.mutate()}>
      {webhook.enabled ? 'Switch off' : 'Switch on'}
    </Button>
  )
}

type PartProps = { readonly webhook: Webhook; readonly onClose: () => void }

function EditForm({ webhook, onClose }: PartProps) {
  const client = useClient()
  const refresh = useRefresh()
  const form = useForm<WebhookValues>({ initialValues: valuesOf(webhook), validate: webhookRules })
  const save = useMutation({
    mutationFn: (values: WebhookValues) =>
      client.webhooks.update(webhook.id, { ...values, url: values.url.trim() }, { ifVersion: webhook.version }),
    onSuccess: onClose,
    onError: (error) => placeProblem(form, error),
    onSettled: () => refresh(keys.webhooks, keys.audit),
  })
  return (
    <form onSubmit={form.onSubmit((values) => save.mutate(values), toFirstProblem)} noValidate>
      <Stack gap="md">
        <FormProblem error={save.error} errors={form.errors} />
        <WebhookFields form={form} />
        <FormActions label="Save changes" pending={save.isPending} onCancel={onClose} />
      </Stack>
    </form>
  )
}

function Rotate({ webhook, opened, onClose }: PartProps & { readonly opened: boolean }) {
  const client = useClient()
  const refresh = useRefresh()
  const [made, setMade] = useState<WebhookCreated | null>(null)
  return (
    <>
      <Confirm
        opened={opened}
        onClose={onClose}
        title="Rotate the secret?"
        action="Rotate secret"
        refusal="Keep this one"
        harmless
        onConfirm={async () => {
          setMade(await client.webhooks.rotateSecret(webhook.id))
          void refresh(keys.webhooks, keys.audit)
        }}
      >
        A new secret is shown once. For 24 hours messages are signed with both, so that the receiver can change over without missing any.
      </Confirm>
      <SigningSecret made={made} title="Secret rotated" onClose={() => setMade(null)} />
    </>
  )
}

function Remove({ webhook, opened, onClose }: PartProps & { readonly opened: boolean }) {
  const client = useClient()
  const refresh = useRefresh()
  const navigate = useNavigate()
  return (
    <Confirm
      opened={opened}
      onClose={onClose}
      title="Delete this webhook?"
      action="Delete webhook"
      onConfirm={async () => {
        await client.webhooks.remove(webhook.id)
        await navigate({ to: '/settings/webhooks' })
        void refresh(keys.webhooks, keys.audit)
      }}
    >
      Nothing more is sent to <span className="hf-mono">{webhook.url}</span>, messages that wait for another attempt included. Its log of
      deliveries goes with it.
    </Confirm>
  )
}
