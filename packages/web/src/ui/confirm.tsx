import { Button, Checkbox, Group, Modal, Stack, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { Failed } from './states.tsx'

type ConfirmProps = {
  readonly opened: boolean
  readonly onClose: () => void
  readonly title: string
  /** What will happen, in full. */
  readonly children: ReactNode
  readonly action: string
  /** What the way back is called; Keep where it is not given. */
  readonly refusal?: string
  readonly onConfirm: () => Promise<unknown>
  /** Where it can't be undone and much goes with it: the text that has to be typed first. */
  readonly typed?: { readonly label: string; readonly text: string }
  /** A lighter second step: one box to tick. */
  readonly tick?: string
  readonly harmless?: boolean
}

/** Asks before something is removed. Stays open on failure and says why. */
export function Confirm(props: ConfirmProps) {
  return (
    <Modal opened={props.opened} onClose={props.onClose} title={props.title}>
      {props.opened ? <ConfirmBody {...props} /> : null}
    </Modal>
  )
}

function ConfirmBody({ onClose, children, action, refusal = 'Keep', onConfirm, typed, tick, harmless }: ConfirmProps) {
  const [text, setText] = useState('')
  const [ticked, setTicked] = useState(false)
  const run = useMutation({ mutationFn: onConfirm, onSuccess: onClose })
  const ready = (!typed || text.trim() === typed.text) && (!tick || ticked)
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (ready) run.mutate()
      }}
    >
      <Stack gap="md">
        <div style={{ fontSize: 'var(--mantine-font-size-sm)' }}>{children}</div>
        {typed ? (
          <TextInput
            label={typed.label}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            autoComplete="off"
            data-autofocus
          />
        ) : null}
        {tick ? <Checkbox label={tick} checked={ticked} onChange={(event) => setTicked(event.currentTarget.checked)} /> : null}
        {run.isError ? <Failed error={run.error} /> : null}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {refusal}
          </Button>
          <Button type="submit" color={harmless ? 'harbor' : 'red'} disabled={!ready} loading={run.isPending}>
            {action}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
