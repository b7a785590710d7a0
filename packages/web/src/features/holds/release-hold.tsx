import type { Hold } from '@holdfast/api'
import { Button, Modal, Stack, Text, Textarea } from '@mantine/core'
import { useForm } from '@mantine/form'
import { notifications } from '@mantine/notifications'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { heldKeys } from '../../app/query-keys.ts'
import { useClient, useMay } from '../../app/services.tsx'
import { FormActions, FormProblem } from '../../ui/form-parts.tsx'
import { placeProblem, toFirstProblem } from '../../ui/form-problem.ts'
import { useRefresh } from '../../ui/use-refresh.ts'
import { visibleName } from '../../ui/visible-name.ts'

/** Nothing for holds that are released already, and for those who may not. */
export function ReleaseHold({ hold }: { hold: Hold }) {
  const may = useMay()
  const [opened, setOpened] = useState(false)
  if (!hold.active || !may('hold.write')) return null
  const close = () => setOpened(false)
  return (
    <>
      <Button
        size="compact-sm"
        variant="default"
        aria-label={`Release hold on ${visibleName(hold.subject)}`}
        onClick={() => setOpened(true)}
      >
        Release
      </Button>
      <Modal opened={opened} onClose={close} title="Release this hold?">
        {opened ? <ReleaseForm hold={hold} onClose={close} /> : null}
      </Modal>
    </>
  )
}

function ReleaseForm({ hold, onClose }: { hold: Hold; onClose: () => void }) {
  const client = useClient()
  const refresh = useRefresh()
  const form = useForm({
    initialValues: { reason: '' },
    validate: { reason: (value) => (value.trim() ? null : 'Say why it may be released.') },
  })
  const release = useMutation({
    mutationFn: ({ reason }: { reason: string }) => client.holds.release(hold.id, reason.trim()),
    onSuccess: () => {
      onClose()
      notifications.show({ title: 'Hold released', message: `“${visibleName(hold.subject)}” is held by this hold no longer.` })
    },
    onError: (error) => placeProblem(form, error),
    onSettled: () => refresh(...heldKeys),
  })
  return (
    <form onSubmit={form.onSubmit((values) => release.mutate(values), toFirstProblem)} noValidate>
      <Stack gap="md">
        <FormProblem error={release.error} errors={form.errors} />
        <Text size="sm">
          “{visibleName(hold.subject)}” was held for: <em>{hold.reason}</em>. Once released, it can be deleted, and what has expired will
          be, unless another hold covers it.
        </Text>
        <Textarea label="Reason" required autosize minRows={2} maxLength={2000} data-autofocus {...form.getInputProps('reason')} />
        <FormActions label="Release hold" pending={release.isPending} onCancel={onClose} />
      </Stack>
    </form>
  )
}
